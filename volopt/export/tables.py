"""A study as tidy tables: one observation a row, one variable a column.

``trials`` has a row a trial, ``seeds`` one a seed of a trial, ``curves`` one an epoch of a seed, ``gradients`` one a
recurrent layer of a recorded epoch, ``predictions`` one a forecast day of an instrument, and ``instruments`` one a
split of an instrument, with the scores of the mean of a trial's forecasts there. Epochs and layers count from 1.

In ``predictions``, ``model`` is ``trial``, or a baseline, which has neither trial nor seed. Forecasts with the same
``day_set``, instrument, split and date can be compared. There are several sets where the days move with the window; the
baselines stand once on each. The instrument is missing in what an older volopt left.

Columns, their order and their types follow from the study's definition alone, whatever trials there are.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from volopt.baselines.forecasts import BASELINES, SCORED
from volopt.definition.schema import Definition, Range, Scalar
from volopt.studies.trial_file import StoredCurves, TrialFile

Schema = Any  # pyarrow's; it has no types to check against
Table = Any
Columns = dict[str, Any]  # by name: a list, or one value for every row

_LOG_SCORES = [f"{split}_log_{score}" for split in SCORED for score in ("r2", "mse")]
_SKILLS = [f"{split}_skill_{name}" for split in SCORED for name in BASELINES]
METRICS = (
    "train_mse", "valid_mse", "test_mse", *_LOG_SCORES, "test_mase", "test_direction", "flatness", *_SKILLS,
)  # fmt: skip
ENSEMBLE = tuple(f"ensemble_{name}" for name in (*_LOG_SCORES, *_SKILLS))
OF_INSTRUMENTS = ("log_r2", "log_mse", *(f"skill_{name}" for name in BASELINES))  # of each split
RECORDED = ("valid_log_mse", "valid_log_r2")  # of some epochs only


def schemas(definition: Definition) -> dict[str, Schema]:
    """Return the columns of each table; pandas reads a whole number that may be missing as its ``Int64``."""
    return {name: _schema(types) for name, types in _types(definition).items()}


def trials(listed: Sequence[Mapping[str, Any]], starts: Sequence[datetime | None], schema: Schema) -> Table:
    """Return the table of trials.

    Args:
        listed: as ``listing.trials`` gives them.
        starts: when each began.
        schema: of the table.
    """
    words = {name for name in schema.names if not pa.types.is_primitive(schema.field(name).type)}
    rows = []
    for trial, start in zip(listed, starts, strict=True):
        params = {k: str(value) if k in words else value for k, value in _params(trial["params"]).items()}
        phases = ",".join(trial["phases"]) or None
        rows.append({**trial["metrics"], **trial, **params, "phases": phases, "datetime_start": start})
    return pa.Table.from_pylist(rows, schema=schema)


def seeds(listed: Sequence[Mapping[str, Any]], schema: Schema) -> Table:
    """Return the table of seeds, of trials as ``listing.trials`` gives them."""
    rows = [{"trial": trial["number"], **seed} for trial in listed for seed in trial["seeds"]]
    return pa.Table.from_pylist(rows, schema=schema)


def of_artifact(number: int, left: TrialFile, day_set: int, known: Mapping[str, Schema]) -> dict[str, Table]:
    """Return the curves, gradients, predictions and instruments of a trial.

    Args:
        number: the trial's.
        left: by it as a file.
        day_set: the number of its set of days.
        known: the schema of each table.
    """
    parts = {name: [known[name].empty_table()] for name in ("curves", "gradients", "predictions")}
    days = {split: _days(split, left) for split in left.days}
    for seed in left.seeds:
        keys = {"trial": number, "seed": seed.seed}
        parts["curves"].append(_table(keys | _curves(seed.curves), known["curves"]))
        parts["gradients"].append(_table(keys | _gradients(seed.curves), known["gradients"]))
        for split, forecast in seed.forecast.items():  # a seed that was pruned has none
            columns = {"model": "trial", "day_set": day_set, **keys, **days[split], "forecast": _listed(forecast)}
            parts["predictions"].append(_table(columns, known["predictions"]))
    rows = [{"trial": number, **row} for row in _instruments(left)]
    instruments = pa.Table.from_pylist(rows, schema=known["instruments"])
    return {name: pa.concat_tables(tables) for name, tables in parts.items()} | {"instruments": instruments}


def of_baselines(
    arrays: Mapping[str, NDArray[np.float64]], left: TrialFile, day_set: int, schema: Schema
) -> Iterator[Table]:
    """Return the predictions of the baselines on one set of days.

    Args:
        arrays: as they are kept, named "har.valid".
        left: by a trial on this set; its seeds are not asked for.
        day_set: its number.
        schema: of the table.

    Raises:
        KeyError, ValueError: forecasts are missing, or are of other days.
    """
    days = {split: _days(split, left) for split in SCORED}
    for name in BASELINES:
        keys = {"model": name, "trial": None, "seed": None, "day_set": day_set}
        for split in SCORED:
            forecast = arrays[f"{name}.{split}"].tolist()
            yield _table({**keys, **days[split], "forecast": forecast}, schema)


def _types(definition: Definition) -> dict[str, dict[str, str]]:
    """Return the pandas type of each column of each table."""
    seed = {"trial": "int64", "seed": "int64"}
    return {
        "trials": {
            **{"number": "int64", "state": "string", "phases": "string"},
            **_params({key: _type(entry) for key, entry in definition.space.items()}),
            **dict.fromkeys(("value", *METRICS, *ENSEMBLE), "float64"),
            **{"datetime_start": "datetime64[us]", "seconds": "float64", "reason": "string"},
        },
        "seeds": {**seed, **dict.fromkeys(METRICS, "float64"), "epochs": "int64", "best_epoch": "Int64"},
        "curves": {**seed, "epoch": "int64", **dict.fromkeys(("train_mse", "valid_mse", *RECORDED), "float64")},
        "gradients": {**seed, "epoch": "int64", "layer": "int64", "gradient_norm": "float64"},
        "predictions": {
            **{"model": "string", "trial": "Int64", "seed": "Int64", "day_set": "int64"},
            **{"instrument": "string", "split": "string", "date": "datetime64[ms]"},
            **{"actual": "float64", "forecast": "float64"},
        },
        "instruments": {
            **{"trial": "int64", "instrument": "string", "split": "string"},
            **dict.fromkeys(OF_INSTRUMENTS, "float64"),
        },
    }


def _type(entry: Range | tuple[Scalar, ...]) -> str:
    """Return the pandas type of a parameter; one with numbers and words, as batch_size may be, is text."""
    values = (entry.low, entry.high) if isinstance(entry, Range) else entry
    kinds = {type(value) for value in values}
    types = {bool: "boolean", int: "Int64", float: "float64"}
    return types.get(kinds.pop(), "string") if len(kinds) == 1 else "string"


def _schema(types: Mapping[str, str]) -> Schema:
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    return pa.Schema.from_pandas(empty, preserve_index=False)


def _params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters under the names that Optuna's ``trials_dataframe`` gives them."""
    return {f"params_{key}": value for key, value in params.items()}


def _curves(found: StoredCurves) -> Columns:
    epochs = list(range(1, len(found.train_mse) + 1))
    records = {"valid_log_mse": found.valid_log_mse, "valid_log_r2": found.valid_log_r2}
    recorded = {name: dict(zip(found.record_epoch, each, strict=bool(each))) for name, each in records.items()}
    return {
        "epoch": epochs,
        "train_mse": found.train_mse,
        "valid_mse": found.valid_mse,
        **{name: [values.get(epoch) for epoch in epochs] for name, values in recorded.items()},
    }


def _gradients(found: StoredCurves) -> Columns:
    norms = found.gradient_norm
    rows = [
        (epoch, layer, norm)
        for epoch, row in zip(found.record_epoch, norms, strict=bool(norms))
        for layer, norm in enumerate(row, start=1)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(("epoch", "layer", "gradient_norm"))}


def _days(split: str, left: TrialFile) -> Columns:
    found = left.days[split]
    names = [name for share in left.shares(split) for name in [share.instrument or None] * len(found.date[share.rows])]
    dates: list[datetime] = np.asarray(found.date, "datetime64[ms]").tolist()
    return {"instrument": names, "split": split, "date": dates, "actual": _listed(found.actual)}


def _listed(values: Sequence[float | None] | NDArray[np.float64]) -> Sequence[float | None]:
    """Return a column as a list, None where an array has NaN."""
    if not isinstance(values, np.ndarray):
        return values
    return [None if math.isnan(value) else value for value in values.tolist()]


def _instruments(left: TrialFile) -> Iterator[Columns]:
    """Return a row for each split of each instrument that has scores there."""
    for each in left.instruments:
        for split in SCORED:
            scores = {
                name: each.metrics[f"{split}_{name}"] for name in OF_INSTRUMENTS if f"{split}_{name}" in each.metrics
            }
            if scores:
                yield {"instrument": each.instrument, "split": split, **scores}


def _table(columns: Columns, schema: Schema) -> Table:
    count = next(len(values) for values in columns.values() if isinstance(values, list))
    whole = {name: values if isinstance(values, list) else [values] * count for name, values in columns.items()}
    return pa.Table.from_pydict(whole, schema=schema)
