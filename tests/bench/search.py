"""Compare the network that `search` chose on valid with HAR, on other days and other stocks.

    python tests/bench/search.py DATA [STORAGE]

DATA is a qlib provider with SH600000 and the stocks below, up to 2025. The script runs or resumes the study `search` in
STORAGE (a SQLite URL; default: a temporary one), with one worker, so that TPE repeats its proposals. It then trains the
best configuration again, without any further choice: on SH600000 for the test days of 2019 to 2025, and on each other
stock for the study's days. Scores are those of the mean of the seeds' forecasts; skill is 1 − squared log error over
that of HAR.
"""

import json
import re
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from findings import volopt

STUDY = Path(__file__).parents[2] / "study" / "search.toml"
OTHERS = [f"SH{code}" for code in (600009, 600016, 600019, 600028, 600030, 600036, 600050, 600104, 600519, 600887)]
OTHERS += ["SH601318", "SH601398", "SZ000001", "SZ000002"]
LATER = ("2019-01-01", "2025-12-31")


def as_toml(value: Any) -> str:
    """Return a number, text or flag in TOML."""
    return json.dumps(value)


def one_point(name: str, params: dict[str, Any], instrument: str, test: tuple[str, str] | None) -> str:
    """Return the study file of `search` with a grid of one point as its only phase; days and training stay."""
    text = STUDY.read_text().partition("[[phase]]")[0]
    objective = "[objective]" + STUDY.read_text().partition("[objective]")[2]
    text = re.sub(r"(?m)^name = .*$", f'name = "{name}"', text)
    text = re.sub(r"(?m)^instrument = .*$", f'instrument = "{instrument}"', text)
    if test:
        text = re.sub(r"(?m)^test = .*$", f"test = {as_toml(list(test))}", text)
    grid = ", ".join(f"{key} = [{as_toml(value)}]" for key, value in params.items())
    return f'{text}[[phase]]\nname = "point"\nsampler = "grid"\ngrid = {{ {grid} }}\n\n{objective}'


def scores(study: str, storage: str, trial: int = 0) -> dict[str, float]:
    """Return the scores of a trial, of HAR, and over the best baseline."""
    (row,) = volopt("trials", study, str(trial), "--storage", storage)
    (facts,) = volopt("status", study, "--storage", storage)["studies"]
    har = {f"har_{name}": value for name, value in facts["baselines"]["har"].items()}
    best = max(facts["baselines"], key=lambda name: facts["baselines"][name]["valid_log_r2"])
    return row["metrics"] | har | {"best": best, "best_test_skill": row["metrics"][f"ensemble_test_skill_{best}"]}


def print_row(label: str, values: dict[str, float]) -> None:
    """Print one row of the table."""
    cells = [
        *(
            f"{values[f'ensemble_{split}_log_r2']:.4f} | {values[f'har_{split}_log_r2']:.4f}"
            for split in ("valid", "test")
        ),
        f"{values['ensemble_valid_skill_har']:+.3f} | {values['ensemble_test_skill_har']:+.3f}",
        f"{values['test_skill_har']:+.3f} | {values['best_test_skill']:+.3f} over {values['best']}",
    ]
    print(f"| {label} |", " | ".join(cells), "|", flush=True)


def main(data: str, storage: str) -> None:
    """Run the study, train its best configuration on other data, and print the table."""
    best = volopt("run", "search", "--workers", "1", "--data", data, "--storage", storage)["best"]
    print(f"Best trial {best['number']}: {best['params']}\n")
    skills = "valid skill | test skill | one seed | over the best baseline"
    print(f"| days and stock | valid R² | HAR's | test R² | HAR's | {skills} |")
    print("|---|---|---|---|---|---|---|---|---|")
    print_row("SH600000, 2018", scores("search", storage, best["number"]))
    skills = []
    with tempfile.TemporaryDirectory() as folder:
        for instrument, test in (("SH600000", LATER), *((other, None) for other in OTHERS)):
            name = f"search-{instrument}-{test[0][:4] if test else '2018'}"
            path = Path(folder) / f"{name}.toml"
            path.write_text(one_point(name, best["params"], instrument, test))
            volopt("run", str(path), "--data", data, "--storage", storage)
            values = scores(name, storage)
            print_row(f"{instrument}, {'2019 to 2025' if test else '2018'}", values)
            skills += [values] if test is None else []
    for metric in ("ensemble_test_skill_har", "test_skill_har", "best_test_skill"):
        column = [values[metric] for values in skills]
        above = sum(value > 0 for value in column)
        print(f"\n{metric} on the {len(column)} other stocks: mean {mean(column):+.4f}, above 0 on {above}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/search.db")
