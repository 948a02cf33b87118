"""Compare `--precision medium` with full precision: the losses of the published study, and the time of an epoch.

    python tests/bench/precision.py DATA [--seeds 5] [--epochs N] [--storage URL]

DATA holds the paper's two CSV files. The script runs the phases `width` and `depth` of the study `published` at both
precisions with the same seeds, or resumes them in STORAGE. Each row is a network: the range of its seeds at full
precision (widened as in published.py), how many losses at medium lie within, the mean difference of medium, and its p.
p is that of a sign-flip permutation test over seeds, with 10,000 resamples; the last line pools all rows.

Then it measures the CPU time of an epoch at both precisions, by cell and size, on the synthetic sample.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import printed
from published import inside, volopt

from volopt.bench.fits import speed
from volopt.bench.study import grid_job
from volopt.training.device import PRECISIONS

LOSSES = ("train_mse", "valid_mse")
KEYS = ("cell", "hidden_size", "num_layers")
CELLS, SIZES = ("RNN", "LSTM", "GRU"), (5, 25, 125, 250)
FLIPS = 10_000
Losses = dict[tuple[Any, ...], dict[str, np.ndarray]]  # by network: a loss a seed


def losses(data: str, storage: str, precision: str, seeds: int, epochs: int | None) -> Losses:
    """Return the final losses of each network at a precision."""
    name = f"published-{precision}"
    options = ["--data", data, "--storage", storage, "--seeds", seeds, "--phase", "width", "--phase", "depth"]
    options += [] if epochs is None else ["--epochs", epochs]
    volopt("run", "published", "--name", name, "--precision", precision, "--pictures", "none", "--json", *options)
    trials = json.loads(volopt("trials", name, "--storage", storage, "--json"))
    return {
        tuple(trial["params"][key] for key in KEYS): {
            loss: np.array([seed[loss] for seed in sorted(trial["seeds"], key=lambda seed: seed["seed"])])
            for loss in LOSSES
        }
        for trial in trials
        if trial["state"] == "COMPLETE"
    }


def sign_flip_p(differences: np.ndarray) -> float:
    """Return the p of the sign-flip permutation test that differences have mean 0; it is reproducible."""
    flips = np.random.default_rng(0).choice([-1.0, 1.0], size=(FLIPS, len(differences)))
    # the tolerance lets sums count that differ only by rounding
    far = np.abs(flips @ differences) >= np.abs(differences.sum()) * (1 - 1e-9)
    return float((far.sum() + 1) / (FLIPS + 1))


def compare(full: Losses, medium: Losses, loss: str) -> None:
    """Print the table of one loss."""
    rows, total_within, differences = [], 0, []
    for network, by_loss in full.items():
        ours, theirs = by_loss[loss], medium[network][loss]
        within = sum(inside(value, list(ours)) for value in theirs)
        total_within += within
        difference = np.log(theirs / ours)
        differences.append(difference)
        rows.append(
            (*network, f"{ours.min():.4f} … {ours.max():.4f}", f"{theirs.min():.4f} … {theirs.max():.4f}",
             f"{within} of {len(theirs)}", f"{100 * np.expm1(difference.mean()):+.2f} %",
             f"{100 * np.log(ours).std(ddof=1):.2f} %" if len(ours) > 1 else "-", sign_flip_p(difference))
        )  # fmt: skip
    name = loss.replace("_mse", " MSE")
    printed.table(
        ["cell", "units", "layers", f"{name}, highest", "medium", "within", "medium / highest", "seeds' spread", "p"],
        rows,
    )
    pooled = np.concatenate(differences)
    print(
        f"{total_within} of {len(pooled)} {name}s at medium lie within the seeds' range; of new seeds at full "
        f"precision {(len(ours) - 1) / (len(ours) + 1):.0%} are expected within the range before widening. Over all "
        f"rows the mean difference of medium is {100 * np.expm1(pooled.mean()):+.2f} %, p {sign_flip_p(pooled):.2g}; "
        f"{sum(row[-1] < 0.05 for row in rows)} of {len(rows)} rows have p below 0.05.\n",
        flush=True,
    )


def print_speeds(repeats: int) -> None:
    """Print the time of an epoch at both precisions."""
    with tempfile.TemporaryDirectory() as folder:
        job = grid_job(Path(folder), 100)
        speeds = [speed(job, cell, size, 10, repeats) for cell in CELLS for size in SIZES]
    printed.table(
        ["cell", "units", "bare loop, ms an epoch", "highest", "medium", "highest / medium"],
        [(each.cell, each.hidden_size, each.bare_ms, each.highest_ms, each.medium_ms, each.gain) for each in speeds],
    )


def main(data: str, seeds: int, epochs: int | None, storage: str | None, repeats: int) -> None:
    printed.machine()
    with tempfile.TemporaryDirectory() as folder:
        url = storage or f"sqlite:///{folder}/published.db"
        full, medium = (losses(data, url, precision, seeds, epochs) for precision in PRECISIONS)
    for loss in LOSSES:
        compare(full, medium, loss)
    print_speeds(repeats)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--storage")
    parser.add_argument("--repeats", type=int, default=3)
    main(**vars(parser.parse_args()))
