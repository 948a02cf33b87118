"""The file that a trial leaves, read back: the whole of it as ``results.artifact`` writes it, or nothing.

The long columns of a large panel are arrays, those of other trials lists, as they stand in the file.

It may be missing, damaged, of an older volopt or a stranger's. Whoever reads one does so here.
"""

import math
from collections.abc import Sequence, Sized
from itertools import accumulate
from typing import Annotated, Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf, ValidationError, model_validator

from volopt.definition.plain import is_plain
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.studies.attribute_checks import LARGEST

SPLITS = frozenset({"valid", "test"})
Whole = Annotated[int, Field(ge=0, lt=LARGEST)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]
Loss = Annotated[float, Field(allow_inf_nan=False, ge=0)]
Record = list[Number | None]  # None is for what is not defined
YEARS = "1000-01-01", "2999-12-31"  # first and last day of those that four digits tell


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("it steers a terminal")
    return text


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain)]


def _days(days: list[str]) -> list[str]:
    np.asarray(days, "datetime64[D]")  # raises where there is no such day
    return days


def _day_numbers(days: NDArray[Any]) -> NDArray[np.datetime64]:
    if days.ndim != 1 or days.dtype.kind != "i" or not len(days):
        raise ValueError("no days since 1970")
    first, last = np.array(YEARS, "datetime64[D]").astype(np.int64).tolist()
    if days.min() < first or days.max() > last:
        raise ValueError("no such day")
    return days.astype("datetime64[D]")


def _floats(values: NDArray[Any]) -> NDArray[np.float64]:
    if values.ndim != 1 or values.dtype != np.float64:
        raise ValueError("no column of numbers")
    return values


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(values).all():
        raise ValueError("not finite")
    return values


DayNumbers = Annotated[InstanceOf[NDArray[Any]], AfterValidator(_day_numbers)]
Floats = Annotated[InstanceOf[NDArray[Any]], AfterValidator(_floats)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)  # 1 is no text, and "1" no number


class StoredCurves(_Table):
    """The curves of a seed, as ``training.curves`` has them; a loss an epoch, and records of some epochs."""

    train_mse: Annotated[list[Loss], Field(min_length=1)]
    valid_mse: list[Loss]
    record_epoch: list[Whole] = []
    gradient_norm: list[Annotated[Record, Field(min_length=1)]] = []
    valid_log_mse: Record = []
    valid_log_r2: Record = []

    @model_validator(mode="after")
    def _even(self) -> "StoredCurves":
        records: list[list[Any]] = [self.gradient_norm, self.valid_log_mse, self.valid_log_r2]
        _alike([self.train_mse, self.valid_mse])
        _alike([self.record_epoch, *(each for each in records if each)])
        _alike(self.gradient_norm)
        if any(not 1 <= epoch <= len(self.train_mse) for epoch in self.record_epoch):
            raise ValueError("no such epoch")
        return self


class StoredSeed(_Table):
    """What one seed left; ``forecast`` is of a finished one."""

    seed: Whole
    metrics: dict[str, Whole | Number | None] = {}
    curves: StoredCurves
    forecast: dict[str, list[float | None] | Floats] = {}  # by split

    @model_validator(mode="after")
    def _possible(self) -> "StoredSeed":
        best = self.metrics.get("best_epoch")
        if best is not None and not (isinstance(best, int) and 1 <= best <= len(self.curves.train_mse)):
            raise ValueError("no such epoch")
        return self


class StoredDays(_Table):
    """The days of a split with what came, in original units."""

    date: (
        Annotated[
            list[Annotated[str, Field(pattern=r"^[12]\d\d\d-\d\d-\d\d$")]], Field(min_length=1), AfterValidator(_days)
        ]
        | DayNumbers
    )
    actual: list[Number] | Annotated[Floats, AfterValidator(_finite)]


class InstrumentDays(_Table):
    """One instrument's share of the days of a split, where the instruments follow one another."""

    instrument: Name
    days: Annotated[int, Field(ge=1, lt=LARGEST)]
    log_floor: Positive | None  # what its forecasts are raised to before their logarithm


class InstrumentScores(_Table):
    """How well the mean of the seeds' forecasts does on one instrument."""

    instrument: Name
    metrics: dict[str, Number | None] = {}


class InstrumentRows(NamedTuple):
    """A part, with its place among the days; of an older artifact it is all of them, and its instrument ""."""

    instrument: str
    rows: slice
    log_floor: float  # NaN where the instrument has none


class TrainTarget(_Table):
    """What the train target is like."""

    mean: Number | None
    std: Positive | None
    log_floor: Positive | None


class TrialFile(_Table):
    """What a trial left; ``baselines`` is the key under which the baselines' forecasts of the same days are kept."""

    train: TrainTarget
    baselines: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{0,100}$")]
    days: dict[str, StoredDays]  # by split
    parts: dict[str, list[InstrumentDays]] = {}  # by split; an older volopt wrote none
    instruments: list[InstrumentScores] = []
    seeds: Annotated[list[StoredSeed], Field(min_length=1)]

    @model_validator(mode="after")
    def _even(self) -> "TrialFile":
        _distinct([seed.seed for seed in self.seeds])
        if not self.days.keys() == SPLITS >= {split for seed in self.seeds for split in seed.forecast}:
            raise ValueError("not these splits")
        for split, days in self.days.items():
            finished = [seed.forecast[split] for seed in self.seeds if seed.forecast]
            _alike([days.date, days.actual, *finished])
        if self.parts and self.parts.keys() != SPLITS:
            raise ValueError("not these splits")
        for split, parts in self.parts.items():
            _distinct([part.instrument for part in parts])
            if sum(part.days for part in parts) != len(self.days[split].date):
                raise ValueError("parts of other days")
        _distinct([each.instrument for each in self.instruments])
        return self

    def shares(self, split: str) -> list[InstrumentRows]:
        """Return whose the days of a split are, in their order."""
        stops = list(accumulate(part.days for part in self.parts.get(split, [])))
        found = [
            InstrumentRows(part.instrument, slice(stop - part.days, stop), _or_nan(part.log_floor))
            for part, stop in zip(self.parts.get(split, []), stops, strict=True)
        ]
        return found or [InstrumentRows("", slice(0, len(self.days[split].date)), _or_nan(self.train.log_floor))]


def parse(content: object) -> TrialFile | None:
    """Return what the JSON of an artifact says, or None where it is not whole."""
    try:
        return TrialFile.model_validate(content)
    except (ValidationError, KeyError, RecursionError):
        return None


def read(study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> TrialFile | None:
    """Return what a stored trial left, or None where that is missing or not whole."""
    try:
        content: Any = artifacts.read(study, trial, CURVES)
    except (KeyError, TypeError, ValueError):  # the study is gone, or what it says of its files makes no sense
        return None
    return parse(content)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _distinct(values: Sequence[object]) -> None:
    if len(set(values)) < len(values):
        raise ValueError("one twice")


def _alike(columns: Sequence[Sized]) -> None:
    if len(set(map(len, columns))) > 1:
        raise ValueError("lengths differ")
