"""The driver asks Optuna for trials, has them trained, and tells Optuna the results. It alone writes to the study.

A killed driver leaves finished trials with their values, stored fits and states, and RUNNING trials. The next driver
holds the lock and makes the RUNNING trials FAIL (``studies.study.repair``). A dead worker leaves only its task, which
is trained again from its last rung. The driver gives up a fit whose workers die again and again.
"""

import itertools
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext, suppress

import optuna
from optuna.trial import TrialState

from volopt.definition.schema import Phase
from volopt.errors import VoloptError
from volopt.executors.trainer import Trainer, WorkerDiedError
from volopt.optuna_internals import storage_of, trial_id
from volopt.pruners import PRUNERS
from volopt.samplers import SAMPLERS
from volopt.search import trial_results
from volopt.search.asking import Asker, asker
from volopt.search.callbacks import Callback, Progress
from volopt.search.checkpoints import Checkpoints
from volopt.search.context import RunContext
from volopt.search.interrupts import Interrupts
from volopt.search.phase_view import phase_pruner
from volopt.search.trial_run import Outcome, SeedRun, TrialRun, failure
from volopt.storage import array_store
from volopt.storage.artifacts import CURVES
from volopt.storage.database.trial_cache import set_attributes, transaction
from volopt.studies.attributes import GIVEN_UP, INTERRUPTED, REASON, SCORES, TrialScores
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params
from volopt.training.task import Fit, State, Task

CHECK_SECONDS = 1.0  # between two checks for an interrupt
MAX_DEATHS = 5  # of workers that one fit may cost without reaching another rung

log = logging.getLogger(__name__)


class Driver:
    """Run phases of one study. The caller holds the study's lock.

    Args:
        study: that it writes to.
        ledger: of the study's trials.
        context: of the run.
        trainer: trains the fits; the driver closes it.
        callbacks: react to events, in their order.
        interrupts: of the process.
    """

    def __init__(
        self,
        study: optuna.Study,
        ledger: Ledger,
        context: RunContext,
        trainer: Trainer,
        callbacks: Sequence[Callback] = (),
        interrupts: Interrupts | None = None,
    ) -> None:
        self._study, self._ledger, self._context, self._trainer = study, ledger, context, trainer
        self._storage = storage_of(study)
        self._callbacks, self._interrupts = callbacks, interrupts or Interrupts()
        states = array_store.states(context.artifacts.directory)
        self._checkpoints = Checkpoints(context.fits, states, context.checkpoint_seconds)
        self._by_seed = any(PRUNERS[phase.pruner].reports == "seed" for phase in context.definition.phases)
        self._pending: dict[Future[State | Fit], tuple[TrialRun, SeedRun]] = {}
        self._running: list[TrialRun] = []  # by number
        self._waiting: deque[TrialRun] = deque()  # those of which no fit has begun
        self._ends_at = time.monotonic() + context.timeout
        self.new_trials = 0
        self.epochs_trained = 0
        self.exhausted: dict[str, int] = {}  # points of the phases that ended because the study has all of them

    def run(self, phases: Sequence[Phase]) -> None:
        """Run the phases one after another. A phase begins when all trials of the phase before are finished.

        Raises:
            VoloptError: the storage cannot be used.
        """
        try:
            for phase in phases:
                self._run_phase(phase)
        finally:
            self._trainer.close()
            self._receive_finished_tasks()
            with suppress(VoloptError):  # the error that ended the loop already tells about the storage
                for run in list(self._running):  # only an error or an interrupt leaves some
                    self._interrupt(run)

    def _run_phase(self, phase: Phase) -> None:
        best = self._study.best_value if self._ledger.complete else None
        done, total = self._ledger.progress(phase, self._context.definition)
        for callback in self._callbacks:
            callback.on_phase_begin(phase, done, total, best)
        task = self._context.tasks({})[0]
        self._study.pruner = phase_pruner(phase, task.rung, task.epochs)
        phase_asker = asker(phase, self._context.definition, self._study, self._ledger, self._context.cost)
        while self._start_fits(phase, phase_asker):
            with self._interrupts.possible():
                done_futures = wait(self._pending, CHECK_SECONDS, FIRST_COMPLETED).done
            for future in done_futures:
                self._interrupts.check()
                if future in self._pending:  # a trial that failed or was pruned has dropped its futures
                    self._collect(future)
        if phase_asker.exhausted:
            self.exhausted[phase.name] = phase_asker.exhausted
        for callback in self._callbacks:
            callback.on_phase_end(phase)

    def _start_fits(self, phase: Phase, phase_asker: Asker) -> bool:
        """Start trials while a worker would be idle, and return whether any fit is being trained."""
        while len(self._pending) < self._trainer.workers:
            self._interrupts.check()
            if not self._waiting:
                self._ask(phase, phase_asker)
            if not self._waiting:
                break
            self._start(self._waiting.popleft())
        self._interrupts.check()
        return bool(self._pending)

    def _ask(self, phase: Phase, phase_asker: Asker) -> None:
        """Ask for the next trials; they are stored with all their parameters and their phase, or not at all."""
        if time.monotonic() >= self._ends_at or (phase.in_generations and self._running):
            return
        with nullcontext() if SAMPLERS[phase.sampler].is_slow else transaction(self._storage):
            trials = phase_asker.ask()
        for trial in trials:
            params: Params = dict(trial.params)
            seeds = [self._seed(task) for task in self._context.tasks(params)]
            run = TrialRun(trial, phase, params, seeds, by_seed=self._by_seed)
            self._running.append(run)
            self._waiting.append(run)

    def _start(self, run: TrialRun) -> None:
        self.new_trials += 1
        for callback in self._callbacks:
            callback.on_trial_begin(run.phase, run.trial.number, run.params, run.fits_left)
        values = " ".join(f"{name}={value}" for name, value in run.params.items())
        log.info("trial %d of %s begins (%s)", run.trial.number, run.phase.name, values)
        self._advance(run)

    def _seed(self, task: Task) -> SeedRun:
        seed = SeedRun(task, self._context.key(task))
        self._checkpoints.load(seed)
        return seed

    def _advance(self, run: TrialRun) -> None:
        """Report the new values of a trial, then finish it, prune it or train on."""
        reports = run.reports()
        with transaction(self._storage):
            for step, value in reports:
                run.trial.report(value, step)
        values = [value for _, value in reports] + ([run.value()] if run.finished else [])
        undefined = [value for value in values if not math.isfinite(value)]
        if undefined:  # a pruner would take it for a bad value
            self._finish(run, failure(f"{self._context.definition.objective.metric} is {undefined[0]}"))
        elif run.finished:
            self._finish(run, Outcome(TrialState.COMPLETE, values[-1]))
        elif reports and run.trial.should_prune():
            self._finish(run, Outcome(TrialState.PRUNED))
        else:
            for seed in run.ready():
                self._train(run, seed)

    def _train(self, run: TrialRun, seed: SeedRun) -> None:
        seed.busy = True
        with self._interrupts.possible():  # a trainer without processes trains here
            future = self._trainer.submit(seed.task, seed.state, seed.next_rung())
        self._pending[future] = run, seed

    def _collect(self, future: Future[State | Fit]) -> None:
        run, seed = self._pending.pop(future)
        try:
            trained = future.result()
        except WorkerDiedError as error:
            self._retry(run, seed, str(error), error.deaths)
            return
        except Exception as error:  # the failure of this trial, not of the study
            reason = str(error) if isinstance(error, VoloptError) else f"{type(error).__name__}: {error}"
            self._finish(run, failure(reason))
            return
        epochs = -seed.epoch
        seed.receive(trained)
        epochs += seed.epoch
        self.epochs_trained += epochs
        log.info("trial %d, seed %d: epoch %d of %d", run.trial.number, seed.task.seed, seed.epoch, seed.task.epochs)
        progress = Progress(run.trial.number, epochs, seed.fit is not None, run.fits_left)
        for callback in self._callbacks:
            callback.on_progress(progress)
        self._checkpoints.save(seed)
        self._advance(run)

    def _retry(self, run: TrialRun, seed: SeedRun, cause: str, deaths: int) -> None:
        seed.deaths += deaths  # of several workers, where a cluster passed the task on by itself
        log.info(
            "trial %d, seed %d, epoch %d: %s (%d of %d)",
            run.trial.number, seed.task.seed, seed.epoch, cause, seed.deaths, MAX_DEATHS,
        )  # fmt: skip
        if seed.deaths < MAX_DEATHS:
            self._train(run, seed)
        else:
            reason = f"{GIVEN_UP} after epoch {seed.epoch}: {cause}, {seed.deaths} times without another rung"
            self._finish(run, failure(reason))

    def _finish(self, run: TrialRun, outcome: Outcome) -> None:
        """End a trial. A generation is told in the order of its trials, so that an interrupt leaves the first ones."""
        run.outcome = outcome
        for future in [future for future, (owner, _) in self._pending.items() if owner is run]:
            future.cancel()
            del self._pending[future]
        told = itertools.takewhile(lambda each: each.outcome, self._running) if run.phase.in_generations else [run]
        for each in list(told):
            self._tell(each)

    def _tell(self, run: TrialRun) -> None:
        assert run.outcome is not None
        if run.outcome.state == TrialState.FAIL:
            self._fail(run, run.outcome.reason)
        else:
            self._end(run, run.outcome.state, run.outcome.value)

    def _receive_finished_tasks(self) -> None:
        """Take the rungs that were reached but not collected when the loop ended."""
        for future, (_, seed) in self._pending.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                seed.receive(future.result())

    def _interrupt(self, run: TrialRun) -> None:
        with suppress(VoloptError):  # a full disk: the state only saves time
            for seed in run.seeds:
                self._checkpoints.save(seed, now=True)
        self._fail(run, INTERRUPTED)

    def _fail(self, run: TrialRun, reason: str) -> None:
        if reason != INTERRUPTED:
            for seed in run.seeds:  # the state itself may be the cause
                self._checkpoints.drop(seed)
        for callback in self._callbacks:
            callback.on_trial_failure(run.trial, reason)
        with transaction(self._storage, durable=True):
            run.trial.set_user_attr(REASON, reason)
            self._ledger.fail(run.phase.name, run.params, reason)
            self._running.remove(run)
            trial = self._study.tell(run.trial, None, TrialState.FAIL)
        for callback in self._callbacks:
            callback.on_trial_end(run.phase, trial)

    def _end(self, run: TrialRun, state: TrialState, value: float | None) -> None:
        """Store the results of a trial and tell it, in one transaction: Optuna takes no results after that."""
        if state == TrialState.PRUNED:
            for seed in run.seeds:
                self._checkpoints.drop(seed)
        baselines = self._context.baselines(run.seeds[0].task.config.window)
        seeds = trial_results.seeds(run, baselines)
        metrics = trial_results.means(seeds) | trial_results.ensemble(run, self._context.dataset, baselines)
        file = trial_results.trial_file(run, self._context.dataset, seeds, metrics, baselines)
        for callback in self._callbacks:
            callback.on_trial_result(run.trial, file, value)
        skills = {name: score for name, score in metrics.items() if "_skill_" in name}
        own = {name: score for name, score in metrics.items() if name not in skills}
        spans = self._context.definition.data.valid or ()
        periods = trial_results.periods(run, self._context.dataset, baselines, spans)
        scores = TrialScores(seeds=seeds, skills=skills, periods=periods).model_dump()
        attachments = self._context.artifacts.put_json(CURVES, file.model_dump())
        with transaction(self._storage, durable=True):
            set_attributes(self._storage, trial_id(run.trial), own, {**attachments, SCORES: scores})
            self._ledger.finish(run.phase.name, run.params, complete=state == TrialState.COMPLETE)
            self._running.remove(run)
            trial = self._study.tell(run.trial, value, state)
        for callback in self._callbacks:
            callback.on_trial_end(run.phase, trial)
