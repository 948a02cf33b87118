"""``volopt best --confirm``: train more seeds of the trials that cannot be told from the best.

Optuna's values stay as they are. The study stores which fits were added; the fits are in the store of finished fits.
"""

from collections import deque
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
from volopt.executors.processes import cores, local_trainer
from volopt.executors.trainer import Trainer
from volopt.search.context import RunContext
from volopt.search.interrupts import Interrupts
from volopt.selection.evaluation import EvaluatedTrial, evaluate
from volopt.storage.artifacts import DIRECTORY, Artifacts, directory_of
from volopt.storage.database.address import parse_address
from volopt.storage.database.connect import connect
from volopt.storage.database.retrying import RetryingStorage
from volopt.storage.lock import study_lock
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.attributes import ConfirmedFit
from volopt.studies.space import point
from volopt.training.device import resolve
from volopt.training.task import Fit, Task
from volopt.windows.dataset import prepare


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

    added: list[ConfirmedFit] = field(default_factory=list)
    failed: list[FailedFit] = field(default_factory=list)
    rounds: int = 0

    @property
    def fits(self) -> int:
        """Return how many fits were spent."""
        return len(self.added) + len(self.failed)


class _Seed(NamedTuple):
    """Name the fit of a further seed of a trial."""

    trial: int
    task: Task
    key: str


def confirm(name: str, options: ConfirmOptions, on_fit: Callable[[Confirmation], None]) -> Confirmation:
    """Add seeds to the members of the set, one each in a round, until one is left or the fits are spent.

    Args:
        name: of the study.
        options: of the command line.
        on_fit: called after each fit.

    Raises:
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
        members = _members(study, definition, _artifacts(storage, name), confirmation)
        if len(members) < 2:
            return confirmation
        context = _context(study, definition, storage, options)
        workers = options.workers or (cores() if context.device == "cpu" else 1)
        trainer = local_trainer(context.dataset, workers)
        try:
            while len(members) > 1 and confirmation.fits < options.fits:
                confirmation.rounds += 1
                wanted = _next_seeds(study, context, members[: options.fits - confirmation.fits])
                for seed, future in _train(wanted, context, trainer, interrupts):
                    _take(study, seed, future, context, confirmation)
                    on_fit(confirmation)
                members = _members(study, definition, context.artifacts, confirmation)
        finally:
            trainer.close()
    return confirmation


def _artifacts(storage: RetryingStorage, name: str) -> Artifacts:
    address = storage.address
    return Artifacts((directory_of(storage, name) if address.file is None else None) or address.home / DIRECTORY)


def _context(
    study: optuna.Study, definition: Definition, storage: RetryingStorage, options: ConfirmOptions
) -> RunContext:
    """Return the context of the study's last run, on the data that the study was run on."""
    artifacts, stored = _artifacts(storage, study.study_name), studies.data_of(study)
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


def _next_seeds(study: optuna.Study, context: RunContext, members: Sequence[EvaluatedTrial]) -> list[_Seed]:
    trials = study.get_trials(deepcopy=False)
    added = studies.confirmed(study)

    def next_seed(member: EvaluatedTrial) -> _Seed:
        own = {fit.seed for fit in added if point(trials[fit.trial].params) == point(member.params)}
        task = context.tasks(member.params)[0]
        used = own | {seed["seed"] for seed in listing.seeds(trials[member.number])}
        task = replace(task, seed=max(used, default=-1) + 1)
        return _Seed(member.number, task, context.key(task))

    return [next_seed(member) for member in members]


def _train(
    seeds: Sequence[_Seed], context: RunContext, trainer: Trainer, interrupts: Interrupts
) -> Iterator[tuple[_Seed, "Future[Fit]"]]:
    """Yield each seed with its fit, a stored one or a new one, as soon as it is finished."""
    queue, pending = deque(seeds), dict[Future[Fit], _Seed]()
    while queue or pending:
        while queue and len(pending) < trainer.workers:
            seed = queue.popleft()
            with interrupts.possible():  # a trainer without processes trains here
                pending[_stored(seed, context) or trainer.submit(seed.task, None, seed.task.epochs)] = seed
        with interrupts.possible():
            done = wait(pending, return_when=FIRST_COMPLETED).done
        for future in done:
            yield pending.pop(future), future


def _stored(seed: _Seed, context: RunContext) -> "Future[Fit] | None":
    """Return the stored fit of a seed, or None where it is missing or damaged."""
    try:
        content = context.fits.get(seed.key)
        fit = Fit.unpack(*content) if content else None
    except TypeError:
        fit = None
    if fit is None:
        return None
    future: Future[Fit] = Future()
    future.set_result(fit)
    return future


def _take(
    study: optuna.Study, seed: _Seed, future: "Future[Fit]", context: RunContext, confirmation: Confirmation
) -> None:
    """Store a fit, and that the study has it."""
    metric = context.definition.objective.metric
    error = future.exception()
    value = float("nan") if error else future.result().metrics.get(metric, float("nan"))
    if not np.isfinite(value):
        confirmation.failed.append(FailedFit(seed.trial, seed.task.seed, str(error or f"{metric} is {value}")))
        return
    context.fits.put(seed.key, *future.result().pack())
    confirmation.added.append(ConfirmedFit(trial=seed.trial, seed=seed.task.seed, key=seed.key, value=value))
    studies.store_confirmed(study, [*studies.confirmed(study), confirmation.added[-1]])
