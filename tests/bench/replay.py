"""Replay searches from a table of trained fits, to measure pruners in minutes: ``pruning.py --replay`` runs this.

The table holds random configurations of `search`, each with five seeds, all trained to their end. A replayed search
takes configurations of the table in a random order, in generations, and its pruner sees what it would see in a run:
``TrialRun`` tells what is trained next and what is reported, and the pruner is that of the study file, on a study in
memory. Three of the five seeds belong to the search. What counts is the *true* value of the configuration that it
chooses: the mean of the two other seeds, which had no say.
"""

import dataclasses
import itertools
import re
import warnings
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from volopt.definition import load
from volopt.definition.schema import Phase
from volopt.optuna_internals import storage_of, trial_id
from volopt.pruners import PRUNERS, Pruner
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.search.phase_view import PhasePruner
from volopt.search.run import run
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.storage.database.connect import connect
from volopt.studies.attributes import PHASE, PROPOSAL
from volopt.studies.space import Params
from volopt.studies.study import find
from volopt.training.task import Curves, Fit, State

CONFIGURATIONS = 150
TRIALS = 60  # of one search
SEEDS = 3  # of the table's five
ORDERS = 200
BATCH = 4
SETTINGS = {"sampler": '"random"', "trials": str(CONFIGURATIONS), "pruner": '"none"'}  # of the table's study


def table_job(data: Path, folder: Path) -> Job:
    """Return the study that trains the table, whose finished fits it keeps in a folder."""
    text = load.read_text(load.find("search"))
    for key, value in SETTINGS.items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
    path = folder / "table.toml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(re.sub(r"(?m)^batch = .*\n", "", text))
    return prepare_job(str(path), RunOptions(f"sqlite:///{folder}/volopt.db", data=data, workers=1))


class Fits(NamedTuple):
    """Hold a configuration and its finished fits, one a seed."""

    params: Params
    fits: list[Fit]


def table(job: Job) -> list[Fits]:
    """Return the configurations that are trained whole, in the order in which they were drawn."""
    with closing(connect(job.options.storage)) as storage:
        trials = find(storage, job.definition.name)[0].get_trials(states=(TrialState.COMPLETE,))
    stored = [[job.fits.get(job.key(task)) for task in job.tasks(trial.params)] for trial in trials]
    return [
        Fits(trial.params, [Fit.unpack(*fit) for fit in fits if fit])
        for trial, fits in zip(trials, stored, strict=True)
        if all(fits)
    ]


class Look(NamedTuple):
    """Hold what a pruner sees after some epochs of a trial."""

    epochs: int  # of all fits of the trial so far
    reports: list[tuple[int, float]]


class Course(NamedTuple):
    """Hold what happens to a trial that is not pruned."""

    looks: list[Look]
    epochs: int
    value: float


def course(job: Job, pruner: Pruner, configuration: Fits, seeds: Sequence[int]) -> Course:
    """Train a trial again from its curves, as a pruner wants its seeds to be trained."""
    tasks = job.tasks(configuration.params)
    runs = [SeedRun(tasks[seed], str(seed)) for seed in seeds]
    trial = TrialRun(None, job.phases[0], configuration.params, runs, by_seed=pruner.reports == "seed")  # type: ignore[arg-type]
    trial._pruner = pruner
    looks = []
    while not trial.finished:
        for seed in trial.ready():
            seed.receive(_until(configuration.fits[seed.task.seed], seed.next_rung()))
        looks.append(Look(sum(seed.epoch for seed in runs), trial.reports()))
    return Course(looks, looks[-1].epochs, trial.value())


def _until(fit: Fit, epoch: int) -> State | Fit:
    if fit.epochs <= epoch:
        return fit
    curves = fit.curves
    records = sum(recorded <= epoch for recorded in curves.record_epoch)
    lengths = {name: epoch if name in ("train_mse", "valid_mse") else records for name in vars(curves)}
    cut = Curves(**{name: getattr(curves, name)[:length] for name, length in lengths.items()})
    return State(epoch, arrays=cut.to_arrays())


class Search(NamedTuple):
    """Hold a replayed search after each of its trials."""

    epochs: list[int]  # cumulative
    chosen: list[int]  # the best COMPLETE configuration so far; -1 before the first
    complete: int  # trials


def search(courses: Sequence[Course], order: Sequence[int], pruner: Pruner, job: Job) -> Search:
    """Replay a search whose trials take configurations in this order."""
    task, phase = job.tasks({})[0], job.phases[0]
    sign = 1 if job.definition.objective.direction == "maximize" else -1
    study = optuna.create_study(
        study_name="replay", direction=job.definition.objective.direction, sampler=RandomSampler(0)
    )
    study.pruner = PhasePruner(pruner.make(task.rung, task.epochs), phase.name)
    total, best, epochs, chosen, complete = 0, (-np.inf, -1), [], [], 0
    for generation, start in enumerate(range(0, len(order), BATCH), 1):
        members = order[start : start + BATCH]
        trials = [(_ask(study, phase, generation), courses[member], member) for member in members]
        outcomes = [(trial, *_outcome(trial, each), member) for trial, each, member in trials]
        for trial, spent, value, member in outcomes:
            study.tell(trial, value, TrialState.PRUNED if value is None else TrialState.COMPLETE)
            total += spent
            if value is not None:
                best, complete = max(best, (sign * value, member)), complete + 1
            epochs.append(total)
            chosen.append(best[1])
    return Search(epochs, chosen, complete)


def _ask(study: optuna.Study, phase: Phase, generation: int) -> optuna.Trial:
    trial = study.ask()
    trial.set_user_attr(PHASE, phase.name)
    storage_of(study).set_trial_system_attr(trial_id(trial), PROPOSAL, {"generation": generation})
    return trial


def _outcome(trial: optuna.Trial, trained: Course) -> tuple[int, float | None]:
    """Return the epochs of a trial, and its value unless it is pruned."""
    for look in trained.looks[:-1]:
        for step, value in look.reports:
            trial.report(value, step)
        if look.reports and trial.should_prune():
            return look.epochs, None
    for step, value in trained.looks[-1].reports:
        trial.report(value, step)
    return trained.epochs, trained.value


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
    settings: dict[str, tuple[str, Sequence[float]]] = {
        "race": ("alpha", (0.05, 0.1, 0.2, 0.3, 0.4)),
        "topk": ("k", (3, 5, 8, 12)),
    }
    return {
        f"{name}, {key} = {value:g}": dataclasses.replace(PRUNERS[name], options=partial(_options, name, {key: value}))
        for name, (key, values) in settings.items()
        for value in values
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
        axes.plot(shares[shares <= end], mean[shares <= end], linewidth=2, label=name)
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
