"""How many epochs does the pruned search take to what the search without a pruner finds?

    python tests/bench/pruning.py DATA [--out FIGURE.png] [--keep FOLDER]

DATA is a qlib provider that holds SH600000. For each seed of the sampler the study `search` runs with `pruner = "none"`
until a budget of epochs is spent, then with its own pruner until its best trial is as good, or the budget is spent too.
Every trained epoch of every seed counts, whether its trial came to its end, stopped early or was pruned. Each search
has a storage of its own, so that none takes a fit that another trained. With --keep they stay, and running the same
again goes on where it was.
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

from volopt.definition import load
from volopt.errors import MissingStorageError
from volopt.search.callbacks import Callback
from volopt.search.job import RunOptions, prepare_job
from volopt.search.run import run
from volopt.storage.database.connect import connect
from volopt.studies.attributes import SCORES
from volopt.studies.study import find

SEEDS = range(5, 10)  # of the sampler; `halving` was chosen by trials of 0 to 4
BUDGET = 4000  # epochs of one search
GOAL = 1 / 3


class Course(NamedTuple):
    """How a search went, after each trial."""

    epochs: list[int]  # trained so far
    best: list[float]  # value so far; NaN before the first COMPLETE trial
    fates: list[str]  # what became of the trial

    def reached(self, target: float) -> int | None:
        """The epochs trained when the best was as good as a target, or None."""
        return next((epochs for epochs, best in zip(self.epochs, self.best, strict=True) if best >= target), None)

    def within(self, budget: int) -> "Course":
        """The trials that ended within a budget of epochs."""
        count = sum(epochs <= budget for epochs in self.epochs)
        return Course(*(each[:count] for each in self))


def spent(trial: FrozenTrial) -> int:
    """The epochs of all seeds of a trial that were begun."""
    return sum(row["epochs"] for row in trial.system_attrs[SCORES]["seeds"])


def fate(trial: FrozenTrial) -> str:
    """How a trial ended, by its last report where it was pruned."""
    return "finished" if trial.state is TrialState.COMPLETE else f"pruned at step {trial.last_step}"


def course(trials: Iterable[FrozenTrial]) -> Course:
    """What a study's trials, in their order, say of it; larger values are better."""
    ended = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    values = [trial.value if trial.state is TrialState.COMPLETE else np.nan for trial in ended]
    best = np.fmax.accumulate(values) if values else np.array([])
    return Course(np.cumsum([spent(trial) for trial in ended]).tolist(), best.tolist(), [fate(t) for t in ended])


def stored(storage: str, name: str) -> Course:
    """How far a search has come that an earlier call began."""
    with suppress(MissingStorageError), closing(connect(storage)) as opened:
        return course(find(opened, name)[0].trials)
    return Course([], [], [])


def search(said: argparse.Namespace, folder: Path, pruner: str, seed: int, target: float = np.inf) -> Course:
    """Ask for one trial after another until the budget is spent or the target is reached."""
    text = re.sub(r"(?m)^pruner = .*$", f'pruner = "{pruner}"', load.read_text(load.find(said.study)))
    home = folder / f"{pruner}-{seed}"
    home.mkdir(parents=True, exist_ok=True)
    path, storage = home / "study.toml", f"sqlite:///{home}/volopt.db"
    path.write_text(re.sub(r"(?m)^format = 1$", f"format = 1\nseed = {seed}", text))
    found = stored(storage, said.name)
    while not found.epochs or (found.epochs[-1] < said.budget and not found.best[-1] >= target):
        trials = len(found.epochs) + 1
        options = RunOptions(storage, data=said.data, trials=trials, seeds=said.replicates, name=said.name, workers=1)
        run(prepare_job(str(path), options), lambda plans: Callback())
        found = stored(storage, said.name)
        told = f"{found.epochs[-1]} epochs, best {found.best[-1]:.4f}, the last one {found.fates[-1]}"
        print(f"pruner {pruner}, seed {seed}, {trials} trials: {told}", file=sys.stderr, flush=True)
    return found.within(said.budget)


class Pair(NamedTuple):
    """The two searches of one seed of the sampler."""

    plain: Course
    pruned: Course

    @property
    def target(self) -> float:
        """The best value of the search without a pruner."""
        return self.plain.best[-1]

    @property
    def took(self) -> float:
        """The epochs of the pruned search to the target; infinite where it did not come there."""
        return self.pruned.reached(self.target) or np.inf

    @property
    def each(self) -> float:
        """The epochs of the pruned search over the other's, both after as many trials as the shorter one has."""
        count = min(len(self.plain.epochs), len(self.pruned.epochs))
        return self.pruned.epochs[count - 1] / self.plain.epochs[count - 1]


def table(pairs: Sequence[Pair], budget: int) -> str:
    """The figures in Markdown, a row a seed of the sampler and one of medians."""
    rows = [
        (
            pair.target,
            len(pair.plain.epochs),
            pair.plain.reached(pair.target),
            len(pair.pruned.epochs),
            pair.took,
            pair.took / budget,
            pair.took / (pair.plain.reached(pair.target) or np.nan),
            pair.each,
        )
        for pair in pairs
    ]
    rows.append(tuple(median(column) for column in zip(*rows, strict=True)))
    labels = [*map(str, SEEDS), "median"]
    return "\n".join(
        [
            f"| seed | best of {budget} epochs without a pruner | in trials | found after epochs "
            "| pruned: trials | epochs to it | of the budget | of the epochs to it | epochs at as many trials |",
            "|---|---|---|---|---|---|---|---|---|",
            *(
                f"| {label} | {row[0]:.4f} | {row[1]:.0f} | {row[2]:.0f} | {row[3]:.0f} | {row[4]:.0f} "
                f"| {row[5]:.2f} | {row[6]:.2f} | {row[7]:.2f} |"
                for label, row in zip(labels, rows, strict=True)
            ),
        ]
    )


def profile(courses: Sequence[Course]) -> str:
    """Where the epochs went, by what became of the trials."""
    trials: Counter[str] = Counter()
    epochs: Counter[str] = Counter()
    for found in courses:
        for what, each in zip(found.fates, np.diff(found.epochs, prepend=0), strict=True):
            trials[what] += 1
            epochs[what] += int(each)
    order = sorted(trials, key=lambda what: int(what.rpartition(" ")[2]) if " " in what else np.inf)
    return "\n".join(f"  {what}: {trials[what]} trials, {epochs[what]} epochs" for what in order)


def at(found: Course, grid: NDArray[Any]) -> NDArray[Any]:
    """The best value so far at epochs of a grid; NaN before the first."""
    return np.array([np.nan, *found.best])[np.searchsorted(found.epochs, grid, side="right")]


def draw(pairs: Sequence[Pair], said: argparse.Namespace, path: Path) -> None:
    """Draw the best value so far against the epochs trained: a thin line a search, a thick one their median."""
    figure, axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")
    grid = np.arange(0, said.budget + 1, 5)
    kinds = [("without a pruner", "tab:blue", [pair.plain for pair in pairs])]
    kinds.append((f"pruner {said.pruner}, until as good", "tab:orange", [pair.pruned for pair in pairs]))
    for label, colour, courses in kinds:
        lines = np.array([at(each, grid) for each in courses])
        whole = ~np.isnan(lines).any(axis=0)
        for line, each in zip(lines, courses, strict=True):
            shown = grid <= (each.epochs[-1] if label.startswith("pruner") else said.budget)
            axes.plot(grid[shown], line[shown], color=colour, alpha=0.35, linewidth=1, drawstyle="steps-post")
        middle = np.median(lines[:, whole], axis=0)
        axes.plot(grid[whole], middle, color=colour, linewidth=3, drawstyle="steps-post", label=f"{label} (median)")
    for number, pair in zip(SEEDS, pairs, strict=True):
        if np.isfinite(pair.took):
            reached = pair.took, pair.pruned.best[pair.pruned.epochs.index(pair.took)]
            axes.plot(*reached, "o", color="tab:orange", markersize=6)
            axes.annotate(f"seed {number}", reached, (5, 5), textcoords="offset points")
    axes.axvline(said.budget * GOAL, color="grey", linestyle=":", label="a third of the budget")
    values = [value for pair in pairs for course in pair for value in course.best if np.isfinite(value)]
    axes.set_ylim(np.quantile(values, 0.02), max(values) + 0.1 * np.ptp(values))
    axes.set(xlabel="epochs trained, of all trials and seeds", ylabel="best value so far (valid_log_r2)")
    axes.set_title(f"{said.name}: best so far, {len(pairs)} seeds of the sampler")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Search ten times, and print and draw how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--study", default="search", help="a study file with one phase that maximizes")
    parser.add_argument("--pruner", help="another than the study file's")
    parser.add_argument("--budget", type=int, default=BUDGET, help="epochs of one search (%(default)s)")
    parser.add_argument("--replicates", type=int, help="seeds of each trial, in place of the study file's")
    parser.add_argument("--keep", type=Path, help="folder of the searches; what is there is gone on with")
    parser.add_argument("--out", type=Path, help="figure")
    said = parser.parse_args()
    definition = load.read(load.read_text(load.find(said.study)), said.study)
    said.name, said.pruner = definition.name, said.pruner or definition.phases[0].pruner
    with tempfile.TemporaryDirectory() as temporary:
        folder = (said.keep or Path(temporary)).resolve()
        pairs = []
        for seed in SEEDS:
            plain = search(said, folder, "none", seed)
            pairs.append(Pair(plain, search(said, folder, said.pruner, seed, plain.best[-1])))
    print(table(pairs, said.budget))
    for label, courses in (("none", [pair.plain for pair in pairs]), (said.pruner, [pair.pruned for pair in pairs])):
        print(f"\npruner {label}:\n{profile(courses)}")
    found = median(pair.took for pair in pairs) / said.budget
    print(f"\nMedian {found:.2f} of the budget; the goal, {GOAL:.2f}, is {'met' if found <= GOAL else 'missed'}.")
    if said.out:
        draw(pairs, said, said.out)


if __name__ == "__main__":
    main()
