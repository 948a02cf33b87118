"""The file of a trial: its curves and predictions. One schema writes and reads it.

The long columns of a large panel are arrays, those of other trials are lists, as ``storage.columns`` stores them. A
file may be missing, damaged, of an earlier volopt or a stranger's. ``read`` returns the whole file or None.
"""

import math
from collections.abc import Sequence, Sized
from itertools import accumulate
from typing import Annotated, Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial
from pydantic import AfterValidator, Field, InstanceOf, PlainSerializer, ValidationError, model_validator

from volopt.definition.plain_text import is_plain
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.storage.run_record import StoredModel
from volopt.studies.attributes import MAX_EXACT, Day, Score

SPLITS = frozenset({"valid", "test"})
FIRST_DAY, LAST_DAY = "1000-01-01", "2999-12-31"  # of the days with four digits of a year
Count = Annotated[int, Field(ge=0, lt=MAX_EXACT)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]
Loss = Annotated[float, Field(allow_inf_nan=False, ge=0)]
Record = list[Number | None]  # None: not defined


def _check_plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("the text controls a terminal")
    return text


def _check_days(days: list[str]) -> list[str]:
    np.asarray(days, "datetime64[D]")  # raises for a day that does not exist
    return days


def _to_days(days: NDArray[Any]) -> NDArray[np.datetime64]:
    if days.ndim != 1 or days.dtype.kind != "i" or not len(days):
        raise ValueError("not days since 1970")
    first, last = np.array([FIRST_DAY, LAST_DAY], "datetime64[D]").astype(np.int64).tolist()
    if days.min() < first or days.max() > last:
        raise ValueError("no such day")
    return days.astype("datetime64[D]")


def _from_days(days: NDArray[np.datetime64]) -> NDArray[np.int32]:
    return days.astype("datetime64[D]").astype(np.int32)


def _check_floats(values: NDArray[Any]) -> NDArray[np.float64]:
    if values.ndim != 1 or values.dtype != np.float64:
        raise ValueError("not a column of numbers")
    return values


def _check_finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(values).all():
        raise ValueError("not finite")
    return values


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_check_plain)]
DayList = Annotated[list[Day], Field(min_length=1), AfterValidator(_check_days)]
DayColumn = Annotated[InstanceOf[NDArray[Any]], AfterValidator(_to_days), PlainSerializer(_from_days, return_type=Any)]
Column = Annotated[
    InstanceOf[NDArray[Any]], AfterValidator(_check_floats), PlainSerializer(lambda column: column, return_type=Any)
]


class StoredCurves(StoredModel):
    """Hold the curves of a seed, see ``training.curves``: a loss for each epoch, and records of some epochs."""

    train_mse: Annotated[list[Loss], Field(min_length=1)]
    valid_mse: list[Loss]
    record_epoch: list[Count] = []
    gradient_norm: list[Annotated[Record, Field(min_length=1)]] = []
    valid_log_mse: Record = []
    valid_log_r2: Record = []

    @model_validator(mode="after")
    def _check(self) -> "StoredCurves":
        records: list[list[Any]] = [self.gradient_norm, self.valid_log_mse, self.valid_log_r2]
        _check_lengths([self.train_mse, self.valid_mse])
        _check_lengths([self.record_epoch, *(record for record in records if record)])
        _check_lengths(self.gradient_norm)
        if any(not 1 <= epoch <= len(self.train_mse) for epoch in self.record_epoch):
            raise ValueError("no such epoch")
        return self


class StoredFit(StoredModel):
    """Hold the results of one seed in one of several valid periods."""

    period: Count  # its index
    metrics: dict[str, Score] = {}
    curves: StoredCurves | None = None  # None: those of the seed


class StoredSeed(StoredModel):
    """Hold the results of one seed. Only a finished seed has forecasts.

    With several valid periods, its metrics and forecasts are those of all of them. ``curves``, ``epochs`` and
    ``best_epoch`` are those of the last period that began.
    """

    seed: Count
    metrics: dict[str, Score] = {}
    curves: StoredCurves
    fits: list[StoredFit] = []  # by period, where the study has several; those that began
    forecast: dict[str, list[float | None] | Column] = {}  # by split, original units

    @model_validator(mode="after")
    def _check(self) -> "StoredSeed":
        epoch = self.metrics.get("best_epoch")
        if epoch is not None and not (isinstance(epoch, int) and 1 <= epoch <= len(self.curves.train_mse)):
            raise ValueError("no such epoch")
        return self

    @property
    def last_period(self) -> int:
        """Return the index of the valid period of ``curves``."""
        return self.fits[-1].period if self.fits else 0


class StoredDays(StoredModel):
    """Hold the days of a split and their actual values, in original units."""

    date: DayList | DayColumn
    actual: list[Number] | Annotated[Column, AfterValidator(_check_finite)]


class InstrumentDays(StoredModel):
    """Count the days of one instrument in a split, where the instruments follow one another.

    With several valid periods, the days of an instrument in one period follow those in the period before.
    """

    instrument: Name
    period: Count = 0  # its index
    days: Annotated[int, Field(ge=1, lt=MAX_EXACT)]
    log_floor: Positive | None  # forecasts below it are raised to it before their logarithm


class InstrumentScores(StoredModel):
    """Hold the scores of the seeds' mean forecast on one instrument."""

    instrument: Name
    metrics: dict[str, Number | None] = {}


class InstrumentRows(NamedTuple):
    """Locate the days of one instrument, in one valid period if there are several.

    In a file of an earlier volopt all days have the instrument "".
    """

    instrument: str
    rows: slice
    log_floor: float  # NaN where the instrument has none


class TrainTarget(StoredModel):
    """Describe the target on the train days."""

    mean: Number | None
    std: Positive | None
    log_floor: Positive | None


class TrialFile(StoredModel):
    """Hold the file of a trial. ``baselines`` is the key of the baselines' forecasts on the same days."""

    window: Count | None = None
    train: TrainTarget
    metrics: dict[str, Score] = {}
    baselines: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{0,100}$")]
    days: dict[str, StoredDays]  # by split
    parts: dict[str, list[InstrumentDays]] = {}  # by split; files of earlier versions have none
    instruments: list[InstrumentScores] = []
    seeds: Annotated[list[StoredSeed], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> "TrialFile":
        _check_distinct([seed.seed for seed in self.seeds])
        if not self.days.keys() == SPLITS >= {split for seed in self.seeds for split in seed.forecast}:
            raise ValueError("not the splits valid and test")
        for split, days in self.days.items():
            finished = [seed.forecast[split] for seed in self.seeds if seed.forecast]
            _check_lengths([days.date, days.actual, *finished])
        if self.parts and self.parts.keys() != SPLITS:
            raise ValueError("not the splits valid and test")
        for split, parts in self.parts.items():
            _check_distinct([(part.instrument, part.period) for part in parts])
            if sum(part.days for part in parts) != len(self.days[split].date):
                raise ValueError("the instruments have other days")
        _check_distinct([scores.instrument for scores in self.instruments])
        return self

    def instrument_rows(self, split: str) -> list[InstrumentRows]:
        """Return the days of each instrument in a split, those of each valid period by themselves, in their order."""
        parts = self.parts.get(split, [])
        stops = accumulate(part.days for part in parts)
        rows = [
            InstrumentRows(part.instrument, slice(stop - part.days, stop), _or_nan(part.log_floor))
            for part, stop in zip(parts, stops, strict=True)
        ]
        return rows or [InstrumentRows("", slice(0, len(self.days[split].date)), _or_nan(self.train.log_floor))]


def parse(content: object) -> TrialFile | None:
    """Return the trial file of its JSON content, or None where the content is not valid."""
    try:
        return TrialFile.model_validate(content)
    except (ValidationError, KeyError, RecursionError):
        return None


def read(study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> TrialFile | None:
    """Return the file of a stored trial, or None where it is missing or not valid."""
    try:
        content: Any = artifacts.read(study, trial, CURVES)
    except (KeyError, TypeError, ValueError):  # the study is gone, or the attributes of its files are not valid
        return None
    return parse(content)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _check_distinct(values: Sequence[object]) -> None:
    if len(set(values)) < len(values):
        raise ValueError("a name or number occurs twice")


def _check_lengths(columns: Sequence[Sized]) -> None:
    if len(set(map(len, columns))) > 1:
        raise ValueError("lengths differ")
