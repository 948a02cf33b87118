"""``volopt run`` as a plain function: everything between the command line and the driver."""

import functools
import logging
import math
import os
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from volopt.baselines import baselines
from volopt.baselines.baselines import Baselines
from volopt.data.frame import Frame, Source, load_frames
from volopt.data.locate import locate
from volopt.definition import load
from volopt.definition.schema import Definition, Phase
from volopt.errors import MissingStorageError, UsageError, did_you_mean
from volopt.search import cost, listing, study
from volopt.search.driver import Driver, Workshop
from volopt.search.executors import Trainer
from volopt.search.executors.processes import ProcessTrainer
from volopt.search.executors.serial import SerialTrainer
from volopt.search.illustrator import Illustrator
from volopt.search.ledger import Ledger
from volopt.search.listener import Listener
from volopt.search.plan import PhasePlan, plan
from volopt.search.space import Params
from volopt.storage import kept
from volopt.storage.address import Address, address
from volopt.storage.artifacts import DIRECTORY, PLACE, Artifacts, place_of
from volopt.storage.connect import connect
from volopt.storage.lock import study_lock
from volopt.storage.record import run_record
from volopt.training.device import resolve
from volopt.training.task import tasks
from volopt.windows.dataset import Dataset, prepare
from volopt.windows.split import SPLITS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line says beside the study file."""

    storage: str
    artifacts: Path | None = None  # of a server's database
    data: Path | None = None
    name: str | None = None
    phases: Sequence[str] = ()  # none: all of them
    epochs: int | None = None
    seeds: int | None = None
    trials: int | None = None
    workers: int | None = None  # None: one a core, or one on a GPU
    device: str = "auto"
    precision: str = "highest"
    timeout: float = math.inf


@dataclass(frozen=True)
class Job:
    """A study ready to run: the definition checked against its data."""

    study_file: str  # as the command line names it
    definition: Definition
    phases: tuple[Phase, ...]
    text: str  # of the study file
    frames: tuple[Frame, ...]
    source: Source
    dataset: Dataset
    device: str
    workers: int
    where: Address  # of the storage
    artifacts: Path  # the directory of artifacts and kept fits
    options: Options

    @property
    def command(self) -> str:
        """Return the command that goes on with the study: what was said of its numbers, and where they are kept."""
        names = ("name", "seeds", "epochs", "trials", "device", "precision", "data", "storage", "artifacts")
        said = {name: getattr(self.options, name) for name in names} | {"storage": self.where.shown}
        options = [f"--{name}={value}" for name, value in said.items() if value != getattr(Options, name, None)]
        return shlex.join(["volopt", "run", self.study_file, *options])

    def baselines(self, window: int) -> Baselines:
        """Return the baselines on the days that a window has to forecast."""
        lags = self.definition.model.window
        return baselines.baselines(self.dataset, window, lags, kept.baselines(self.artifacts))

    def cost(self, params: Params) -> float:
        """Return the estimated CPU seconds of one fit."""
        return cost.seconds(self.definition, params, len(self.dataset.train_target(self.definition.max_window())))


def prepare_job(study_file: str, options: Options) -> Job:
    """Read and check everything a run needs, and write nothing but the frame cache and, without data, the sample.

    Raises:
        VoloptError: the study file, the data, the device or an option is wrong.
    """
    path = load.find(study_file)
    text = load.read_text(path)
    definition = load.override(
        load.read(text, str(path)),
        name=options.name,
        epochs=options.epochs,
        seeds=options.seeds,
        trials=options.trials,
    )
    phases = _chosen(definition, options.phases)
    device = resolve(options.device)
    where = address(options.storage)
    artifacts = _artifacts(where, definition.name, options)
    frames, source = read_data(definition, options.data, where.home / "sample_cn", artifacts / "frames")
    dataset = prepare(frames, definition, source.fingerprint)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = options.workers or (cores if device == "cpu" else 1)
    return Job(
        study_file,
        definition,
        phases,
        text,
        tuple(frames),
        source,
        dataset,
        device,
        workers,
        where,
        artifacts,
        options,
    )


def _artifacts(where: Address, study_name: str, options: Options) -> Path:
    """Return where a study's artifacts are, or are to be."""
    if where.file is not None:
        if options.artifacts is not None:
            raise UsageError(f"the artifacts of {where.file} lie beside it", "leave out --artifacts")
        return where.home / DIRECTORY
    try:
        with closing(connect(options.storage)) as storage:
            stored = place_of(storage, study_name)
    except MissingStorageError:
        stored = None
    said = options.artifacts and options.artifacts.resolve()
    if stored and said and stored != said:
        raise UsageError(f'the artifacts of the study "{study_name}" are in {stored}', "leave out --artifacts")
    return stored or said or where.home / DIRECTORY


def read_data(definition: Definition, data: Path | None, sample: Path, cache: Path) -> tuple[list[Frame], Source]:
    """Return the frames of a definition.

    Args:
        definition: the study's.
        data: the data directory, or None for the default one.
        sample: where the synthetic sample is, or will be.
        cache: directory of frames that were read before.
    """
    said = definition.data
    expressions = list(dict.fromkeys([*said.features, said.target]))
    files = (said.files.history, said.files.test) if said.files else ()
    first = said.train[0] if said.train else None
    last = said.test[1] if said.test else None
    where = data or locate(sample)
    return load_frames(where, said.instrument, expressions, first, last, files=files, cache=cache)


def planned(job: Job) -> list[PhasePlan]:
    """Return what is left of each phase; reads the storage and writes nothing."""
    ledger = Ledger(job.definition.training.retries)
    with suppress(MissingStorageError), closing(connect(job.options.storage)) as storage:
        if job.definition.name in study.names(storage):
            ledger = study.ledger(study.find(storage, job.definition.name)[0], job.definition)
    fits = kept.fits(job.artifacts)
    data = (job.dataset.fingerprint, job.dataset.recipe)

    counted: set[str] = set()  # a point of two grids is trained in the first of them

    def missing(params: Params) -> int:
        keys = {task.key(data) for task in tasks(job.definition, params, job.device, job.options.precision)} - counted
        counted.update(keys)
        return sum(not fits.has(key) for key in keys)

    return [plan(phase, job.definition, ledger, missing, job.cost) for phase in job.phases]


def run(
    job: Job,
    watch: Callable[[list[PhasePlan]], Listener],
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
        found = study.open_or_create(storage, job.definition, job.source)
        artifacts.prepare()
        if job.where.server is not None:
            found.set_user_attr(PLACE, str(job.artifacts.resolve()))
        study.add_run(found, _record(job))
        study.keep_baselines(found, job.baselines(job.definition.model.window).metrics)
        illustrator = illustrate(found, artifacts)
        for orphan in study.repair(found):
            log.info("trial %d was left behind by a run that is gone; it is told FAIL", orphan.number)
            illustrator.failed(orphan, study.ORPHAN)
        workshop = _workshop(job, watch(planned(job)), illustrator)
        driver = Driver(found, job.definition, study.ledger(found, job.definition), workshop)
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


def _workshop(job: Job, listener: Listener, illustrator: Illustrator) -> Workshop:
    return Workshop(
        dataset=job.dataset,
        trainer=_trainer(job),
        fits=kept.fits(job.artifacts),
        artifacts=Artifacts(job.artifacts),
        baselines=functools.cache(job.baselines),
        cost=job.cost,
        listener=listener,
        illustrator=illustrator,
        device=job.device,
        precision=job.options.precision,
        timeout=job.options.timeout,
    )


def _trainer(job: Job) -> Trainer:
    return SerialTrainer(job.dataset) if job.workers == 1 else ProcessTrainer(job.dataset, job.workers)


def _record(job: Job) -> dict[str, Any]:
    window = job.definition.max_window()
    frames = [
        {"name": each.name, "first": str(each.dates[0]), "last": str(each.dates[-1]), "quality": each.quality.lines()}
        for each in job.frames
    ]
    days = {split: job.dataset.days(split, window) for split in SPLITS}
    return run_record(
        data=vars(job.source) | {"frames": frames, "days": days},
        device=job.device,
        precision=job.options.precision,
        workers=job.workers,
        command=job.command,
        study_file=job.text,
    )


def _chosen(definition: Definition, names: Sequence[str]) -> tuple[Phase, ...]:
    known = {phase.name: phase for phase in definition.phases}
    for name in names:
        if name not in known:
            raise UsageError(
                f'the study "{definition.name}" has no phase "{name}"{did_you_mean(name, known)}',
                f"its phases are {', '.join(known)}",
            )
    return tuple(phase for phase in definition.phases if not names or phase.name in names)
