"""Writing a study's tables as files: all of them whole, or none.

They are written trial by trial into a folder beside where they will stand, and moved there at the end: memory holds one
trial's curves and forecasts, and a killed process leaves only that folder, which nothing reads.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import optuna
import pyarrow as pa
from optuna.trial import FrozenTrial
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

from volopt.definition.schema import Definition
from volopt.errors import StorageError, StudyError, UsageError
from volopt.export import tables
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import trial_file
from volopt.studies.listing import trials
from volopt.studies.trial_file import TrialFile

WRITERS = {"csv": CSVWriter, "parquet": ParquetWriter}


class TableFile(NamedTuple):
    """One file."""

    path: Path
    rows: int


class Export(NamedTuple):
    """What was written, by table, and what was not there to be written."""

    files: dict[str, TableFile]
    unread: list[int]  # trials whose curves and forecasts are missing or broken
    without_baselines: list[int]  # sets of days on which the baselines' forecasts are gone


def export(
    study: optuna.Study,
    definition: Definition,
    artifacts: Artifacts,
    directory: Path,
    format: str,
    *,
    force: bool = False,
) -> Export:
    """Write the tables of a study.

    Args:
        study: to export.
        definition: stored with it.
        artifacts: of its storage.
        directory: where the files go; it is made where it is missing.
        format: a key of ``WRITERS``.
        force: replace files that are there.

    Raises:
        StudyError: the study has no trials.
        UsageError: a file is there already.
        StorageError: the directory cannot be written to.
    """
    source = _StudySnapshot(study, definition, artifacts)
    if not source.listed:
        raise StudyError(f'the study "{study.study_name}" has no trials yet', "run it first")
    schemas = {name: _schema(schema, format) for name, schema in tables.schemas(definition).items()}
    paths = {name: directory / f"{name}.{format}" for name in schemas}
    there = [path for path in paths.values() if path.exists()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already", "--force replaces it, --out DIR writes elsewhere")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".export-", dir=directory) as folder:
            parts = {name: Path(folder, path.name) for name, path in paths.items()}
            rows = _write(source.pieces(schemas), parts, schemas, WRITERS[format])
            for name, path in paths.items():
                parts[name].replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write in {directory}: {error.strerror or error}", "free some space or name another --out"
        ) from error
    files = {name: TableFile(path, rows[name]) for name, path in paths.items()}
    return Export(files, source.unread, source.without_baselines)


class _StudySnapshot:
    """A study as it stood at one moment, table by table."""

    def __init__(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> None:
        self.listed = trials(study, definition)
        self.unread: list[int] = []
        self.without_baselines: list[int] = []
        self._study, self._artifacts = study, artifacts
        self._frozen = study.get_trials(deepcopy=False)[: len(self.listed)]  # some may have come since
        self._days: dict[str, TrialFile] = {}  # of each set, without seeds, under the key of its baselines

    def pieces(self, schemas: dict[str, tables.Schema]) -> Iterator[tuple[str, tables.Table]]:
        """Return the tables in pieces, each with its name."""
        starts = [trial.datetime_start for trial in self._frozen]
        yield "trials", tables.trials(self.listed, starts, schemas["trials"])
        yield "seeds", tables.seeds(self.listed, schemas["seeds"])
        for facts, trial in zip(self.listed, self._frozen, strict=True):
            if facts["state"] in ("COMPLETE", "PRUNED"):  # the others leave no artifact
                yield from self._of_artifact(trial, schemas).items()
        for day_set, (key, left) in enumerate(self._days.items(), start=1):
            for table in self._of_baselines(key, left, day_set, schemas["predictions"]):
                yield "predictions", table

    def _of_artifact(self, trial: FrozenTrial, schemas: dict[str, tables.Schema]) -> dict[str, tables.Table]:
        left = trial_file.read(self._study, trial, self._artifacts)
        if left is None:
            self.unread.append(trial.number)
            return {}
        day_set = [*self._days, left.baselines].index(left.baselines) + 1
        found = tables.of_artifact(trial.number, left, day_set, schemas)
        if found["predictions"].num_rows:
            self._days.setdefault(left.baselines, left.model_copy(update={"seeds": []}))
        return found

    def _of_baselines(self, key: str, left: TrialFile, day_set: int, schema: tables.Schema) -> list[tables.Table]:
        arrays, _ = array_store.baselines(*self._artifacts.directories).get(key) or ({}, {})
        try:
            return list(tables.of_baselines(arrays, left, day_set, schema))
        except (KeyError, TypeError, ValueError):  # some are missing, or of other days
            self.without_baselines.append(day_set)
            return []


def _schema(schema: tables.Schema, format: str) -> tables.Schema:
    """Return the schema as a format writes it: pandas wants a time where a text file shows a day alone."""
    if format == "parquet" or "date" not in schema.names:
        return schema
    return schema.set(schema.get_field_index("date"), pa.field("date", pa.date32()))


def _write(
    pieces: Iterator[tuple[str, tables.Table]], paths: dict[str, Path], schemas: dict[str, tables.Schema], writer: Any
) -> Counter[str]:
    """Write tables piece by piece and return the rows of each."""
    rows: Counter[str] = Counter()
    with ExitStack() as stack:
        files = {name: stack.enter_context(writer(str(path), schemas[name])) for name, path in paths.items()}
        for name, table in pieces:
            files[name].write_table(table)
            rows[name] += table.num_rows
    return rows
