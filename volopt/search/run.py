"""``volopt run`` as a plain function: everything between a job and its driver."""

import functools
import logging
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import optuna

from volopt.errors import MissingStorageError
from volopt.executors.processes import ProcessTrainer
from volopt.executors.serial import SerialTrainer
from volopt.executors.trainer import Trainer
from volopt.packs import size
from volopt.packs.timing import PackTiming
from volopt.packs.trainer import PackTrainer
from volopt.search.callbacks import Callback
from volopt.search.driver import Driver, RunContext
from volopt.search.illustrator import Illustrator
from volopt.search.job import Job
from volopt.search.plan import PhasePlan, plan
from volopt.storage import array_store
from volopt.storage.artifacts import PLACE, Artifacts
from volopt.storage.database.connect import connect
from volopt.storage.lock import study_lock
from volopt.storage.record import run_record
from volopt.studies import listing, study
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params
from volopt.training.task import tasks
from volopt.windows.split import SPLITS

log = logging.getLogger(__name__)


def planned(job: Job) -> list[PhasePlan]:
    """Return what is left of each phase; reads the storage and writes nothing."""
    ledger = Ledger(job.definition.training.retries)
    with suppress(MissingStorageError), closing(connect(job.options.storage)) as storage:
        if job.definition.name in study.names(storage):
            ledger = study.ledger(study.find(storage, job.definition.name)[0], job.definition)
    return _planned(job, ledger)


def _planned(job: Job, ledger: Ledger) -> list[PhasePlan]:
    fits = array_store.fits(job.artifacts)
    data = (job.dataset.fingerprint, job.dataset.recipe)

    counted: set[str] = set()  # a point of two grids is trained in the first of them

    def missing(params: Params) -> int:
        made = tasks(job.definition, params, job.device, job.options.precision, packed=job.packed)
        keys = {task.key(data) for task in made} - counted
        counted.update(keys)
        return sum(not fits.has(key) for key in keys)

    return [plan(phase, job.definition, ledger, missing, job.cost) for phase in job.phases]


def run(
    job: Job,
    watch: Callable[[list[PhasePlan]], Callback],
    illustrate: Callable[[optuna.Study, Artifacts], Illustrator] = lambda study, artifacts: Illustrator(),
    conclude: Callable[[optuna.Study], None] = lambda study: None,
) -> dict[str, Any]:
    """Run a study to its end and return what ``run --json`` prints.

    Args:
        job: from ``prepare_job``.
        watch: given what is to be done, returns who hears of it as it is done.
        illustrate: given the study and where its files are, returns who draws pictures and writes notes as it goes on.
        conclude: given the study at its end, while all that was read of it is in memory.

    Raises:
        VoloptError: the storage cannot be used, or the study is another's or held by another process.
    """
    clock, cpu = time.monotonic(), sum(os.times()[:4])
    artifacts = Artifacts(job.artifacts)
    with (
        study_lock(job.where, job.definition.name) as lock,
        closing(connect(job.options.storage, write=True, create=True, guard=lock.renew)) as storage,
    ):
        found = study.open_or_create(storage, job.definition, job.panel.source)
        artifacts.prepare()
        if job.where.server is not None:
            found.set_user_attr(PLACE, str(job.artifacts.resolve()))
        study.add_run(found, _record(job))
        study.keep_baselines(found, job.baselines(job.definition.model.window).metrics)
        illustrator = illustrate(found, artifacts)
        for orphan in study.repair(found):
            log.info("trial %d was left behind by a run that is gone; it is told FAIL", orphan.number)
            illustrator.failed(orphan, study.ORPHAN)
        ledger = study.ledger(found, job.definition)
        workshop = _workshop(job, watch(_planned(job, ledger)), illustrator)
        driver = Driver(found, job.definition, ledger, workshop)
        illustrator.study()
        with workshop.interrupts:
            driver.run(job.phases)
        study.repair(found)  # a trial may have been made twice, where the storage did not answer
        conclude(found)
        states = listing.counts(found)
        return {
            "study": job.definition.name,
            "complete": states["complete"],
            "pruned": states["pruned"],
            "failed": states["failed"],
            "new_trials": driver.new_trials,
            "seconds": round(time.monotonic() - clock, 3),
            "cpu_seconds": round(sum(os.times()[:4]) - cpu, 3),
            "epochs_trained": driver.epochs_trained,
            "best": listing.best(found),
        }


def _workshop(job: Job, listener: Callback, illustrator: Illustrator) -> RunContext:
    return RunContext(
        dataset=job.dataset,
        trainer=_trainer(job),
        fits=array_store.fits(job.artifacts),
        artifacts=Artifacts(job.artifacts),
        baselines=functools.cache(job.baselines),
        cost=job.cost,
        listener=listener,
        illustrator=illustrator,
        device=job.device,
        precision=job.options.precision,
        packed=job.packed,
        timeout=job.options.timeout,
    )


def _trainer(job: Job) -> Trainer:
    if job.options.scheduler is not None:
        from volopt.executors.dask.trainer import ClusterTrainer

        return ClusterTrainer(job.dataset, job.options.scheduler, job.device)
    if job.packed:
        return PackTrainer(job.dataset, job.members, PackTiming(measures=job.options.pack in (None, size.AUTO)))
    return SerialTrainer(job.dataset) if job.workers == 1 else ProcessTrainer(job.dataset, job.workers)


def _record(job: Job) -> dict[str, Any]:
    window = job.definition.max_window()
    said = 1 if job.definition.data.instruments is not None else None  # lines a frame: a panel has many
    frames = [
        {
            "name": each.name,
            "first": str(each.dates[0]),
            "last": str(each.dates[-1]),
            "quality": each.quality.lines()[:said],
        }
        for each in job.panel.frames
        if each.name not in job.left_out
    ]
    days = {split: job.dataset.days(split, window) for split in SPLITS}
    return run_record(
        data=vars(job.panel.source) | {"frames": frames, "days": days, "left_out": job.left_out},
        device=job.device,
        precision=job.options.precision,
        workers=job.workers,
        scheduler=job.options.scheduler,
        pack=job.options.pack,
        command=job.command,
        study_file=job.text,
    )
