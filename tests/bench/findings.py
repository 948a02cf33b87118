"""Test the paper's claims: run what `volopt findings` needs, with 10 seeds, and print its verdicts as a table.

    python tests/bench/findings.py DATA [STORAGE]

DATA holds published/ (the paper's two CSV files) and qlib_cn/ (a qlib provider with SH600000). The script runs or
resumes the studies in STORAGE (a SQLite URL; default: a temporary one): about 40 minutes on 2 cores.
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
    """Return the JSON that a volopt command prints."""
    command = [sys.executable, "-m", "volopt", *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def number(value: float | None) -> str:
    """Return a number with three digits."""
    return "-" if value is None else f"{value:.3g}"


def cell(finding: dict[str, Any] | None) -> str:
    """Return a verdict with its effect, interval and p."""
    if finding is None:
        return ""
    low, high = finding["interval"] or (None, None)
    effect = f"{number(finding['effect'])} [{number(low)}, {number(high)}]"
    return f"**{finding['verdict']}** {effect}, p {number(finding['p'])}"


def main(data: str, storage: str) -> None:
    """Run the studies and print the table."""
    for study, (folder, *phases) in RUNS.items():
        volopt("run", study, *phases, "--seeds", "10", "--data", str(Path(data) / folder), "--storage", storage)
    findings = volopt("findings", *RUNS, "--storage", storage)
    print("| claim | on the paper's files | on volume | effect |\n|---|---|---|---|")
    for claim in dict.fromkeys(finding["id"] for finding in findings):
        rows = [finding for finding in findings if finding["id"] == claim]
        published = next((row for row in rows if row["study"].startswith("published")), None)
        other = next((row for row in rows if not row["study"].startswith("published")), None)
        print(f"| {rows[0]['claim']} | {cell(published)} | {cell(other)} | {rows[0]['measure']} |")
    print()
    for finding in findings:
        if finding["details"] and not finding["id"].startswith("width"):
            details = ", ".join(f"{name} {number(value)}" for name, value in finding["details"].items())
            print(f"{finding['id']} ({finding['study']}): {details}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/findings.db")
