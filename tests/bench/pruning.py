"""Measure how many epochs a pruned search needs to match the result of a search without a pruner.

    python tests/bench/pruning.py DATA [--out FIGURE.png] [--keep FOLDER] [--replay]

DATA is a qlib provider with SH600000. For each seed of the sampler, the study `search` runs with `pruner = "none"`
until it has used a budget of epochs. Then it runs with its own pruner until its best trial is as good, or it has used
the budget too. Every trained epoch of every seed counts, of finished, early-stopped and pruned trials. Each search has
its own storage, so that none reuses a fit of another. With --keep the storages stay, and the same command resumes them.

With --replay it trains a table of random configurations once, and replays hundreds of searches from it, see replay.py.
"""

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState
from replay_results import replay

from volopt.definition import load
from volopt.errors import MissingStorageError
from volopt.search.job import RunOptions, prepare_job
from volopt.search.run import run
from volopt.storage.database.connect import connect
from volopt.studies.attributes import SCORES
from volopt.studies.study import find

SEEDS = range(5, 10)  # of the sampler; seeds 0 to 4 were used to choose `halving`
BUDGET = 4000  # epochs of one search
GOAL = 1 / 3


class SearchHistory(NamedTuple):
    """Hold the progress of a search after each trial."""

    epochs: list[int]  # cumulative
    best: list[float]  # cumulative; NaN before the first COMPLETE trial
    outcomes: list[str]  # how the trial ended

    def reached(self, target: float) -> int | None:
        """Return the epochs until the best reached a target, or None."""
        return next((epochs for epochs, best in zip(self.epochs, self.best, strict=True) if best >= target), None)

    def within(self, budget: int) -> "SearchHistory":
        """Return the trials that ended within a budget of epochs."""
        count = sum(epochs <= budget for epochs in self.epochs)
        return SearchHistory(*(column[:count] for column in self))


def epochs_of(trial: FrozenTrial) -> int:
    """Return the epochs of all seeds of a trial."""
    return sum(seed["epochs"] for seed in trial.system_attrs[SCORES]["seeds"])


def outcome(trial: FrozenTrial) -> str:
    """Return how a trial ended, with the step if it was pruned."""
    return "finished" if trial.state is TrialState.COMPLETE else f"pruned at step {trial.last_step}"


def history(trials: Iterable[FrozenTrial]) -> SearchHistory:
    """Return the history of a search that maximizes, given its trials in order."""
    ended = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    values = [trial.value if trial.state is TrialState.COMPLETE else np.nan for trial in ended]
    best = np.fmax.accumulate(values) if values else np.array([])
    return SearchHistory(
        np.cumsum([epochs_of(trial) for trial in ended]).tolist(), best.tolist(), [outcome(t) for t in ended]
    )


def stored(storage: str, name: str) -> SearchHistory:
    """Return the history of a search that an earlier call started."""
    with suppress(MissingStorageError), closing(connect(storage)) as opened:
        return history(find(opened, name)[0].trials)
    return SearchHistory([], [], [])


def search(
    arguments: argparse.Namespace, folder: Path, pruner: str, seed: int, target: float = np.inf
) -> SearchHistory:
    """Run trial after trial until the budget is used or the target is reached."""
    text = re.sub(r"(?m)^pruner = .*$", f'pruner = "{pruner}"', load.read_text(load.find(arguments.study)))
    home = folder / f"{pruner}-{seed}"
    home.mkdir(parents=True, exist_ok=True)
    path, storage = home / "study.toml", f"sqlite:///{home}/volopt.db"
    path.write_text(re.sub(r"(?m)^format = 1$", f"format = 1\nseed = {seed}", text))
    searched = stored(storage, arguments.name)
    while not searched.epochs or (searched.epochs[-1] < arguments.budget and not searched.best[-1] >= target):
        trials = len(searched.epochs) + 1
        options = RunOptions(
            storage, data=arguments.data, trials=trials, seeds=arguments.replicates, name=arguments.name, workers=1
        )
        run(prepare_job(str(path), options))
        searched = stored(storage, arguments.name)
        progress = f"{searched.epochs[-1]} epochs, best {searched.best[-1]:.4f}, last trial {searched.outcomes[-1]}"
        print(f"pruner {pruner}, seed {seed}, {trials} trials: {progress}", file=sys.stderr, flush=True)
    return searched.within(arguments.budget)


class Pair(NamedTuple):
    """Hold the two searches of one seed of the sampler."""

    plain: SearchHistory
    pruned: SearchHistory

    @property
    def target(self) -> float:
        """Return the best value of the search without a pruner."""
        return self.plain.best[-1]

    @property
    def epochs_to_target(self) -> float:
        """Return the epochs of the pruned search to the target, infinite if it did not reach it."""
        return self.pruned.reached(self.target) or np.inf

    @property
    def epoch_ratio(self) -> float:
        """Return the epochs of the pruned search over those of the other, after the same number of trials."""
        count = min(len(self.plain.epochs), len(self.pruned.epochs))
        return self.pruned.epochs[count - 1] / self.plain.epochs[count - 1]


def table(pairs: Sequence[Pair], budget: int) -> str:
    """Return the figures in Markdown, a row for each seed of the sampler and one of medians."""
    rows = [
        (
            pair.target,
            len(pair.plain.epochs),
            pair.plain.reached(pair.target),
            len(pair.pruned.epochs),
            pair.epochs_to_target,
            pair.epochs_to_target / budget,
            pair.epochs_to_target / (pair.plain.reached(pair.target) or np.nan),
            pair.epoch_ratio,
        )
        for pair in pairs
    ]
    rows.append(tuple(median(column) for column in zip(*rows, strict=True)))
    labels = [*map(str, SEEDS), "median"]
    return "\n".join(
        [
            f"| seed | best of {budget} epochs without a pruner | in trials | epochs to the best "
            "| pruned: trials | epochs to target | / budget | / epochs without pruner | epochs for as many trials |",
            "|---|---|---|---|---|---|---|---|---|",
            *(
                f"| {label} | {row[0]:.4f} | {row[1]:.0f} | {row[2]:.0f} | {row[3]:.0f} | {row[4]:.0f} "
                f"| {row[5]:.2f} | {row[6]:.2f} | {row[7]:.2f} |"
                for label, row in zip(labels, rows, strict=True)
            ),
        ]
    )


def profile(histories: Sequence[SearchHistory]) -> str:
    """Return the trials and epochs by the outcome of the trial."""
    trials: Counter[str] = Counter()
    epochs: Counter[str] = Counter()
    for history in histories:
        for ended, count in zip(history.outcomes, np.diff(history.epochs, prepend=0), strict=True):
            trials[ended] += 1
            epochs[ended] += int(count)
    order = sorted(trials, key=lambda ended: int(ended.rpartition(" ")[2]) if " " in ended else np.inf)
    return "\n".join(f"  {ended}: {trials[ended]} trials, {epochs[ended]} epochs" for ended in order)


def best_at(history: SearchHistory, grid: NDArray[Any]) -> NDArray[Any]:
    """Return the best value so far at epochs of a grid, NaN before the first."""
    return np.array([np.nan, *history.best])[np.searchsorted(history.epochs, grid, side="right")]


def draw(pairs: Sequence[Pair], arguments: argparse.Namespace, path: Path) -> None:
    """Draw the best value so far against the epochs: a thin line for each search, a thick one for their median."""
    figure, axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")
    grid = np.arange(0, arguments.budget + 1, 5)
    kinds = [("without a pruner", "tab:blue", [pair.plain for pair in pairs])]
    kinds.append((f"pruner {arguments.pruner}, until equal", "tab:orange", [pair.pruned for pair in pairs]))
    for label, colour, histories in kinds:
        lines = np.array([best_at(history, grid) for history in histories])
        defined = ~np.isnan(lines).any(axis=0)
        for line, history in zip(lines, histories, strict=True):
            shown = grid <= (history.epochs[-1] if label.startswith("pruner") else arguments.budget)
            axes.plot(grid[shown], line[shown], color=colour, alpha=0.35, linewidth=1, drawstyle="steps-post")
        middle = np.median(lines[:, defined], axis=0)
        axes.plot(grid[defined], middle, color=colour, linewidth=3, drawstyle="steps-post", label=f"{label} (median)")
    for number, pair in zip(SEEDS, pairs, strict=True):
        if np.isfinite(pair.epochs_to_target):
            reached = pair.epochs_to_target, pair.pruned.best[pair.pruned.epochs.index(pair.epochs_to_target)]
            axes.plot(*reached, "o", color="tab:orange", markersize=6)
            axes.annotate(f"seed {number}", reached, (5, 5), textcoords="offset points")
    axes.axvline(arguments.budget * GOAL, color="grey", linestyle=":", label="a third of the budget")
    values = [value for pair in pairs for history in pair for value in history.best if np.isfinite(value)]
    axes.set_ylim(np.quantile(values, 0.02), max(values) + 0.1 * np.ptp(values))
    axes.set(xlabel="epochs of all trials and seeds", ylabel="best value so far (valid_log_r2)")
    axes.set_title(f"{arguments.name}: best so far, {len(pairs)} seeds of the sampler")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Search ten times, and print and draw the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--study", default="search", help="a study file with one phase that maximizes")
    parser.add_argument("--pruner", help="default: that of the study file")
    parser.add_argument("--budget", type=int, default=BUDGET, help="epochs of one search (%(default)s)")
    parser.add_argument("--replicates", type=int, help="seeds of each trial; default: those of the study file")
    parser.add_argument("--keep", type=Path, help="folder of the searches, which are resumed")
    parser.add_argument("--out", type=Path, help="figure")
    parser.add_argument("--replay", action="store_true", help="replay searches from a table of trained fits")
    arguments = parser.parse_args()
    if arguments.replay:
        with tempfile.TemporaryDirectory() as temporary:
            replay(arguments.data, (arguments.keep or Path(temporary)).resolve(), arguments.out)
        return
    definition = load.read(load.read_text(load.find(arguments.study)), arguments.study)
    arguments.name, arguments.pruner = definition.name, arguments.pruner or definition.phases[0].pruner
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        pairs = []
        for seed in SEEDS:
            plain = search(arguments, folder, "none", seed)
            pairs.append(Pair(plain, search(arguments, folder, arguments.pruner, seed, plain.best[-1])))
    print(table(pairs, arguments.budget))
    for label, histories in (
        ("none", [pair.plain for pair in pairs]),
        (arguments.pruner, [pair.pruned for pair in pairs]),
    ):
        print(f"\npruner {label}:\n{profile(histories)}")
    share = median(pair.epochs_to_target for pair in pairs) / arguments.budget
    print(f"\nMedian {share:.2f} of the budget; the goal, {GOAL:.2f}, is {'met' if share <= GOAL else 'missed'}.")
    if arguments.out:
        draw(pairs, arguments, arguments.out)


if __name__ == "__main__":
    main()
