"""Return the tables of a study as pandas DataFrames."""

import optuna
import pandas as pd
import pyarrow as pa

from volopt.definition.schema import Definition
from volopt.errors import StudyError
from volopt.export import tables
from volopt.export.snapshot import StudySnapshot
from volopt.selection.evaluation import EvaluatedTrial, Evaluation
from volopt.storage.artifacts import Artifacts


def read_frame(
    study: optuna.Study, definition: Definition, artifacts: Artifacts, table: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return one of the tables of ``volopt export``, and what a reader must know of it, in sentences.

    Raises:
        StudyError: the study has no such table, because it has one valid period only.
    """
    schemas = tables.schemas(definition)
    if table not in schemas:
        raise StudyError(
            f'the study "{study.study_name}" has one valid period, so it has no table {table}',
            "the table trials has the scores of its one period",
        )
    snapshot = StudySnapshot(study, definition, artifacts)
    pieces = [piece for _, piece in snapshot.tables(schemas, {table})]
    frame = pa.concat_tables([schemas[table].empty_table(), *pieces]).to_pandas()
    return frame, [*snapshot.missing.sentences(), *snapshot.importance_notes]


def evaluation_frame(evaluation: Evaluation, definition: Definition) -> pd.DataFrame:
    """Return a row for each COMPLETE trial, the best first, with what ``volopt best`` says of it.

    The interval is in ``low`` and ``high``; ``in_set``, ``likely`` and ``simplest`` mark trials.
    """
    likely, simplest = evaluation.likely.number, evaluation.simplest.number
    rows = [
        _row(trial) | {"likely": trial.number == likely, "simplest": trial.number == simplest}
        for trial in evaluation.trials
    ]
    types = {
        **{"number": "int64"},
        **tables.param_types(definition),
        **dict.fromkeys(("value", "estimate", "low", "high", "p_best", "regret"), "float64"),
        **dict.fromkeys(("in_set", "likely", "simplest"), "bool"),
        **{"weights": "int64", "seconds": "float64", "seeds": "int64", "confirmed": "int64"},
    }
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _row(trial: EvaluatedTrial) -> dict[str, object]:
    low, high = trial.interval or (None, None)
    return trial._asdict() | tables.param_columns(trial.params) | {"low": low, "high": high}
