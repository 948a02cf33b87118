"""Do the paper's claims hold? Runs what `volopt findings` needs, 10 seeds each, and prints its verdicts as a table.

    python tests/bench/findings.py DATA [STORAGE]

DATA holds published/ (the paper's two CSV files) and qlib_cn/ (a qlib provider with SH600000). The studies are run, or
resumed, in STORAGE (a SQLite URL; a temporary one if left out): about 40 minutes on 2 cores.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

RUNS = {
    "published": ["published"],
    "published_volume": ["published"],
    "grid": ["qlib_cn", "--phase", "width", "--phase", "depth"],
    "price": ["qlib_cn"],
    "batchnorm": ["qlib_cn"],
    "loss_curves": ["qlib_cn"],
}


def volopt(*arguments: str) -> Any:
    """What a volopt command prints as JSON."""
    command = [sys.executable, "-m", "volopt", *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def number(value: float | None) -> str:
    """A figure with three digits."""
    return "-" if value is None else f"{value:.3g}"


def cell(found: dict[str, Any] | None) -> str:
    """A verdict with its effect and interval."""
    if found is None:
        return ""
    low, high = found["interval"] or (None, None)
    return f"**{found['verdict']}** {number(found['effect'])} [{number(low)}, {number(high)}], p {number(found['p'])}"


def main(data: str, storage: str) -> None:
    """Run the studies and print the table."""
    for study, (folder, *phases) in RUNS.items():
        volopt("run", study, *phases, "--seeds", "10", "--data", str(Path(data) / folder), "--storage", storage)
    found = volopt("findings", *RUNS, "--storage", storage)
    print("| claim | on the paper's files | on volume | the effect is |\n|---|---|---|---|")
    for claim in dict.fromkeys(each["id"] for each in found):
        rows = [each for each in found if each["id"] == claim]
        published = next((each for each in rows if each["study"].startswith("published")), None)
        other = next((each for each in rows if not each["study"].startswith("published")), None)
        print(f"| {rows[0]['claim']} | {cell(published)} | {cell(other)} | {rows[0]['measure']} |")
    print()
    for each in found:
        if each["details"] and not each["id"].startswith("width"):
            told = ", ".join(f"{name} {number(value)}" for name, value in each["details"].items())
            print(f"{each['id']} ({each['study']}): {told}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/findings.db")
