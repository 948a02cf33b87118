"""Turn a study into tidy tables: one observation a row, one variable a column.

``trials`` has a row for each trial, ``seeds`` for each seed of a trial, ``curves`` for each epoch of a seed,
``gradients`` for each recurrent layer in a recorded epoch, ``predictions`` for each forecast day of an instrument,
``instruments`` for each split of an instrument, with the scores of the mean of a trial's forecasts, and ``importance``
for each bar of the figure of that name. A study with several valid periods has also ``periods`` with a row for each
period of a COMPLETE trial, and ``curves`` and ``gradients`` of each period.

Epochs, layers and periods count from 1. In ``predictions``, ``model`` is ``trial`` or a baseline; a baseline has
neither trial nor seed. Forecasts with the same ``day_set``, instrument, split and date can be compared. There are
several sets if the days depend on the window, and each set has the baselines once. Files of an older volopt have no
instrument.

Columns, their order and their types follow from the study's definition alone, and do not depend on its trials.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from volopt.baselines.forecasts import SCORED
from volopt.baselines.methods import baselines_of
from volopt.definition.schema import Definition, Range, Scalar
from volopt.importance.bars import Importance
from volopt.studies.trial_file import StoredCurves, StoredSeed, TrialFile

Schema = Any  # of pyarrow, which has no types to check against
Schemas = Mapping[str, Schema]  # by table
Table = Any
Columns = dict[str, Any]  # by name: a list, or one value for every row

_LOG_SCORES = [f"{split}_log_{score}" for split in SCORED for score in ("r2", "mse")]
_METRICS = ("train_mse", "valid_mse", "test_mse", *_LOG_SCORES, "test_mase", "test_direction", "flatness")
RECORDED_METRICS = ("valid_log_mse", "valid_log_r2")  # of some epochs only


def schemas(definition: Definition, *, days_as_times: bool = True) -> Schemas:
    """Return the columns of each table.

    pandas reads a whole number that may be missing as its ``Int64``. It needs days as times, while a text file shows
    days.
    """
    schemas = {}
    for name, types in _pandas_types(definition).items():
        empty = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in types.items()})
        schema = pa.Schema.from_pandas(empty, preserve_index=False)
        if "date" in types and not days_as_times:
            schema = schema.set(schema.get_field_index("date"), pa.field("date", pa.date32()))
        schemas[name] = schema
    return schemas


def trials(rows: Sequence[Mapping[str, Any]], starts: Sequence[datetime | None], schema: Schema) -> Table:
    """Return the table of trials from the rows of ``listing.trials`` and the start of each trial."""
    text_columns = {name for name in schema.names if not pa.types.is_primitive(schema.field(name).type)}
    records = []
    for row, start in zip(rows, starts, strict=True):
        params = {k: str(value) if k in text_columns else value for k, value in param_columns(row["params"]).items()}
        phases = ",".join(row["phases"]) or None
        records.append({**row["metrics"], **row, **params, "phases": phases, "datetime_start": start})
    return pa.Table.from_pylist(records, schema=schema)


def seeds(rows: Sequence[Mapping[str, Any]], schema: Schema) -> Table:
    """Return the table of seeds from the rows of ``listing.trials``."""
    records = [{"trial": row["number"], **seed} for row in rows for seed in row["seeds"]]
    return pa.Table.from_pylist(records, schema=schema)


def periods(rows: Sequence[Mapping[str, Any]], schema: Schema) -> Table:
    """Return the table of valid periods from the rows of ``listing.trials``."""
    records = [
        {"trial": row["number"], "period": number, **period, **period["metrics"]}
        for row in rows
        for number, period in enumerate(row.get("periods", []), start=1)
    ]
    return pa.Table.from_pylist(records, schema=schema)


def importance(importances: Iterable[Importance], schema: Schema) -> Table:
    """Return the table of importances; ``more`` counts what its row's ``unit`` says."""
    records = [one._asdict() | bar._asdict() for one in importances for bar in one.bars]
    return pa.Table.from_pylist(records, schema=schema)


def param_types(definition: Definition) -> dict[str, str]:
    """Return the pandas type of the column of each parameter."""
    return param_columns({key: _param_type(entry) for key, entry in definition.space.items()})


def param_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with the column names of Optuna's ``trials_dataframe``."""
    return {f"params_{key}": value for key, value in values.items()}


def trial_tables(number: int, file: TrialFile, day_set: int, schemas: Schemas) -> dict[str, Table]:
    """Return the curves, gradients, predictions and instruments of a trial; ``day_set`` numbers its set of days."""
    pieces = {name: [schemas[name].empty_table()] for name in ("curves", "gradients", "predictions")}
    days = {split: _day_columns(split, file) for split in file.days}
    for seed in file.seeds:
        keys = {"trial": number, "seed": seed.seed}
        for period, curves in _curves_by_period(seed):
            of = keys | period
            pieces["curves"].append(_table(of | _curve_columns(curves), schemas["curves"]))
            pieces["gradients"].append(_table(of | _gradient_columns(curves), schemas["gradients"]))
        for split, forecast in seed.forecast.items():  # a pruned seed has none
            columns = {"model": "trial", "day_set": day_set, **keys, **days[split], "forecast": _list(forecast)}
            pieces["predictions"].append(_table(columns, schemas["predictions"]))
    instruments = pa.Table.from_pylist(
        [{"trial": number, **record} for record in _instrument_records(file, schemas["instruments"].names)],
        schema=schemas["instruments"],
    )
    return {name: pa.concat_tables(tables) for name, tables in pieces.items()} | {"instruments": instruments}


def baseline_predictions(
    baselines: Sequence[str], arrays: Mapping[str, NDArray[np.float64]], file: TrialFile, day_set: int, schema: Schema
) -> Iterator[Table]:
    """Return the predictions of a study's baselines on one set of days.

    The stored arrays have names like "har.valid". The file is that of any trial on this set; its seeds are not read.

    Raises:
        KeyError, ValueError: forecasts are missing, or are of other days.
    """
    days = {split: _day_columns(split, file) for split in SCORED}
    for name in baselines:
        keys = {"model": name, "trial": None, "seed": None, "day_set": day_set}
        for split in SCORED:
            yield _table({**keys, **days[split], "forecast": arrays[f"{name}.{split}"].tolist()}, schema)


def _pandas_types(definition: Definition) -> dict[str, dict[str, str]]:
    """Return the pandas type of each column of each table."""
    seed = {"trial": "int64", "seed": "int64"}
    fit = seed | ({"period": "int64"} if definition.data.has_periods else {})
    baselines = baselines_of(definition.data.static)
    skills = [f"{split}_skill_{name}" for split in SCORED for name in baselines]
    metrics, ensemble = [*_METRICS, *skills], [f"ensemble_{name}" for name in (*_LOG_SCORES, *skills)]
    tables = {
        "trials": {
            **{"number": "int64", "state": "string", "phases": "string"},
            **param_types(definition),
            **dict.fromkeys(("value", *metrics, *ensemble), "float64"),
            **{"datetime_start": "datetime64[us]", "seconds": "float64", "reason": "string"},
        },
        "seeds": {**seed, **dict.fromkeys(metrics, "float64"), "epochs": "int64", "best_epoch": "Int64"},
        "curves": {**fit, "epoch": "int64", **dict.fromkeys(("train_mse", "valid_mse", *RECORDED_METRICS), "float64")},
        "gradients": {**fit, "epoch": "int64", "layer": "int64", "gradient_norm": "float64"},
        "predictions": {
            **{"model": "string", "trial": "Int64", "seed": "Int64", "day_set": "int64"},
            **{"instrument": "string", "split": "string", "date": "datetime64[ms]"},
            **{"actual": "float64", "forecast": "float64"},
        },
        "instruments": {
            **{"trial": "int64", "instrument": "string", "split": "string"},
            **dict.fromkeys(("log_r2", "log_mse", *(f"skill_{name}" for name in baselines)), "float64"),
        },
        "importance": {
            **dict.fromkeys(("phase", "method", "name"), "string"),
            **dict.fromkeys(("value", "low", "high", "first"), "float64"),
            **{"trials": "int64", "settled": "boolean", "more": "Int64", "unit": "string"},
        },
    }
    if definition.data.has_periods:
        names = [name for name in (*metrics, *ensemble) if "test" not in name and name != "flatness"]
        tables["periods"] = {
            **{"trial": "int64", "period": "int64", "first": "string", "last": "string"},
            **dict.fromkeys(names, "float64"),
        }
    return tables


def _param_type(entry: Range | tuple[Scalar, ...]) -> str:
    """Return the pandas type of a parameter; numbers mixed with text, as in batch_size, are text."""
    values = (entry.low, entry.high) if isinstance(entry, Range) else entry
    kinds = {type(value) for value in values}
    types = {bool: "boolean", int: "Int64", float: "float64"}
    return types.get(kinds.pop(), "string") if len(kinds) == 1 else "string"


def _curves_by_period(seed: StoredSeed) -> Iterator[tuple[Columns, StoredCurves]]:
    """Yield the curves of each period that began, with the period's column; of a study with one period, its curves."""
    if not seed.fits:
        yield {"period": None}, seed.curves
    for fit in seed.fits:
        yield {"period": fit.period + 1}, fit.curves or seed.curves


def _curve_columns(curves: StoredCurves) -> Columns:
    epochs = list(range(1, len(curves.train_mse) + 1))
    columns: Columns = {"epoch": epochs, "train_mse": curves.train_mse, "valid_mse": curves.valid_mse}
    for name in RECORDED_METRICS:
        values = getattr(curves, name)
        by_epoch = dict(zip(curves.record_epoch, values, strict=bool(values)))
        columns[name] = [by_epoch.get(epoch) for epoch in epochs]
    return columns


def _gradient_columns(curves: StoredCurves) -> Columns:
    rows = [
        (epoch, layer, norm)
        for epoch, norms in zip(curves.record_epoch, curves.gradient_norm, strict=bool(curves.gradient_norm))
        for layer, norm in enumerate(norms, start=1)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(("epoch", "layer", "gradient_norm"))}


def _day_columns(split: str, file: TrialFile) -> Columns:
    days = file.days[split]
    names = [part.instrument or None for part in file.instrument_rows(split) for _ in range(len(days.date[part.rows]))]
    dates: list[datetime] = np.asarray(days.date, "datetime64[ms]").tolist()
    return {"instrument": names, "split": split, "date": dates, "actual": _list(days.actual)}


def _instrument_records(file: TrialFile, columns: Sequence[str]) -> Iterator[Columns]:
    """Return a row for each split of each instrument that has one of the scores among the columns."""
    for instrument in file.instruments:
        for split in SCORED:
            names = {name: f"{split}_{name}" for name in columns}
            scores = {name: instrument.metrics[of] for name, of in names.items() if of in instrument.metrics}
            if scores:
                yield {"instrument": instrument.instrument, "split": split, **scores}


def _list(values: Sequence[float | None] | NDArray[np.float64]) -> Sequence[float | None]:
    """Return a column as a list, with None for NaN in an array."""
    if not isinstance(values, np.ndarray):
        return values
    return [None if math.isnan(value) else value for value in values.tolist()]


def _table(columns: Columns, schema: Schema) -> Table:
    rows = next(len(values) for values in columns.values() if isinstance(values, list))
    lists = {name: values if isinstance(values, list) else [values] * rows for name, values in columns.items()}
    return pa.Table.from_pydict(lists, schema=schema)
