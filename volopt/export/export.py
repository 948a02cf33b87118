"""Write a study's tables as files: all of them, or none.

The tables are written trial by trial into a temporary folder in the target directory, and moved at the end. So memory
holds the curves and forecasts of one trial, and a killed process leaves only that folder, which nothing reads.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

from volopt.definition.schema import Definition
from volopt.errors import StorageError, StudyError, UsageError
from volopt.export import tables
from volopt.export.tables import Schemas, Table
from volopt.importance.importance import study_importance
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import listing, trial_file
from volopt.studies.trial_file import TrialFile

WRITERS = {"csv": CSVWriter, "parquet": ParquetWriter}


class TableFile(NamedTuple):
    """Hold the path of a written table, and its number of rows."""

    path: Path
    rows: int


class Export(NamedTuple):
    """Hold the written files by table, and what was missing."""

    files: dict[str, TableFile]
    unread: list[int]  # trials whose curves and forecasts are missing or broken
    without_baselines: list[int]  # sets of days whose baseline forecasts are missing


def export(
    study: optuna.Study,
    definition: Definition,
    artifacts: Artifacts,
    directory: Path,
    format: str,
    *,
    force: bool = False,
) -> Export:
    """Write the tables of a study to a directory, which is created if it does not exist.

    The format is a key of ``WRITERS``; ``force`` replaces existing files.

    Raises:
        StudyError: the study has no trials.
        UsageError: a file exists already.
        StorageError: the directory cannot be written to.
    """
    source = _StudySnapshot(study, definition, artifacts)
    if not source.rows:
        raise StudyError(f'the study "{study.study_name}" has no trials yet', "run it first")
    schemas = tables.schemas(definition, days_as_times=format == "parquet")
    paths = {name: directory / f"{name}.{format}" for name in schemas}
    existing = [path for path in paths.values() if path.exists()]
    if existing and not force:
        raise UsageError(f"{existing[0]} exists already", "--force replaces it, --out DIR writes elsewhere")
    rows: Counter[str] = Counter()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".export-", dir=directory) as folder:
            parts = {name: Path(folder, path.name) for name, path in paths.items()}
            with ExitStack() as stack:
                writers = {
                    name: stack.enter_context(WRITERS[format](str(part), schemas[name])) for name, part in parts.items()
                }
                for name, table in source.tables(schemas):
                    writers[name].write_table(table)
                    rows[name] += table.num_rows
            for name, path in paths.items():
                parts[name].replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write in {directory}: {error.strerror or error}", "free some space or name another --out"
        ) from error
    files = {name: TableFile(path, rows[name]) for name, path in paths.items()}
    return Export(files, source.unread, source.without_baselines)


class _StudySnapshot:
    """Read the tables of a study as it stood at one moment, piece by piece."""

    def __init__(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> None:
        self.rows = listing.trials(study, definition)
        self.unread: list[int] = []
        self.without_baselines: list[int] = []
        self._study, self._definition, self._artifacts = study, definition, artifacts
        self._trials = study.get_trials(deepcopy=False)[: len(self.rows)]  # without those that began since
        self._day_sets: dict[str, TrialFile] = {}  # a file without seeds, by the key of its baselines

    def tables(self, schemas: Schemas) -> Iterator[tuple[str, Table]]:
        """Return pieces of tables with the table's name; ``unread`` and ``without_baselines`` are complete after it."""
        starts = [trial.datetime_start for trial in self._trials]
        yield "trials", tables.trials(self.rows, starts, schemas["trials"])
        yield "seeds", tables.seeds(self.rows, schemas["seeds"])
        if "periods" in schemas:
            yield "periods", tables.periods(self.rows, schemas["periods"])
        phases = study_importance(self._study, self._definition).phases
        yield "importance", tables.importance(chain(*phases.values()), schemas["importance"])
        for row, trial in zip(self.rows, self._trials, strict=True):
            if row["state"] in ("COMPLETE", "PRUNED"):  # others leave no file
                yield from self._trial_tables(trial, schemas).items()
        for day_set, (key, file) in enumerate(self._day_sets.items(), start=1):
            arrays, _ = array_store.baselines(*self._artifacts.directories).get(key) or ({}, {})
            try:
                predictions = list(tables.baseline_predictions(arrays, file, day_set, schemas["predictions"]))
            except (KeyError, TypeError, ValueError):  # forecasts are missing, or of other days
                self.without_baselines.append(day_set)
            else:
                yield from (("predictions", table) for table in predictions)

    def _trial_tables(self, trial: FrozenTrial, schemas: Schemas) -> dict[str, Table]:
        file = trial_file.read(self._study, trial, self._artifacts)
        if file is None:
            self.unread.append(trial.number)
            return {}
        day_set = [*self._day_sets, file.baselines].index(file.baselines) + 1
        pieces = tables.trial_tables(trial.number, file, day_set, schemas)
        if pieces["predictions"].num_rows:
            self._day_sets.setdefault(file.baselines, file.model_copy(update={"seeds": []}))
        return pieces
