"""Does `--precision medium` leave the published study's losses inside the seeds' spread, and how much faster is it?

    python tests/bench/precision.py DATA [--seeds 5] [--epochs N] [--storage URL]

DATA holds the paper's two CSV files. The phases `width` and `depth` of the study `published` are run at both
precisions with the same seeds, or resumed in STORAGE. A row is a network: the range of its seeds at full precision
(widened as in published.py), how many of medium's losses lie within, how far medium is from full precision in the
mean, and the p of that difference. If precision does not matter, the two losses of one seed may be swapped: p is the
share of such swaps, of 10,000, that lie at least as far apart. The last line swaps in all rows at once.

Then the CPU time of an epoch at both precisions, by cell and size, on the synthetic sample.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import printed
from published import inside

from volopt.bench.networks import speeds
from volopt.bench.study import grid_job
from volopt.training.device import PRECISIONS

LOSSES = ("train_mse", "valid_mse")
KEYS = ("cell", "hidden_size", "num_layers")
CELLS, SIZES = ("RNN", "LSTM", "GRU"), (5, 25, 125, 250)
SWAPS = 10_000
Found = dict[tuple[Any, ...], dict[str, np.ndarray]]  # by network: a loss a seed


def volopt(*arguments: object) -> str:
    """What a volopt command prints."""
    command = [sys.executable, "-m", "volopt", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def losses(data: str, storage: str, precision: str, seeds: int, epochs: int | None) -> Found:
    """The final losses of each network at a precision."""
    name = f"published-{precision}"
    said = ["--data", data, "--storage", storage, "--seeds", seeds, "--phase", "width", "--phase", "depth"]
    said += [] if epochs is None else ["--epochs", epochs]
    volopt("run", "published", "--name", name, "--precision", precision, "--pictures", "none", "--json", *said)
    trials = json.loads(volopt("trials", name, "--storage", storage, "--json"))
    return {
        tuple(trial["params"][key] for key in KEYS): {
            loss: np.array([seed[loss] for seed in sorted(trial["seeds"], key=lambda seed: seed["seed"])])
            for loss in LOSSES
        }
        for trial in trials
        if trial["state"] == "COMPLETE"
    }


def p_of_swaps(differences: np.ndarray) -> float:
    """The p that differences of pairs have mean 0, by swapping within pairs; the same for the same differences."""
    flips = np.random.default_rng(0).choice([-1.0, 1.0], size=(SWAPS, len(differences)))
    # a hair less, so that a swap that changes nothing but the order of adding counts
    far = np.abs(flips @ differences) >= np.abs(differences.sum()) * (1 - 1e-9)
    return float((far.sum() + 1) / (SWAPS + 1))


def compare(full: Found, medium: Found, loss: str) -> None:
    """Print the table of one loss."""
    rows, counted, differences = [], 0, []
    for network, found in full.items():
        ours, theirs = found[loss], medium[network][loss]
        within = sum(inside(value, list(ours)) for value in theirs)
        counted += within
        apart = np.log(theirs / ours)
        differences.append(apart)
        rows.append(
            (*network, f"{ours.min():.4f} … {ours.max():.4f}", f"{theirs.min():.4f} … {theirs.max():.4f}",
             f"{within} of {len(theirs)}", f"{100 * np.expm1(apart.mean()):+.2f} %",
             f"{100 * np.log(ours).std(ddof=1):.2f} %" if len(ours) > 1 else "-", p_of_swaps(apart))
        )  # fmt: skip
    name = loss.replace("_mse", " MSE")
    printed.table(
        ["cell", "units", "layers", f"{name}, highest", "medium", "within", "medium / highest", "seeds' spread", "p"],
        rows,
    )
    every = np.concatenate(differences)
    print(
        f"{counted} of {len(every)} {name}s of medium lie within the seeds' range; of fresh seeds "
        f"{(len(ours) - 1) / (len(ours) + 1):.0%} would lie within it unwidened. Over all rows medium's is "
        f"{100 * np.expm1(every.mean()):+.2f} % of highest's in the mean, p {p_of_swaps(every):.2g}; "
        f"{sum(row[-1] < 0.05 for row in rows)} of {len(rows)} rows have p under 0.05.\n",
        flush=True,
    )


def speed(repeats: int) -> None:
    """Print how much faster an epoch is."""
    with tempfile.TemporaryDirectory() as folder:
        job = grid_job(Path(folder), 100)
        networks = [(cell, size) for cell in CELLS for size in SIZES]
        found = speeds(job, networks, 10, repeats)
    printed.table(
        ["cell", "units", "bare loop, ms an epoch", "highest", "medium", "highest / medium"],
        [(each.cell, each.hidden_size, each.bare_ms, each.highest_ms, each.medium_ms, each.gain) for each in found],
    )


def main(data: str, seeds: int, epochs: int | None, storage: str | None, repeats: int) -> None:
    printed.machine()
    with tempfile.TemporaryDirectory() as folder:
        where = storage or f"sqlite:///{folder}/published.db"
        full, medium = (losses(data, where, precision, seeds, epochs) for precision in PRECISIONS)
    for loss in LOSSES:
        compare(full, medium, loss)
    speed(repeats)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--storage")
    parser.add_argument("--repeats", type=int, default=3)
    main(**vars(parser.parse_args()))
