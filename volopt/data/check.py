"""Report what a provider directory holds and what is wrong with it, as facts; the command line prints them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from volopt.data.calendar_check import CalendarDoubt, doubt_calendar
from volopt.data.provider import Provider, open_provider
from volopt.data.quality import Gap, Outlier, find_gaps, find_outliers
from volopt.errors import DataError

FIELDS = ("$open", "$high", "$low", "$close", "$volume", "$factor")
PRICES = FIELDS[:4]
PRICE_TOLERANCE = 1e-4  # relative: an adjustment and float32 rounded the prices


@dataclass(frozen=True)
class InstrumentReport:
    """Describe one instrument over the days that it is listed."""

    name: str
    first: date
    last: date
    trade_days: int
    no_trade_days: int
    gaps: tuple[Gap, ...]
    outliers: tuple[Outlier, ...]
    calendar: tuple[CalendarDoubt, ...]
    problems: tuple[str, ...]
    readable: bool  # whether its volume can be read on at least one day with trade


@dataclass(frozen=True)
class ProviderReport:
    """Describe a directory; without a readable calendar it has only problems."""

    directory: str
    first: date | None
    last: date | None
    days: int
    instruments: tuple[InstrumentReport, ...]
    problems: tuple[str, ...]

    @property
    def readable(self) -> bool:
        """Return whether at least one instrument can be read."""
        return any(instrument.readable for instrument in self.instruments)

    def renamed(self, directory: str) -> "ProviderReport":
        """Return the report with another path of the directory, also in its problems."""

        def rename(problems: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(problem.replace(self.directory, directory) for problem in problems)

        instruments = tuple(replace(report, problems=rename(report.problems)) for report in self.instruments)
        return replace(self, directory=directory, instruments=instruments, problems=rename(self.problems))


def check_provider(
    directory: Path, instrument: str | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> ProviderReport:
    """Check every instrument of a provider directory, or one; ``progress`` is called with (done, total).

    Raises:
        DataError: the directory has no such instrument.
    """
    try:
        provider = open_provider(directory)
    except (DataError, OSError) as error:
        return ProviderReport(str(directory), None, None, 0, (), (str(error),))
    if instrument is not None:
        provider.check_listed(instrument)
    names = [instrument] if instrument is not None else sorted(provider.instruments)
    reports = []
    for done, name in enumerate(names):
        progress(done, len(names))
        reports.append(_check_instrument(provider, name))
    progress(len(names), len(names))
    problems = [] if names else [f"{directory} lists no instrument"]
    problems += [f"{report.name}: {problem}" for report in reports for problem in report.problems]
    first, last = provider.day(0), provider.day(-1)
    return ProviderReport(str(directory), first, last, len(provider.calendar), tuple(reports), tuple(problems))


def _check_instrument(provider: Provider, name: str) -> InstrumentReport:
    spans = provider.instruments[name]
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    series, problems = _read_fields(provider, name)
    calendar = provider.calendar
    listed = (calendar >= np.datetime64(first)) & (calendar <= np.datetime64(last))
    volume = series.get("$volume", np.zeros(len(calendar)))
    with np.errstate(invalid="ignore"):
        traded = listed & np.isfinite(volume) & (volume > 0)
        problems += _find_faults(series, traded)
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
        calendar=() if provider.synthetic else tuple(doubt_calendar(days, name)),
        problems=tuple(problems),
        readable=bool(traded.any()),
    )


def _read_fields(provider: Provider, name: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the readable ones of ``FIELDS``, float64 (calendar days,), and the problems of every field."""
    try:
        known = provider.fields(name)
    except DataError as error:
        return {}, [error.message]
    series: dict[str, np.ndarray] = {}
    problems = [f"{field} has no file" for field in FIELDS if field not in known]
    for field in known:
        try:
            column = provider.column(name, field)
        except DataError as error:
            problems.append(error.message)
        else:
            if field in FIELDS:  # there may be any number of others
                series[field] = column
    return series, problems


def _find_faults(series: dict[str, np.ndarray], traded: np.ndarray) -> list[str]:
    """Return what values cannot be on a day with trade, and on how many days they are."""
    absent = np.full(len(traded), np.nan)  # every comparison with it is false
    opening, high, low, close, volume = (series.get(field, absent) for field in (*PRICES, "$volume"))
    faults = {f"{field} is missing": ~np.isfinite(series[field]) & traded for field in PRICES if field in series}
    for field in (*PRICES, "$factor"):
        faults[f"{field} is not positive"] = (series.get(field, absent) <= 0) & traded
    faults["$high is below $low"] = (high < low) & traded
    above = np.maximum(opening, close) > high * (1 + PRICE_TOLERANCE)
    below = np.minimum(opening, close) < low * (1 - PRICE_TOLERANCE)
    faults["$open or $close lies outside $low to $high"] = (above | below) & traded
    faults["$volume is negative"] = volume < 0
    return [f"{fault} on {int(days.sum())} days" for fault, days in faults.items() if days.any()]
