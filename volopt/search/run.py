"""``volopt run`` as a function: from a job to the results of its driver."""

import logging
import os
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

from volopt.errors import MissingStorageError
from volopt.executors.processes import local_trainer
from volopt.executors.trainer import Trainer
from volopt.search.callbacks import Callback
from volopt.search.driver import Driver
from volopt.search.interrupts import Interrupts
from volopt.search.job import Job
from volopt.search.plan import PhasePlan
from volopt.storage.artifacts import PLACE
from volopt.storage.database.connect import connect
from volopt.storage.lock import study_lock
from volopt.storage.run_record import RecordedData, RecordedFrame, RunRecord, run_record
from volopt.studies import listing, study
from volopt.studies.attributes import ORPHAN
from volopt.studies.ledger import Ledger
from volopt.windows.periods import count_days

log = logging.getLogger(__name__)


def planned(job: Job) -> list[PhasePlan]:
    """Return what is left of each phase; this reads the storage and writes nothing.

    Raises:
        StudyError: the stored study has another definition or other data.
    """
    ledger = Ledger(job.definition.training.retries)
    with suppress(MissingStorageError), closing(connect(job.options.storage)) as storage:
        if job.definition.name in study.names(storage):
            stored, _ = study.find(storage, job.definition.name)
            study.check_continues(stored, job.definition, job.panel.source)
            ledger = study.ledger(stored, job.definition)
    return job.plans(ledger)


def run(job: Job, callbacks: Sequence[Callback] = (), *, owns_process: bool = True) -> dict[str, Any]:
    """Run a study to its end, and return what ``run --json`` prints.

    Args:
        job: from ``prepare_job``.
        callbacks: react to events, in their order.
        owns_process: whether a second Ctrl-C may end the process, see ``Interrupts``.

    Raises:
        VoloptError: the storage cannot be used, or the study is another's or held by another process.
    """
    clock, cpu = time.monotonic(), sum(os.times()[:4])
    with (
        study_lock(job.address, job.definition.name) as renew,
        closing(connect(job.options.storage, write=True, create=True, guard=renew)) as storage,
    ):
        running = study.open_or_create(storage, job.definition, job.panel.source)
        job.artifacts.prepare()
        if job.address.server is not None:
            running.set_user_attr(PLACE, str(job.artifacts.directory.resolve()))
        study.add_run(running, _record(job))
        fitted = job.baselines(job.definition.model.window)
        study.store_baselines(running, fitted.metrics, [each.metrics for each in fitted.of_periods])
        orphans = study.repair(running)
        ledger = study.ledger(running, job.definition)
        plans = job.plans(ledger)
        for callback in callbacks:
            callback.on_run_begin(running, job.artifacts, plans)
            for orphan in orphans:
                callback.on_trial_failure(orphan, ORPHAN)
        for orphan in orphans:
            log.info("trial %d was left RUNNING by a process that is gone; it is FAIL now", orphan.number)
        interrupts = Interrupts(owns_process=owns_process)
        trainer = _trainer(job)  # outside the block, so that Ctrl-C ends the wait for a cluster
        driver = Driver(running, ledger, job, trainer, callbacks, interrupts)
        with interrupts:
            driver.run(job.phases)
        study.repair(running)  # a trial may have been created twice, where the storage did not answer
        for callback in callbacks:
            callback.on_run_end(running)
        states = listing.counts(running)
        return {
            "study": job.definition.name,
            "complete": states["complete"],
            "pruned": states["pruned"],
            "failed": states["failed"],
            "new_trials": driver.new_trials,
            "known": sum(ledger.known.values()),
            "exhausted": driver.exhausted,
            "seconds": round(time.monotonic() - clock, 3),
            "cpu_seconds": round(sum(os.times()[:4]) - cpu, 3),
            "epochs_trained": driver.epochs_trained,
            "best": listing.best(running),
        }


def _trainer(job: Job) -> Trainer:
    if job.options.scheduler is not None:
        from volopt.executors.dask.trainer import ClusterTrainer

        return ClusterTrainer(job.dataset, job.options.scheduler, job.device)
    if job.packed:
        from volopt.packs.size import AUTO
        from volopt.packs.timing import PackTiming
        from volopt.packs.trainer import PackTrainer

        return PackTrainer(job.dataset, job.max_pack, PackTiming(measures=job.options.pack == AUTO))
    return local_trainer(job.dataset, job.workers)


def _record(job: Job) -> RunRecord:
    window = job.definition.max_window()
    max_lines = 1 if job.definition.data.is_panel else None  # a panel has many frames
    frames = [
        RecordedFrame(
            name=frame.name,
            first=str(frame.dates[0]),
            last=str(frame.dates[-1]),
            quality=frame.quality.lines()[:max_lines],
        )
        for frame in job.panel.frames
        if frame.name not in job.left_out
    ]
    return run_record(
        data=RecordedData(
            **vars(job.panel.source), frames=frames, days=count_days(job.dataset, window), left_out=job.left_out
        ),
        device=job.device,
        precision=job.precision,
        workers=job.workers,
        scheduler=job.options.scheduler,
        pack=job.options.pack,
        command=job.command,
        study_file=job.text,
    )
