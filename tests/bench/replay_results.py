"""Replay searches in many orders, compare the pruners, and print and draw the results; see replay.py."""

import dataclasses
import itertools
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.exceptions import ExperimentalWarning
from replay import Course, Fits, Search, course, search, table, table_job

from volopt.pruners import PRUNERS, Pruner
from volopt.search.job import Job
from volopt.search.run import run

TRIALS = 60  # of one search
SEEDS = 3  # of the table's five
ORDERS = 200


class Result(NamedTuple):
    """Compare a replayed search with the same order without a pruner."""

    epoch_share: float  # of all its epochs
    complete: int  # trials
    gain: float  # of the true value of the final choice
    until_equal: float  # share of the epochs until the true value was as good; infinite if it never was


class Replay:
    """Replay searches in many orders over some configurations of a table.

    Args:
        job: of the table.
        configurations: of the table.
        orders: searches.
    """

    def __init__(self, job: Job, configurations: Sequence[Fits], orders: int) -> None:
        self._job, self._configurations = job, configurations
        generator = np.random.default_rng(0)
        count = min(TRIALS, len(configurations))
        seeds = list(itertools.combinations(range(job.definition.training.seeds), SEEDS))
        draws = [generator.permutation(len(configurations))[:count].tolist() for _ in range(orders)]
        self._orders = [(seeds[number % len(seeds)], order) for number, order in enumerate(draws)]
        metric = job.definition.objective.metric
        self._values = np.array([[fit.metrics[metric] for fit in each.fits] for each in configurations])
        self._courses: dict[Any, list[Course]] = {}
        self.plain = self.searches(PRUNERS["none"])

    def searches(self, pruner: Pruner) -> list[Search]:
        """Return a search of each order."""
        return [search(self._trained(pruner, seeds), order, pruner, self._job) for seeds, order in self._orders]

    def true_values(self, searches: Sequence[Search]) -> list[NDArray[np.float64]]:
        """Return the true value of the choice after each trial of each search; NaN before the first choice."""
        held_out = [[seed for seed in range(self._values.shape[1]) if seed not in seeds] for seeds, _ in self._orders]
        means = [np.append(self._values[:, seeds].mean(axis=1), np.nan) for seeds in held_out]
        return [mean[searched.chosen] for mean, searched in zip(means, searches, strict=True)]

    def results(self, searches: Sequence[Search]) -> list[Result]:
        """Return the comparison of each order."""
        ours, plain = self.true_values(searches), self.true_values(self.plain)
        sign = 1 if self._job.definition.objective.direction == "maximize" else -1
        return [
            Result(
                pruned.epochs[-1] / whole.epochs[-1],
                pruned.complete,
                sign * (own[-1] - target[-1]),
                next((e for e, at in zip(pruned.epochs, sign * (own - target[-1]), strict=True) if at >= 0), np.inf)
                / whole.epochs[-1],
            )
            for pruned, whole, own, target in zip(searches, self.plain, ours, plain, strict=True)
        ]

    def _trained(self, pruner: Pruner, seeds: Sequence[int]) -> list[Course]:
        key = pruner.seeds, pruner.reports, seeds
        if key not in self._courses:
            self._courses[key] = [course(self._job, pruner, each, seeds) for each in self._configurations]
        return self._courses[key]


def row(name: str, results: Sequence[Result]) -> str:
    """Return a row of the table in Markdown."""
    gains = np.array([result.gain for result in results])
    low, high = gains.mean() + np.array([-1.96, 1.96]) * gains.std(ddof=1) / np.sqrt(len(gains))
    until = [result.until_equal for result in results]
    return (
        f"| {name} | {np.median([result.epoch_share for result in results]):.2f} "
        f"| {np.median([result.complete for result in results]):.0f} "
        f"| {gains.mean():+.5f} [{low:+.5f}, {high:+.5f}] | {np.mean(gains >= 0):.0%} "
        f"| {np.median(until):.2f} | {np.mean(np.isinf(until)):.0%} |"
    )


HEADER = """\
| pruner | epochs of all trials | trials trained whole | true value of the choice, difference | as good | \
epochs until as good, median | never |
|---|---|---|---|---|---|---|"""


def variants() -> dict[str, Pruner]:
    """Return the pruners with the settings that are compared on the first half of the table."""
    settings = [("race", {"alpha": alpha}) for alpha in (0.05, 0.1, 0.2, 0.3, 0.4)]
    settings += [("topk", {"k": k, "step": epoch}) for k in (3, 5, 8) for epoch in (10, 30)]
    return {
        f"{name}, {', '.join(f'{key} = {value:g}' for key, value in changed.items())}": dataclasses.replace(
            PRUNERS[name], options=partial(_options, name, changed)
        )
        for name, changed in settings
    }


def _options(name: str, changed: dict[str, Any], rung: int, epochs: int) -> dict[str, Any]:
    return PRUNERS[name].options(rung, epochs) | changed


def draw(replay: Replay, searched: dict[str, list[Search]], path: Path) -> None:
    """Draw the mean true value of the choice so far against the share of the epochs."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")
    shares = np.linspace(0, 1, 201)
    whole = [search.epochs[-1] for search in replay.plain]
    for name, searches in searched.items():
        lines = [
            np.append(np.nan, values)[np.searchsorted(searched.epochs, shares * total, side="right")]
            for searched, values, total in zip(searches, replay.true_values(searches), whole, strict=True)
        ]
        mean = np.mean(lines, axis=0)
        end = np.mean([search.epochs[-1] / total for search, total in zip(searches, whole, strict=True)])
        style = {"color": "black", "linestyle": "--", "zorder": 3} if name == "none" else {}  # another may lie on it
        axes.plot(shares[shares <= end], mean[shares <= end], linewidth=2, label=name, **style)
    axes.axvline(1 / 3, color="grey", linestyle=":", label="a third of the epochs")
    axes.set(xlabel="epochs, share of those of the search without a pruner", ylabel="true value of the choice so far")
    axes.set_title(f"{len(replay.plain)} replayed searches: mean true valid_log_r2 of the best trial so far")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def replay(data: Path, folder: Path, out: Path | None) -> None:
    """Train what is missing of the table, replay searches, and print and draw the results."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", ExperimentalWarning)  # of Wilcoxon's pruner
    job = table_job(data, folder)
    run(job)
    configurations = table(job)
    tuning, report = (Replay(job, configurations[half::2], orders) for half, orders in ((0, ORDERS // 2), (1, ORDERS)))
    print(f"Settings, on {len(configurations[::2])} configurations:\n{HEADER}")
    for name, pruner in variants().items():
        print(row(name, tuning.results(tuning.searches(pruner))), flush=True)
    print(f"\nPruners, on {len(configurations[1::2])} other configurations:\n{HEADER}")
    searched = {}
    for name, pruner in PRUNERS.items():
        searched[name] = report.searches(pruner)
        print(row(name, report.results(searched[name])), flush=True)
    if out:
        draw(report, searched, out)
