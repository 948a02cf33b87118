"""What a provider directory holds and what is wrong with it: facts only, the command line prints them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from volopt.data.provider import Provider, open_provider
from volopt.data.quality import Gap, Outlier, find_gaps, find_outliers
from volopt.errors import DataError, suggest

FIELDS = ("$open", "$high", "$low", "$close", "$volume", "$factor")
PRICES = FIELDS[:4]
ROUNDING = 1e-4  # relative: prices went through an adjustment and float32


@dataclass(frozen=True)
class InstrumentReport:
    """One instrument over the days it is listed; ``readable`` says that its volume could be read at all."""

    name: str
    first: date
    last: date
    trade_days: int
    no_trade_days: int
    gaps: tuple[Gap, ...]
    outliers: tuple[Outlier, ...]
    problems: tuple[str, ...]
    readable: bool


@dataclass(frozen=True)
class ProviderReport:
    """A whole directory; without a calendar there is nothing but problems."""

    directory: str
    first: date | None
    last: date | None
    days: int
    instruments: tuple[InstrumentReport, ...]
    problems: tuple[str, ...]

    @property
    def readable(self) -> bool:
        """Whether at least one of its instruments can be read."""
        return any(instrument.readable for instrument in self.instruments)

    def under(self, name: str) -> "ProviderReport":
        """The same, told of the directory by another name than it had when it was looked at."""

        def told(problems: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(problem.replace(self.directory, name) for problem in problems)

        each = tuple(replace(report, problems=told(report.problems)) for report in self.instruments)
        return replace(self, directory=name, instruments=each, problems=told(self.problems))


def _say_nothing(done: int, total: int) -> None:
    pass


def check_provider(
    directory: Path, instrument: str | None = None, tell: Callable[[int, int], None] = _say_nothing
) -> ProviderReport:
    """Look at every instrument of a provider directory, or at one.

    Args:
        directory: which.
        instrument: the one; None means every.
        tell: hears how many are done, of how many.

    Raises:
        DataError: there is no such instrument.
    """
    try:
        provider = open_provider(directory)
    except (DataError, OSError) as error:
        return ProviderReport(str(directory), None, None, 0, (), (str(error),))
    if instrument is not None and instrument not in provider.instruments:
        message = f"there is no instrument {instrument} in {directory}"
        raise DataError(message, suggest(instrument, provider.instruments))
    names = [instrument] if instrument is not None else sorted(provider.instruments)
    reports = []
    for done, name in enumerate(names):
        tell(done, len(names))
        reports.append(_instrument(provider, name))
    tell(len(names), len(names))
    problems = tuple(f"{report.name}: {problem}" for report in reports for problem in report.problems)
    ends = provider.day(0), provider.day(-1)
    none = () if names else (f"{directory} lists no instrument",)
    return ProviderReport(str(directory), *ends, len(provider.calendar), tuple(reports), none + problems)


def _instrument(provider: Provider, name: str) -> InstrumentReport:
    spans = provider.instruments[name]
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    series, problems = _read(provider, name)
    calendar = provider.calendar
    listed = (calendar >= np.datetime64(first)) & (calendar <= np.datetime64(last))
    volume = series.get("$volume", np.zeros(len(calendar)))
    with np.errstate(invalid="ignore"):
        traded = listed & np.isfinite(volume) & (volume > 0)
        problems += _value_problems(series, traded)
    if not traded.any():
        problems.append(f"no day with trade between {first} and {last}")
    days = calendar[traded]
    return InstrumentReport(
        name=name,
        first=first,
        last=last,
        trade_days=len(days),
        no_trade_days=int((listed & ~traded).sum()),
        gaps=find_gaps(days),
        outliers=find_outliers(days, volume[traded]),
        problems=tuple(problems),
        readable=bool(traded.any()),
    )


def _read(provider: Provider, name: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Of ``FIELDS`` those that can be read, float64 over the whole calendar, and what is wrong with any field."""
    try:
        known = provider.fields(name)
    except DataError as error:
        return {}, [error.message]
    series: dict[str, np.ndarray] = {}
    problems = [f"there is no {field}" for field in FIELDS if field not in known]
    for field in known:
        try:
            start, values = provider.series(name, field)
        except DataError as error:
            problems.append(error.message)
            continue
        if field in FIELDS:  # of others there may be any number
            series[field] = np.full(len(provider.calendar), np.nan)
            series[field][start : start + len(values)] = values
    return series, problems


def _value_problems(series: dict[str, np.ndarray], traded: np.ndarray) -> list[str]:
    """What cannot be on a day with trade."""
    absent = np.full(len(traded), np.nan)  # no comparison with it holds
    opening, high, low, close, volume = (series.get(field, absent) for field in (*PRICES, "$volume"))
    faults = {f"{field} is missing": ~np.isfinite(series[field]) & traded for field in PRICES if field in series}
    for field in (*PRICES, "$factor"):
        faults[f"{field} is not positive"] = (series.get(field, absent) <= 0) & traded
    faults["$high is below $low"] = (high < low) & traded
    above = np.maximum(opening, close) > high * (1 + ROUNDING)
    below = np.minimum(opening, close) < low * (1 - ROUNDING)
    faults["$open or $close lies outside $low to $high"] = (above | below) & traded
    faults["$volume is negative"] = volume < 0
    return [f"{what} on {int(days.sum())} days" for what, days in faults.items() if days.any()]
