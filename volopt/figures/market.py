"""Draw the market of an instrument: volume against close, as the paper's figure 3, and each in its own units."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from volopt.data.frame import VOLUME, Frame
from volopt.data.provider import MAX_HOLIDAY_DAYS, open_provider
from volopt.data.quality import OUTLIER_DAYS, OUTLIER_LOG
from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Line, Mark, Points, Subplot
from volopt.figures.study_view import NothingToPlotError
from volopt.figures.subplots import with_gaps
from volopt.metrics import Array
from volopt.storage.run_record import DataSource
from volopt.windows.split import Dates

CLOSE = "$close"
COLUMNS = (VOLUME, CLOSE)  # of the frame to draw
COLOURS = {VOLUME: colours.BLUE, CLOSE: colours.VERMILLION}


def chart(frame: Frame, source: DataSource) -> Chart:
    """Return three subplots of a frame with ``COLUMNS``: both series min-max scaled, volume with outliers, and close.

    Raises:
        NothingToPlotError: the frame has a single day.
    """
    if len(frame.dates) < 2:
        raise NothingToPlotError(
            f"{frame.name} has one trade day, {frame.dates[0]}, in the range", "write an earlier --from or a later --to"
        )
    columns = {name: frame.values[:, frame.columns.index(name)] for name in COLUMNS}
    cuts = _gaps(frame.dates, source)
    scaled = [  # a frame has no constant column
        _line(name, frame, (values - values.min()) / np.ptp(values), cuts) for name, values in columns.items()
    ]
    volume, close = (_line(name, frame, values, cuts) for name, values in columns.items())
    day = Axis("trade day", "date")
    return Chart(
        f"Volume and close of {frame.name}",
        [
            Subplot(day, Axis("share of range"), scaled, "min-max scaled"),
            Subplot(day, Axis(words.quantity_title(VOLUME), "log"), [volume, *_outliers(frame)]),
            Subplot(day, Axis(words.quantity_title(CLOSE)), [close]),
        ],
        f"{frame.dates[0]} to {frame.dates[-1]}, {len(frame.dates)} trade days",
        _notes(frame, source, has_gaps=bool(cuts)),
        row_height=300,
    )


def _line(name: str, frame: Frame, values: Array, cuts: Sequence[int]) -> Line:
    return Line(*with_gaps(frame.dates.astype(str).tolist(), values, cuts), name, COLOURS[name], width=1.2)


def _gaps(dates: Dates, source: DataSource) -> list[int]:
    """Return the rows before which trade days of the calendar are missing.

    A CSV file has no calendar: more missing days than holidays explain count there.
    """
    if source.reader == "csv":
        steps, max_step = np.diff(dates).astype(int), MAX_HOLIDAY_DAYS
    else:
        calendar = open_provider(Path(source.provider)).calendar
        steps, max_step = np.diff(np.searchsorted(calendar, dates)), 1
    rows: list[int] = (np.flatnonzero(steps > max_step) + 1).tolist()
    return rows


def _outliers(frame: Frame) -> list[Mark]:
    """Return the days whose volume their neighbours do not explain."""
    volumes = dict(zip(frame.dates.astype(object), frame.values[:, frame.columns.index(VOLUME)], strict=True))
    outliers = [outlier for outlier in frame.quality.outliers if outlier.day in volumes]
    if not outliers:
        return []
    days, values = [str(outlier.day) for outlier in outliers], [float(volumes[outlier.day]) for outlier in outliers]
    hover = [f"{outlier.day}: {np.exp(outlier.log_ratio):.3g} times the days around it" for outlier in outliers]
    return [Points(days, values, "outlier", colours.ACTUAL, hover=hover, symbol="x")]


def _notes(frame: Frame, source: DataSource, *, has_gaps: bool) -> list[str]:
    quality, notes = frame.quality, [*words.data_warnings(synthetic=source.synthetic)]
    if quality.no_trade or quality.incomplete:
        notes.append(f"Left out: {quality.no_trade} days without trade, {quality.incomplete} incomplete days.")
    if has_gaps:
        notes.append("Lines break where days are missing.")
    if quality.outliers:
        notes.append(
            f"Outlier: a volume above {np.exp(OUTLIER_LOG):.1f} times, or below 1/{np.exp(OUTLIER_LOG):.1f} of, "
            f"the median of the {OUTLIER_DAYS} days around it."
        )
    return notes
