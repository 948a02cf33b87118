"""Prepare a run: read and check the definition, its data, the device, and where everything is stored."""

import math
import shlex
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from volopt.data.panel import Panel, read_data
from volopt.data.sample import default_directory
from volopt.definition import load
from volopt.definition.schema import Definition, Phase
from volopt.errors import MissingStorageError, UsageError, did_you_mean
from volopt.executors.dask import connection
from volopt.executors.machine import cores, resolve
from volopt.packs.size import max_pack
from volopt.search.context import RunContext
from volopt.search.plan import PhasePlan, max_fits, plan
from volopt.storage.artifacts import DIRECTORY, Artifacts, directory_of
from volopt.storage.database.address import Address, parse_address
from volopt.storage.database.connect import connect
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params
from volopt.training import allocator
from volopt.windows.prepare import prepare

# The options that the command to resume a study repeats, besides its phases.
REPEATED = (
    "quick", "name", "seeds", "epochs", "trials", "workers", "device", "precision", "pack", "scheduler", "timeout",
    "pictures", "data", "artifacts",
)  # fmt: skip

QUICK_SUFFIX, QUICK_EPOCHS, QUICK_SEEDS = "-quick", 25, 1  # of a first look


@dataclass(frozen=True)
class RunOptions:
    """Hold the options of the command line."""

    storage: str
    artifacts: Path | None = None  # of a server's database
    data: Path | None = None
    name: str | None = None
    phases: Sequence[str] = ()  # none: all of them
    epochs: int | None = None
    seeds: int | None = None
    trials: int | None = None
    quick: bool = False  # a first look: other defaults of name, epochs and seeds
    workers: int | None = None  # None: one a core, or one on a GPU
    scheduler: str | None = None  # of the Dask cluster that trains
    device: str = "auto"
    precision: str = "highest"
    pack: str | None = None  # fits to train together, or auto; None: 1
    timeout: float = math.inf
    pictures: Literal["all", "budget", "none"] = "budget"  # for the dashboard


@dataclass(frozen=True, kw_only=True)
class Job(RunContext):
    """Hold a study that is ready to run: its definition is checked against its data."""

    study_file: str  # as the command line names it
    text: str  # of the study file
    phases: tuple[Phase, ...]  # to run
    panel: Panel
    workers: int
    address: Address  # of the storage
    options: RunOptions

    @property
    def left_out(self) -> dict[str, str]:
        """Return the instruments of a panel that were left out, with the reason."""
        return {**self.panel.left_out, **self.dataset.left_out}

    def limited_phases(self) -> list[tuple[Phase, int]]:
        """Return the phases that cannot keep all workers busy, with how many fits they train at a time."""
        fits = len(self.tasks({}))
        limits = [(phase, max_fits(phase, fits)) for phase in self.phases]
        return [(phase, int(limit)) for phase, limit in limits if limit < self.workers]

    def plans(self, ledger: Ledger) -> list[PhasePlan]:
        """Return what is left of each phase; stored fits need no training.

        Args:
            ledger: of the study's trials, an empty one for a new study.
        """
        counted: set[str] = set()  # a point of two grids is trained in the first of them

        def missing(params: Params) -> int:
            keys = {self.key(task) for task in self.tasks(params)} - counted
            counted.update(keys)
            return sum(not self.fits.has(key) for key in keys)

        return [plan(phase, self.definition, ledger, missing, self.cost) for phase in self.phases]

    @property
    def command(self) -> str:
        """Return the command that resumes the study as it ran, wherever it is typed."""
        return shlex.join([*self._words(self.options), f"--storage={self.address.shown}"])

    def next_command(self, *, whole: bool = False) -> str:
        """Return the command that resumes the study, or the ``whole`` study of a quick look, in the same storage."""
        return shlex.join(self._words(replace(self.options, quick=False) if whole else self.options))

    def _words(self, options: RunOptions) -> list[str]:
        values = {name: getattr(options, name) for name in REPEATED}
        changed = {name: value for name, value in values.items() if value != getattr(RunOptions, name)}
        words = [f"--phase={name}" for name in options.phases]
        words += [f"--{name}" if value is True else f"--{name}={_text(value)}" for name, value in changed.items()]
        return ["volopt", "run", self.study_file, *words]


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def prepare_job(study_file: str, options: RunOptions) -> Job:
    """Read and check everything that a run needs. This writes only the frame cache and, without data, the sample.

    Raises:
        VoloptError: the study file, the data, the device or an option is wrong.
    """
    path = load.find(study_file)
    text = load.read_text(path)
    definition = _override(load.read(text, str(path)), options)
    phases = _phases(definition, options.phases)
    _check_executor(options)
    address = parse_address(options.storage)
    artifacts = _artifacts(address, definition.name, options)
    panel = read_data(definition, options.data or default_directory(address.home / "sample_cn"), artifacts / "frames")
    dataset = prepare(panel.frames, definition, panel.source.fingerprint)
    # The dataset holds the values of the frames. A view on none of them would keep them in memory a second time.
    frames = [replace(frame, values=frame.values[:0].copy(), static=None) for frame in panel.frames]
    panel = replace(panel, frames=frames)
    allocator.release()  # what the frames took
    device, workers = _device_and_workers(options)
    members = 1 if options.scheduler else max_pack(options.pack)
    return Job(
        definition,
        dataset,
        Artifacts(artifacts),
        device,
        options.precision,
        members,
        options.timeout,
        study_file=study_file,
        text=text,
        phases=phases,
        panel=panel,
        workers=1 if members > 1 else workers,
        address=address,
        options=options,
    )


def _override(definition: Definition, options: RunOptions) -> Definition:
    """Return the definition with the values of the options; explicit ones come before those of a quick look."""
    name, epochs, seeds = options.name, options.epochs, options.seeds
    if options.quick:
        name = name or f"{definition.name}{QUICK_SUFFIX}"
        epochs, seeds = epochs or min(QUICK_EPOCHS, definition.training.epochs), seeds or QUICK_SEEDS
    return load.override(definition, name=name, epochs=epochs, seeds=seeds, trials=options.trials)


def _check_executor(options: RunOptions) -> None:
    """Refuse a device, pack or cluster that cannot be used, before anything is read."""
    if options.scheduler is None:
        resolve(options.device)
        max_pack(options.pack)
        return
    connection.check_options(options.scheduler, options.device)
    if options.pack not in (None, "1"):
        raise UsageError(
            f"--pack {options.pack} and --scheduler exclude each other: a cluster's worker trains one fit at a time",
            "remove one of them",
        )
    if options.workers is not None:
        raise UsageError(
            f"--workers {options.workers} and --scheduler exclude each other: a cluster has its own workers",
            "remove one of them; VOLOPT_WORKERS and VOLOPT_SCHEDULER count too",
        )


def _device_and_workers(options: RunOptions) -> tuple[str, int]:
    if options.scheduler is not None:
        return connection.find_workers(options.scheduler, options.device)
    device = resolve(options.device)
    return device, options.workers or (cores() if device == "cpu" else 1)


def _artifacts(address: Address, study_name: str, options: RunOptions) -> Path:
    """Return the artifact directory of a study, which need not exist yet."""
    home = address.home / DIRECTORY
    if address.file is not None:
        if options.artifacts is not None:
            raise UsageError(f"the artifacts of {address.file} are beside it", "remove --artifacts")
        return home
    try:
        with closing(connect(options.storage)) as storage:
            stored = directory_of(storage, study_name)
    except MissingStorageError:
        stored = None
    chosen = options.artifacts and options.artifacts.resolve()
    if stored and chosen and stored != chosen:
        raise UsageError(f'the artifacts of the study "{study_name}" are in {stored}', "remove --artifacts")
    return stored or chosen or home


def _phases(definition: Definition, names: Sequence[str]) -> tuple[Phase, ...]:
    known = {phase.name: phase for phase in definition.phases}
    for name in names:
        if name not in known:
            raise UsageError(
                f'the study "{definition.name}" has no phase "{name}"{did_you_mean(name, known)}',
                f"its phases are {', '.join(known)}",
            )
    return tuple(phase for phase in definition.phases if not names or phase.name in names)
