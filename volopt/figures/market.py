"""The market behind a study: volume against close, as the paper's figure 3, and both in their own units."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from volopt.data.frame import VOLUME, DataSource, Frame
from volopt.data.provider import HOLIDAYS, open_provider
from volopt.data.quality import OUTLIER_DAYS, OUTLIER_LOG
from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Line, Mark, Points, Subplot
from volopt.figures.panels import broken
from volopt.figures.study_view import NothingToPlotError
from volopt.metrics import Array
from volopt.windows.split import Dates

CLOSE = "$close"
COLUMNS = (VOLUME, CLOSE)  # of the frame that is drawn
COLOURS = {VOLUME: colours.BLUE, CLOSE: colours.VERMILLION}


def chart(frame: Frame, source: DataSource) -> Chart:
    """Return three panels: both series from 0 to 1, volume on a log axis with its outliers, and close.

    Args:
        frame: with ``COLUMNS``, of the days to show.
        source: where it was read from.

    Raises:
        NothingToPlotError: it has a single day.
    """
    if len(frame.dates) < 2:
        raise NothingToPlotError(f"{frame.name} has one trade day, {frame.dates[0]}, in the range", "write a wider one")
    columns = {name: frame.values[:, frame.columns.index(name)] for name in COLUMNS}
    cuts = _cuts(frame.dates, source)
    scaled = [_line(name, frame, _normalised(values), cuts) for name, values in columns.items()]
    volume, close = (_line(name, frame, values, cuts) for name, values in columns.items())
    day = Axis("trade day", "date")
    return Chart(
        f"Volume and close of {frame.name}",
        [
            Subplot(day, Axis("share of range"), scaled, "both from their lowest, 0, to their highest, 1"),
            Subplot(day, Axis(words.quantity(VOLUME), "log"), [volume, *_outliers(frame)]),
            Subplot(day, Axis(words.quantity(CLOSE)), [close]),
        ],
        f"{frame.dates[0]} to {frame.dates[-1]}, {len(frame.dates)} trade days",
        _notes(frame, source, breaks=len(cuts)),
        row_height=300,
    )


def _line(name: str, frame: Frame, values: Array, cuts: Sequence[int]) -> Line:
    return Line(*broken(frame.dates.astype(str).tolist(), values, cuts), name, COLOURS[name], width=1.2)


def _normalised(values: Array) -> Array:
    found: Array = (values - values.min()) / np.ptp(values)  # a frame has no constant column
    return found


def _cuts(dates: Dates, source: DataSource) -> list[int]:
    """Return the rows before which trade days of the calendar are absent; without one, more days than holidays take."""
    if source.reader == "csv":
        apart, usual = np.diff(dates).astype(int), HOLIDAYS
    else:
        calendar = open_provider(Path(source.provider)).calendar
        apart, usual = np.diff(np.searchsorted(calendar, dates)), 1
    rows: list[int] = (np.flatnonzero(apart > usual) + 1).tolist()
    return rows


def _outliers(frame: Frame) -> list[Mark]:
    """Return the days whose volume their neighbours do not explain."""
    values = dict(zip(frame.dates.astype(object), frame.values[:, frame.columns.index(VOLUME)], strict=True))
    found = [(outlier, float(values[outlier.day])) for outlier in frame.quality.outliers if outlier.day in values]
    if not found:
        return []
    hover = [f"{outlier.day}: {np.exp(outlier.log_ratio):.3g} times the days around it" for outlier, _ in found]
    days = [str(outlier.day) for outlier, _ in found]
    return [Points(days, [volume for _, volume in found], "outlier", colours.ACTUAL, hover=hover, symbol="x")]


def _notes(frame: Frame, source: DataSource, *, breaks: int) -> list[str]:
    quality, notes = frame.quality, [*words.warnings(synthetic=source.synthetic)]
    if quality.no_trade or quality.incomplete:
        notes.append(f"Left out: {quality.no_trade} days without trade, {quality.incomplete} incomplete ones.")
    if breaks:
        notes.append("Lines break where days are absent.")
    if quality.outliers:
        notes.append(
            f"Outlier: a volume over {np.exp(OUTLIER_LOG):.1f} times, or under 1/{np.exp(OUTLIER_LOG):.1f} of, "
            f"the median of the {OUTLIER_DAYS} days around it."
        )
    return notes
