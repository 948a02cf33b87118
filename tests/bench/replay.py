"""Replay searches from a table of trained fits, to measure pruners in minutes: ``pruning.py --replay`` runs this.

The table holds random configurations of `search`, each with five seeds, all trained to their end. A replayed search
takes configurations of the table in a random order, in generations, and its pruner sees what it would see in a run:
``TrialRun`` tells what is trained next and what is reported, and the pruner is that of the study file, on a study in
memory. Three of the five seeds belong to the search. What counts is the *true* value of the configuration that it
chooses: the mean of the two other seeds, which had no say.
"""

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from volopt.definition import load
from volopt.definition.schema import Phase
from volopt.optuna_internals import storage_of, trial_id
from volopt.pruners import Pruner
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.search.phase_view import PhasePruner
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.storage.database.connect import connect
from volopt.studies.attributes import PHASE, PROPOSAL
from volopt.studies.space import Params
from volopt.studies.study import find
from volopt.training.task import Curves, Fit, State

CONFIGURATIONS = 150
BATCH = 4
SETTINGS = {  # of the table's study: ``search`` with one valid period, which a third of the fits can train
    "sampler": '"random"',
    "trials": str(CONFIGURATIONS),
    "pruner": '"none"',
    "seeds": "5",
    "train": '["2010-01-01", "2015-08-31"]',
    "valid": '["2015-09-01", "2017-12-31"]',
}


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
    trial_of_optuna: Any = None  # the replay reads what the trial would report, and reports it itself
    trial = TrialRun(trial_of_optuna, job.phases[0], configuration.params, runs, by_seed=pruner.reports == "seed")
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
