"""What a run needs, read and checked: the definition, its data, the device, and where everything is kept."""

import math
import os
import shlex
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from volopt.baselines import baselines
from volopt.baselines.baselines import Baselines
from volopt.data.frame import without_values
from volopt.data.locate import locate
from volopt.data.panel import Panel, read_data
from volopt.definition import load
from volopt.definition.schema import Definition, Phase
from volopt.errors import MissingStorageError, UsageError, did_you_mean
from volopt.executors.dask import connection
from volopt.packs import size
from volopt.search import cost
from volopt.storage import array_store
from volopt.storage.artifacts import DIRECTORY, place_of
from volopt.storage.database.address import Address, address
from volopt.storage.database.connect import connect
from volopt.studies.space import Params
from volopt.training.device import resolve
from volopt.windows.dataset import Dataset, prepare

# The options of the command that goes on with a study.
NUMBERS = ("name", "seeds", "epochs", "trials", "device", "precision", "pack", "scheduler")
PLACES = ("data", "storage", "artifacts")


@dataclass(frozen=True)
class RunOptions:
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
    scheduler: str | None = None  # of a Dask cluster, whose workers train
    device: str = "auto"
    precision: str = "highest"
    pack: str | None = None  # fits to train together, or auto; None: auto on a GPU
    timeout: float = math.inf


@dataclass(frozen=True)
class Job:
    """A study ready to run: the definition checked against its data."""

    study_file: str  # as the command line names it
    definition: Definition
    phases: tuple[Phase, ...]
    text: str  # of the study file
    panel: Panel
    dataset: Dataset
    device: str
    workers: int
    where: Address  # of the storage
    artifacts: Path  # the directory of artifacts and kept fits
    options: RunOptions
    members: int = 1  # fits that are trained together, at most

    @property
    def packed(self) -> bool:
        """Return whether fits are trained in packs."""
        return self.members > 1

    @property
    def left_out(self) -> dict[str, str]:
        """Return the instruments of a panel that were left out, with the reason."""
        return {**self.panel.left_out, **self.dataset.left_out}

    @property
    def command(self) -> str:
        """Return the command that goes on with the study: what was said of its numbers, and where they are kept."""
        said = {name: getattr(self.options, name) for name in NUMBERS + PLACES} | {"storage": self.where.shown}
        options = [f"--{name}={value}" for name, value in said.items() if value != getattr(RunOptions, name, None)]
        return shlex.join(["volopt", "run", self.study_file, *options])

    def baselines(self, window: int) -> Baselines:
        """Return the baselines on the days that a window has to forecast, without their forecasts, which are kept."""
        lags = self.definition.model.window
        found = baselines.baselines(self.dataset, window, lags, array_store.baselines(self.artifacts))
        return replace(found, forecasts={})

    def cost(self, params: Params) -> float:
        """Return the estimated CPU seconds of one fit."""
        return cost.seconds(self.definition, params, self.dataset.days("train", self.definition.max_window()))


def prepare_job(study_file: str, options: RunOptions) -> Job:
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
    _check_place(options)
    where = address(options.storage)
    artifacts = _artifacts(where, definition.name, options)
    panel = read_data(definition, options.data or locate(where.home / "sample_cn"), artifacts / "frames")
    dataset = prepare(panel.frames, definition, panel.source.fingerprint)
    panel = replace(panel, frames=tuple(map(without_values, panel.frames)))  # the dataset has them
    device, workers = _place(options)
    members = 1 if options.scheduler else size.members(options.pack, device, phases, definition.training.seeds)
    return Job(
        study_file,
        definition,
        phases,
        text,
        panel,
        dataset,
        device,
        1 if members > 1 else workers,
        where,
        artifacts,
        options,
        members,
    )


def _check_place(options: RunOptions) -> None:
    """Refuse a place to train in that cannot be, before anything is read."""
    if options.scheduler is None:
        size.members(options.pack, resolve(options.device), (), seeds=1)
        return
    connection.check(options.scheduler, options.device)
    if options.pack not in (None, "1"):
        raise UsageError(
            f"--pack {options.pack} and --scheduler exclude each other: a cluster's worker trains one fit at a time",
            "leave one of them out",
        )
    if options.workers is not None:
        raise UsageError(
            f"--workers {options.workers} and --scheduler exclude each other: a cluster has the workers that joined it",
            "leave one of them out; VOLOPT_WORKERS and VOLOPT_SCHEDULER count too",
        )


def _place(options: RunOptions) -> tuple[str, int]:
    """Return the device, and how many tasks are trained at a time."""
    if options.scheduler is not None:
        return connection.look(options.scheduler, options.device)
    device = resolve(options.device)
    return device, options.workers or (cores() if device == "cpu" else 1)


def _artifacts(where: Address, study_name: str, options: RunOptions) -> Path:
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


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chosen(definition: Definition, names: Sequence[str]) -> tuple[Phase, ...]:
    known = {phase.name: phase for phase in definition.phases}
    for name in names:
        if name not in known:
            raise UsageError(
                f'the study "{definition.name}" has no phase "{name}"{did_you_mean(name, known)}',
                f"its phases are {', '.join(known)}",
            )
    return tuple(phase for phase in definition.phases if not names or phase.name in names)
