"""Check whether the notebooks' printed losses lie within the range of the seeds, and print a table of all rows.

    python tests/bench/published.py DATA [STORAGE]

DATA holds the paper's two CSV files and notebooks.csv. The script runs or resumes the study `published` in STORAGE (a
SQLite URL; default: a temporary one). A loss lies within if it is inside the range of the seeds, widened at each end by
10 % of its width and by half a digit, since the notebooks round to 4 digits.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WIDENING, ROUNDING = 0.1, 0.00005


def inside(printed: float, seeds: list[float]) -> bool:
    """Return whether a printed loss lies within the widened range of the seeds."""
    low, high = min(seeds), max(seeds)
    margin = WIDENING * (high - low) + ROUNDING
    return low - margin <= printed <= high + margin


def volopt(*arguments: object) -> str:
    """Return the output of a volopt command."""
    command = [sys.executable, "-m", "volopt", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def seeds_of(trials: list[dict[str, Any]], row: dict[str, str]) -> list[dict[str, float]]:
    """Return the seeds of the trial that repeats a row of notebooks.csv."""
    params = {
        "cell": row["cell"],
        "hidden_size": int(row["hidden_size"]),
        "num_layers": int(row["num_layers"]),
        "window": int(row["seq_len"]) - 1,
        "batch_norm": row["batch_norm"] == "yes",
    }
    (seeds,) = [t["seeds"] for t in trials if t["state"] == "COMPLETE" and t["params"] == params]
    return list(seeds)


def cell(name: str, row: dict[str, str], seeds: list[dict[str, float]]) -> tuple[str, bool]:
    """Return a cell of the table, and whether the printed loss lies within."""
    values = [seed[name] for seed in seeds]
    within = inside(float(row[name]), values)
    return f"{row[name]} in {min(values):.4f} … {max(values):.4f}{'' if within else ' **missed**'}", within


def main(data: str, storage: str) -> None:
    """Run the study and print the table."""
    volopt("run", "published", "--data", data, "--storage", storage, "--json")
    trials = json.loads(volopt("trials", "published", "--storage", storage, "--json"))
    rows = list(csv.DictReader((Path(data) / "notebooks.csv").read_text().splitlines()))
    ranges = "train MSE, printed in range | valid MSE, printed in range"
    print(f"| cell | units | layers | input days | batch norm | {ranges} | flat lines |")
    print("|---|---|---|---|---|---|---|---|")
    within = 0
    for row in rows:
        seeds = seeds_of(trials, row)
        (train, train_within), (valid, valid_within) = (cell(name, row, seeds) for name in ("train_mse", "valid_mse"))
        within += train_within and valid_within
        flat = sum(seed["flatness"] < 0.05 for seed in seeds)
        network = [row["cell"], row["hidden_size"], row["num_layers"], int(row["seq_len"]) - 1, row["batch_norm"]]
        print("|", " | ".join(map(str, [*network, train, valid, f"{flat} of {len(seeds)}"])), "|")
    print(f"\n{within} of {len(rows)} rows lie within.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/published.db")
