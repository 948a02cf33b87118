"""``volopt best --confirm``: train more seeds of the trials that cannot be told from the best.

Optuna's values stay as they are. The study stores which fits were added; the fits are in the store of finished fits.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optuna

from volopt.data.panel import read_data
from volopt.data.sample import stored_directory
from volopt.definition.schema import Definition
from volopt.errors import UsageError
from volopt.executors.machine import cores, resolve
from volopt.executors.processes import local_trainer
from volopt.executors.trainer import Trainer
from volopt.search.checkpoints import Checkpoints
from volopt.search.context import RunContext
from volopt.search.interrupts import Interrupts
from volopt.search.trial_run import SeedRun
from volopt.selection.evaluation import EvaluatedTrial, evaluate
from volopt.selection.measurements import confirmed_seeds
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts, study_artifacts
from volopt.storage.database.address import parse_address
from volopt.storage.database.connect import connect
from volopt.storage.database.retrying import RetryingStorage
from volopt.storage.lock import study_lock
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.attributes import ConfirmedSeed
from volopt.studies.space import point
from volopt.training.task import Fit, State
from volopt.windows.prepare import prepare


@dataclass(frozen=True)
class ConfirmOptions:
    """Hold the options of the command line."""

    storage: str
    fits: int  # to add at most
    data: Path | None = None
    workers: int | None = None
    device: str = "auto"


class FailedFit(NamedTuple):
    """Name a fit that could not be trained; its trial gets no other seed in this call."""

    trial: int
    seed: int
    reason: str


@dataclass
class Confirmation:
    """Hold what was added to a study, in order."""

    added: list[ConfirmedSeed] = field(default_factory=list)
    failed: list[FailedFit] = field(default_factory=list)
    rounds: int = 0
    fits: int = 0  # that were spent


class _SeedFit(NamedTuple):
    """Name a fit of a further seed of a trial; with several valid periods, a seed has one for each."""

    trial: int
    run: SeedRun


def confirm(name: str, options: ConfirmOptions, on_fit: Callable[[Confirmation], None]) -> Confirmation:
    """Add seeds to the members of the set, one each in a round, until one is left or the fits are spent.

    Args:
        name: of the study.
        options: of the command line.
        on_fit: called after each fit.

    Raises:
        UsageError: there are fewer fits to spend than one seed takes.
        VoloptError: the study or its data cannot be used, or another process holds the study.
    """
    address = parse_address(options.storage)
    confirmation = Confirmation()
    with (
        study_lock(address, name) as renew,
        closing(connect(options.storage, write=True, guard=renew)) as storage,
        Interrupts() as interrupts,
    ):
        study, definition = studies.find(storage, name)
        if options.fits < definition.fits_a_seed:
            raise UsageError(
                f"one more seed takes {definition.fits_a_seed} fits, one a valid period",
                f"write --confirm {definition.fits_a_seed} or more",
            )
        members = _members(study, definition, study_artifacts(storage, name), confirmation)
        if len(members) < 2:
            return confirmation
        context = _context(study, definition, storage, options)
        workers = options.workers or (cores() if context.device == "cpu" else 1)
        trainer = local_trainer(context.dataset, workers)
        try:
            while len(members) > 1 and (count := (options.fits - confirmation.fits) // definition.fits_a_seed):
                confirmation.rounds += 1
                round_ = _Round(study, context, confirmation)
                for fit, error in _train(round_.next_fits(members[:count]), context, trainer, interrupts):
                    round_.take(fit, error)
                    on_fit(confirmation)
                members = _members(study, definition, context.artifacts, confirmation)
        finally:
            trainer.close()
    return confirmation


def _context(
    study: optuna.Study, definition: Definition, storage: RetryingStorage, options: ConfirmOptions
) -> RunContext:
    """Return the context of the study's last run, on the data that the study was run on."""
    artifacts, stored = study_artifacts(storage, study.study_name), studies.data_of(study)
    directory = options.data or stored_directory(stored, storage.address.home / "sample_cn")
    panel = read_data(definition, directory, artifacts.directory / "frames")
    studies.check_data(study, panel.source)
    dataset = prepare(panel.frames, definition, panel.source.fingerprint)
    precision = next((run.precision for run in reversed(studies.runs(study)) if run.precision), "highest")
    artifacts.prepare()
    return RunContext(definition, dataset, artifacts, resolve(options.device), precision)


def _members(
    study: optuna.Study, definition: Definition, artifacts: Artifacts, confirmation: Confirmation
) -> list[EvaluatedTrial]:
    """Return a trial of each configuration in the set that can have more seeds, the one of the least regret first."""
    members = sorted(evaluate(study, definition, artifacts).members, key=lambda trial: (trial.regret, trial.number))
    distinct = {point(trial.params): trial for trial in reversed(members)}
    failed = {fit.trial for fit in confirmation.failed}
    return [trial for trial in reversed(distinct.values()) if trial.number not in failed]


class _Round:
    """Choose one more seed of each member of the set, and store each seed whose fits are finished."""

    def __init__(self, study: optuna.Study, context: RunContext, confirmation: Confirmation) -> None:
        self._study, self._context, self._confirmation = study, context, confirmation
        self._values: defaultdict[int, dict[int, tuple[str, float]]] = defaultdict(dict)  # by trial and period

    def next_fits(self, members: Sequence[EvaluatedTrial]) -> list[_SeedFit]:
        """Return the fits of the next seed of each member."""
        trials = self._study.get_trials(deepcopy=False)
        added = confirmed_seeds(self._study, trials)
        fits = []
        for member in members:
            scored = {row["seed"] for row in listing.seeds(trials[member.number])}
            used = scored | {each.seed for each in added[point(member.params)]}
            for task in self._context.tasks(member.params)[: self._context.definition.fits_a_seed]:
                task = replace(task, seed=max(used, default=-1) + 1)
                fits.append(_SeedFit(member.number, SeedRun(task, self._context.key(task))))
        return fits

    def take(self, fit: _SeedFit, error: BaseException | None) -> None:
        """Take a fit that is stored or failed, and store the seed if it was its last one."""
        self._confirmation.fits += 1
        task, trained = fit.run.task, fit.run.fit
        value = trained.metrics.get(task.metric, math.nan) if trained else math.nan
        if not math.isfinite(value):
            reason = str(error or f"{task.metric} is {value}")
            self._confirmation.failed.append(FailedFit(fit.trial, task.seed, reason))
            return
        values = self._values[fit.trial]
        values[task.period] = fit.run.key, value
        if len(values) == self._context.definition.fits_a_seed:
            keys, scores = zip(*(values[period] for period in sorted(values)), strict=True)
            seed = ConfirmedSeed(trial=fit.trial, seed=task.seed, keys=list(keys), value=float(np.mean(scores)))
            self._confirmation.added.append(seed)
            studies.store_confirmed(self._study, [*studies.confirmed(self._study), seed])


def _train(
    fits: Sequence[_SeedFit], context: RunContext, trainer: Trainer, interrupts: Interrupts
) -> Iterator[tuple[_SeedFit, BaseException | None]]:
    """Yield each fit as soon as it is stored, a kept one or a new one, or with the error for which it failed."""
    checkpoints = Checkpoints(context.fits, array_store.states(context.artifacts.directory))
    queue, pending = deque(fits), dict[Future[State | Fit], _SeedFit]()
    while queue or pending:
        while queue and len(pending) < trainer.workers:
            fit = queue.popleft()
            checkpoints.load(fit.run)
            if fit.run.fit is not None:
                yield fit, None
                continue
            with interrupts.possible():  # a trainer without processes trains here
                pending[trainer.submit(fit.run.task, fit.run.state, fit.run.task.epochs)] = fit
        with interrupts.possible():
            done = wait(pending, return_when=FIRST_COMPLETED).done
        for future in done:
            fit = pending.pop(future)
            error = future.exception()
            if error is None:
                fit.run.receive(future.result())
                checkpoints.save(fit.run)
            yield fit, error
