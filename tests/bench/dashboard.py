"""Check that each page of the dashboard loads within 3 seconds for a study of 2,000 trials.

    python tests/bench/dashboard.py [TRIALS]

The script runs a small study on the synthetic sample, copies its trials with all that a run stores until there are
TRIALS (2,000), and gives each a note. It measures the seconds from the address to the content in Debian's chromium: at
first, with an empty browser cache and a dashboard that has just started, and again, which has the goal. The list of
studies takes the same time at any TRIALS, so it shows how busy the machine is.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

GOAL = 3.0
CHROMIUM = "/usr/bin/chromium"
STUDY = """\
format = 1
name = "many"
[data]
instrument = "SH600000"
features = ["$close", "$volume"]
target = "$volume"
train = ["2010-01-04", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-28"]
[training]
epochs = 10
seeds = 3
[space]
cell = ["LSTM", "RNN"]
hidden_size = [3, 4, 5]
window = { low = 5, high = 40 }
learning_rate = { low = 1e-4, high = 1e-1, log = true }
[[phase]]
name = "width"
sampler = "grid"
grid = { cell = ["LSTM", "RNN"], hidden_size = [3, 4, 5] }
[[phase]]
name = "wide"
sampler = "random"
vary = ["cell", "hidden_size", "window", "learning_rate"]
trials = 10
"""
TRIAL_TABLES = (
    "trial_params", "trial_values", "trial_user_attributes", "trial_system_attributes", "trial_intermediate_values"
)  # fmt: skip
NOTE = "| metric | mean of 3 seeds | lowest | highest |\n|---|---:|---:|---:|\n" + "| valid_mse | 1 | 0 | 2 |\n" * 8
PAGES = {
    "list of studies": ("", "text=1. many"),  # independent of the study
    "study": ("/studies/1", "#plot-history .main-svg", "#graph-hyperparameter-importances .bars path"),
    "trials": ("/studies/1/trials", "text=Trial 0 (trial_id=1)"),
    "analytics": ("/studies/1/analytics", "#plot-slice .main-svg", "#graph-rank .main-svg", "#plot-edf-0 .main-svg"),
}


def copy_trials(database: Path, total: int) -> None:
    """Copy trials, row by row in every table, until there are ``total``, each with its own value and a note."""
    connection = sqlite3.connect(database)
    sources = [trial for (trial,) in connection.execute("SELECT trial_id FROM trials ORDER BY trial_id")]
    for number in range(len(sources), total):
        source, trial = sources[number % len(sources)], number + 1
        _copy(connection, "trials", source, {"trial_id": trial, "number": number})
        for table in TRIAL_TABLES:
            _copy(connection, table, source, {"trial_id": trial})
        connection.execute("UPDATE trial_values SET value = value * (1 + ? % 97) WHERE trial_id = ?", (number, trial))
    for trial in range(1, total + 1):
        for key, value in (("note_ver", 1), ("note_str:0", NOTE)):
            row = (f"dashboard:{trial}:{key}", json.dumps(value))
            connection.execute(
                "INSERT OR IGNORE INTO study_system_attributes (study_id, key, value_json) VALUES (1, ?, ?)", row
            )
    connection.commit()
    connection.close()


def _copy(connection: sqlite3.Connection, table: str, trial: int, new: dict[str, int]) -> None:
    """Copy the rows of a trial, with new values of some columns."""
    primary, *others = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    values = {primary: None} | new
    cells = ", ".join(f":{name}" if name in values else name for name in (primary, *others))
    connection.execute(
        f"INSERT INTO {table} SELECT {cells} FROM {table} WHERE trial_id = :source", values | {"source": trial}
    )


def seconds(page: Page, address: str, contents: tuple[str, ...]) -> float:
    """Return the seconds until all of the content is present."""
    start = time.monotonic()
    page.goto(address, wait_until="commit")
    for content in contents:
        page.locator(content).first.wait_for(timeout=120_000)
    return time.monotonic() - start


def measure(url: str) -> None:
    """Print a row for each page."""
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        print("| page | first | again | goal |")
        print("|---|---|---|---|")
        for name, (path, *contents) in PAGES.items():
            page = browser.new_page(viewport={"width": 1200, "height": 1400})
            first, again = (seconds(page, f"{url}/dashboard{path}", tuple(contents)) for _ in range(2))
            print(
                f"| {name} | {first:.2f} s | {again:.2f} s | {GOAL} s {'met' if again <= GOAL else 'MISSED'} |",
                flush=True,
            )
        browser.close()


def main(trials: int) -> None:
    """Create the study, start the dashboard, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "many.toml").write_text(STUDY)
        volopt = [sys.executable, "-m", "volopt"]
        subprocess.run([*volopt, "run", "many.toml"], cwd=folder, check=True, capture_output=True)
        copy_trials(Path(folder) / "storage" / "volopt.db", trials)
        print(f"{trials} trials, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}\n")
        with subprocess.Popen([*volopt, "dashboard"], cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = re.match(r"Dashboard: (.*)/\n", server.stdout.readline())
            assert url
            try:
                measure(url[1])
            finally:
                server.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
