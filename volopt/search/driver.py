"""The driver: asks Optuna for trials, has them trained, tells the results. It alone writes to the study.

What a killed driver leaves: finished trials with their value, kept fits and states, and trials still RUNNING, which the
next driver finds with the lock in hand and tells FAIL (``studies.study.repair``). What a dead worker leaves: nothing
but its task, which is trained again from its last rung; a fit whose workers die again and again is given up.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.baselines.baselines import Baselines
from volopt.definition.schema import Definition, Phase
from volopt.errors import VoloptError
from volopt.executors.trainer import Trainer, WorkerDiedError
from volopt.search import trial_results
from volopt.search.asking import Asker, asker
from volopt.search.callbacks import Callback
from volopt.search.checkpoints import SECONDS, Checkpoints
from volopt.search.illustrator import Illustrator
from volopt.search.interrupts import Interrupts
from volopt.search.samplers.pruners import pruner
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.storage import array_store
from volopt.storage.array_store import ArrayStore
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.storage.database.trial_cache import set_attributes, together
from volopt.studies.attributes import GIVEN_UP, INTERRUPTED, PHASE, REASON, SCORES
from volopt.studies.ledger import Ledger
from volopt.studies.phases import progress
from volopt.studies.space import Params
from volopt.training.progress import Progress
from volopt.training.task import Task, tasks
from volopt.windows.dataset import Dataset

CHECK_SECONDS = 1.0  # between two looks at whether the run was asked to end
SLOW = frozenset({"gp"})  # samplers that think for seconds: not while other writers wait
DEATHS = 5  # of workers that one fit may cost without reaching another rung

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunContext:
    """What a driver works with."""

    dataset: Dataset
    trainer: Trainer
    fits: ArrayStore
    artifacts: Artifacts
    baselines: Callable[[int], Baselines]  # on the days that a window has to forecast
    cost: Callable[[Params], float]  # estimated CPU seconds of one fit
    listener: Callback = field(default_factory=Callback)
    illustrator: Illustrator = field(default_factory=Illustrator)
    interrupts: Interrupts = field(default_factory=Interrupts)
    device: str = "cpu"
    precision: str = "highest"
    packed: bool = False  # whether the trainer packs
    timeout: float = math.inf  # seconds after which no new trial is asked for
    keep_seconds: float = SECONDS  # between two states of a fit on disk


class Driver:
    """Runs phases of one study. The caller holds the study's lock."""

    def __init__(self, study: optuna.Study, definition: Definition, ledger: Ledger, workshop: RunContext) -> None:
        self._study, self._definition, self._ledger, self._shop = study, definition, ledger, workshop
        self._keeper = Checkpoints(
            workshop.fits, array_store.states(workshop.artifacts.directory), workshop.keep_seconds
        )
        self._by_seed = any(phase.pruner == "wilcoxon" for phase in definition.phases)
        self._pending: dict[Future[Progress], tuple[TrialRun, SeedRun]] = {}
        self._runs: list[TrialRun] = []  # in flight
        self._ends_at = time.monotonic() + workshop.timeout
        self.new_trials = 0
        self.epochs_trained = 0

    def run(self, phases: Sequence[Phase]) -> None:
        """Run the phases one after another; each begins when all trials of the one before are finished.

        Raises:
            VoloptError: the storage cannot be used.
        """
        try:
            for phase in phases:
                self._run_phase(phase)
        finally:
            self._shop.trainer.close()
            self._take_what_is_done()
            with suppress(VoloptError):  # of a storage that is gone; the error that ended the loop says so
                for run in list(self._runs):  # there are some only when an error or an interrupt ended the loop
                    self._interrupt(run)

    def _run_phase(self, phase: Phase) -> None:
        best = self._study.best_value if self._ledger.complete else None
        self._shop.listener.phase_started(phase, *progress(phase, self._definition, self._ledger), best)
        task = tasks(self._definition, {}, self._shop.device, self._shop.precision)[0]
        self._study.pruner = pruner(phase.pruner, task.rung, task.epochs, phase.name)
        asking = asker(phase, self._definition, self._study, self._ledger, self._shop.cost)
        while self._fill(phase, asking):
            with self._shop.interrupts.possible():
                done = wait(self._pending, CHECK_SECONDS, FIRST_COMPLETED).done
            for future in done:
                self._shop.interrupts.check()
                if future in self._pending:  # a trial that failed or was pruned has dropped its futures
                    self._collect(future)
        self._shop.illustrator.study()

    def _fill(self, phase: Phase, asking: Asker) -> bool:
        """Begin trials while a worker would be idle, and return whether anything is being trained."""
        while len(self._pending) < self._shop.trainer.workers and time.monotonic() < self._ends_at:
            self._shop.interrupts.check()
            trial = self._ask(phase, asking)
            if trial is None:
                break
            self._begin(trial, phase)
        self._shop.interrupts.check()
        return bool(self._pending)

    def _ask(self, phase: Phase, asking: Asker) -> optuna.Trial | None:
        """Return the next trial; it is stored with all its parameters and its phase, or not at all."""
        with nullcontext() if phase.sampler in SLOW else together(self._study._storage):
            trial = asking.ask()
            if trial is not None:
                trial.set_user_attr(PHASE, phase.name)
        return trial

    def _begin(self, trial: optuna.Trial, phase: Phase) -> None:
        params: Params = dict(trial.params)
        self._ledger.start(phase.name, params)
        self.new_trials += 1
        self._shop.listener.trial_started(phase, trial.number)
        said = " ".join(f"{name}={value}" for name, value in params.items())
        log.info("trial %d of %s begins (%s)", trial.number, phase.name, said)
        fits = tasks(self._definition, params, self._shop.device, self._shop.precision, packed=self._shop.packed)
        run = TrialRun(trial, phase, params, [self._member(task) for task in fits], by_seed=self._by_seed)
        self._runs.append(run)
        self._go_on(run)

    def _member(self, task: Task) -> SeedRun:
        member = SeedRun(task, task.key((self._shop.dataset.fingerprint, self._shop.dataset.recipe)))
        self._keeper.find(member)
        return member

    def _go_on(self, run: TrialRun) -> None:
        """Report what is new of a trial, then finish it or train on."""
        reports = run.reports()
        with together(self._study._storage):
            for step, value in reports:
                run.trial.report(value, step)
        undefined = [value for _, value in reports if not math.isfinite(value)]
        if undefined:  # a pruner would take it for a bad value
            self._fail(run, f"{self._definition.objective.metric} is {undefined[0]}")
        elif run.finished:
            self._complete(run)
        elif reports and run.trial.should_prune():
            self._prune(run)
        else:
            for member in run.ready():
                self._train(run, member)

    def _train(self, run: TrialRun, member: SeedRun) -> None:
        member.busy = True
        with self._shop.interrupts.possible():  # a trainer without processes trains here
            future = self._shop.trainer.submit(member.task, member.state, member.until())
        self._pending[future] = run, member

    def _collect(self, future: Future[Progress]) -> None:
        run, member = self._pending.pop(future)
        try:
            found = future.result()
        except WorkerDiedError as error:
            self._died(run, member, str(error), error.deaths)
            return
        except Exception as error:  # whatever a fit died of is this trial's failure, not the study's
            self._fail(run, str(error) if isinstance(error, VoloptError) else f"{type(error).__name__}: {error}")
            return
        before = member.epoch
        member.receive(found)
        self.epochs_trained += member.epoch - before
        told = run.trial.number, member.task.seed, member.epoch, member.task.epochs
        log.info("trial %d, seed %d: epoch %d of %d", *told)
        self._shop.listener.trained(self._shop.cost(run.params) * (member.epoch - before) / member.task.epochs)
        self._keeper.keep(member)
        self._go_on(run)

    def _died(self, run: TrialRun, member: SeedRun, how: str, deaths: int) -> None:
        member.deaths += deaths  # of several workers, where a cluster gave the task to another by itself
        log.info(
            "trial %d, seed %d, epoch %d: %s (%d of %d)",
            run.trial.number, member.task.seed, member.epoch, how, member.deaths, DEATHS,
        )  # fmt: skip
        if member.deaths < DEATHS:
            self._train(run, member)
        else:
            self._fail(run, f"{GIVEN_UP} after epoch {member.epoch}: {how}, {member.deaths} times without another rung")

    def _complete(self, run: TrialRun) -> None:
        value = run.value()
        if not math.isfinite(value):
            self._fail(run, f"{self._definition.objective.metric} is {value}")
            return
        self._end(run, TrialState.COMPLETE, value)

    def _prune(self, run: TrialRun) -> None:
        for member in run.members:
            self._keeper.drop(member)
        self._end(run, TrialState.PRUNED, None)

    def _take_what_is_done(self) -> None:
        """Take the rungs that were reached and not yet collected when the loop ended."""
        for future, (_, member) in self._pending.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                member.receive(future.result())

    def _interrupt(self, run: TrialRun) -> None:
        with suppress(VoloptError):  # of a full disk: the state is a convenience
            for member in run.members:
                self._keeper.keep(member, now=True)
        self._fail(run, INTERRUPTED)

    def _fail(self, run: TrialRun, reason: str) -> None:
        if reason != INTERRUPTED:
            for member in run.members:  # it may be the state that is bad
                self._keeper.drop(member)
        self._shop.illustrator.failed(run.trial, reason)
        with together(self._study._storage, durable=True):
            run.trial.set_user_attr(REASON, reason)
            self._ledger.fail(run.phase.name, run.params, reason)
            told = self._tell(run, TrialState.FAIL)
        self._shop.listener.trial_finished(run.phase, told)

    def _end(self, run: TrialRun, state: TrialState, value: float | None) -> None:
        """Store the numbers of a trial with it and tell it, in one transaction: Optuna takes none once it is told."""
        dataset, baselines = self._shop.dataset, self._shop.baselines(run.members[0].task.config.window)
        seeds = trial_results.seeds(run, baselines)
        metrics = trial_results.means(seeds) | trial_results.ensemble(run, dataset, baselines)
        content = trial_results.artifact(run, dataset, seeds, metrics, baselines)
        self._shop.illustrator.trial(run.trial, content, value)
        skills = {name: score for name, score in metrics.items() if "_skill_" in name}
        scores = {name: score for name, score in metrics.items() if name not in skills}
        files = self._shop.artifacts.put_json(CURVES, content)
        storage, system = self._study._storage, {**files, SCORES: {"seeds": seeds, "skills": skills}}
        with together(storage, durable=True):
            set_attributes(storage, run.trial._trial_id, scores, system)
            self._ledger.finish(run.phase.name, run.params, complete=state == TrialState.COMPLETE)
            told = self._tell(run, state, value)
        self._shop.listener.trial_finished(run.phase, told)

    def _tell(self, run: TrialRun, state: TrialState, value: float | None = None) -> FrozenTrial:
        for future in [future for future, (owner, _) in self._pending.items() if owner is run]:
            future.cancel()
            del self._pending[future]
        self._runs.remove(run)
        return self._study.tell(run.trial, value, state)
