"""Check on simulated studies with known truth how far one can rely on `volopt best`.

The noise is that of two real studies on SH600000: `grid`, whose seeds differ much and whose daily losses have a long
memory, and `search`, whose seeds differ little and whose daily losses move together. For each kind, number of trials
and number of seeds the table has:

- the share of the 95 % intervals that hold the truth, a trial's expected error over fresh seeds and days;
- the share of the 90 % sets that hold the true best, and how many trials a set has; beside it the share for
  `arch.bootstrap.MCS` on the daily losses alone;
- p_best: its mean for the trial where it is highest, the share in which that trial is the true best, and the Brier
  score beside that of equal probabilities;
- by how much the winner looks better than it is, log(truth / observed), and what is left after the correction;
- the true regret of the winner and of the likely best, as a share of the best truth.
"""

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # tests/

from simulated import Kind, Simulated, simulate
from volopt.selection.evaluation import evaluate_measurements
from volopt.selection.measurements import common_days

GRID = Kind(spread=1.0, seeds=0.7, unequal=0.4, common=0.16, loading=0.4, own=0.16, memory=0.7)
TUNED = replace(GRID, spread=0.3)  # as grid, but with trials that a sampler brought near to each other
SEARCH = Kind(spread=0.015, seeds=0.01, unequal=0.5, common=1.2, loading=0.02, own=0.22, memory=0.1)
CASES = (
    ("grid", GRID, 14, 3), ("grid", GRID, 14, 10), ("grid", GRID, 60, 5),
    ("tuned", TUNED, 40, 3), ("tuned", TUNED, 40, 10),
    ("search", SEARCH, 14, 3), ("search", SEARCH, 30, 5), ("search", SEARCH, 60, 10),
)  # fmt: skip


class Outcome(NamedTuple):
    """Hold what one simulated study says."""

    covered: float
    set_holds: float
    set_size: float
    days_only_holds: float
    p_highest: float
    highest_is_best: float
    brier: float
    raw: float
    corrected: float
    winner_regret: float
    likely_regret: float


def outcome(study: Simulated) -> Outcome:
    """Evaluate one study and compare with its truth."""
    result = evaluate_measurements("simulated", study.definition, study.measured)
    truth, best = study.truth, study.best
    p_best = np.array([trial.p_best for trial in sorted(result.trials)])
    low, high = np.array([trial.interval for trial in sorted(result.trials)]).T
    winner, likely = result.trials[0].number, result.likely.number
    # What the days do to all trials alike is no bias of the choice, and would hide it behind its noise.
    shocks = np.mean([np.log(truth[each.trial.number] / each.losses.values.mean()) for each in study.measured])
    return Outcome(
        float(((low <= truth) & (truth <= high)).mean()),
        best in [trial.number for trial in result.members],
        len(result.members),
        best in days_only_set(study),
        p_best.max(),
        p_best.argmax() == best,
        float(((p_best - (np.arange(len(truth)) == best)) ** 2).sum()),
        np.log(truth[winner] / result.observed) - shocks,
        np.log(truth[winner] / result.expected) - shocks,
        truth[winner] / truth[best] - 1,
        truth[likely] / truth[best] - 1,
    )


def days_only_set(study: Simulated) -> list[int]:
    """Return the 90 % set of arch's MCS on the daily losses alone."""
    from arch.bootstrap import MCS

    days = common_days(study.measured)
    means = np.array([each.errors.mean() for each in study.measured])
    losses = days.losses / days.losses.mean(axis=1, keepdims=True) * means[:, None]
    mcs = MCS(losses.T, size=0.1, reps=500, method="R", seed=0)
    mcs.compute()
    return list(mcs.included)


def best(options: argparse.Namespace, _: str) -> None:
    """Simulate studies whose best trial is known, and check what `volopt best` says of them."""
    print("| noise | trials | seeds | " + " | ".join(Outcome._fields) + " | left |")
    print("|" + "---|" * (len(Outcome._fields) + 4))
    for name, kind, trials, seeds in CASES:
        numbers = range(options.random, options.random + options.studies)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            rows = np.array([outcome(simulate(kind, trials, seeds, seed=number)) for number in numbers])
        means = rows.mean(axis=0)
        print(f"| {name} | {trials} | {seeds} | " + " | ".join(f"{mean:.3g}" for mean in means), end="")
        raw, corrected = (rows[:, Outcome._fields.index(field)] for field in ("raw", "corrected"))
        error = (corrected - corrected.mean() / raw.mean() * raw).std() / raw.mean() / np.sqrt(len(rows))  # of a ratio
        print(f" | {corrected.mean() / raw.mean():+.2f} ± {2 * error:.2f} |", flush=True)
