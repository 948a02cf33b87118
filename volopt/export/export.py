"""Write a study's tables as files: all of them, or none.

The tables are written trial by trial into a temporary folder in the target directory, and moved at the end. So memory
holds the curves and forecasts of one trial, and a killed process leaves only that folder, which nothing reads.
"""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import optuna
from pyarrow.csv import CSVWriter
from pyarrow.parquet import ParquetWriter

from volopt.definition.schema import Definition
from volopt.errors import StorageError, StudyError, UsageError
from volopt.export import tables
from volopt.export.snapshot import Missing, StudySnapshot
from volopt.storage.artifacts import Artifacts

WRITERS = {"csv": CSVWriter, "parquet": ParquetWriter}


class TableFile(NamedTuple):
    """Hold the path of a written table, and its number of rows."""

    path: Path
    rows: int


class Export(NamedTuple):
    """Hold the written files by table, and what was missing."""

    files: dict[str, TableFile]
    missing: Missing


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
    source = StudySnapshot(study, definition, artifacts)
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
                for name, table in source.tables(schemas, schemas):
                    writers[name].write_table(table)
                    rows[name] += table.num_rows
            for name, path in paths.items():
                parts[name].replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write in {directory}: {error.strerror or error}", "free some space or name another --out"
        ) from error
    files = {name: TableFile(path, rows[name]) for name, path in paths.items()}
    return Export(files, source.missing)
