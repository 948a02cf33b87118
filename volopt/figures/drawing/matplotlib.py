"""Charts drawn by matplotlib: PNG and SVG where there is no browser, and the pictures that a run makes as it goes."""

import io
import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullLocator

from volopt.figures import colours
from volopt.figures.chart import (
    Axis,
    Band,
    Bars,
    Chart,
    ColourScale,
    FilledContour,
    Intervals,
    Line,
    Mark,
    ParallelLines,
    Points,
    Position,
    ReferenceLine,
    Subplot,
    TimeSpans,
)
from volopt.figures.drawing.layout import LETTERS, MANY, WIDTH, extent, height, log_ticks, rows, tick_text

DPI = 100
NOTE_ROW, LEGEND_ROW, TITLE_ROW = 17, 26, 21  # pixels
BESIDE, UNDER = 78, 50  # pixels for the labels of an axis, where their room is fixed
SYMBOLS = {"circle": "o", "x": "x", "diamond": "D"}
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "font.size": 10,
    "svg.hashsalt": "volopt",
}


def draw(chart: Chart, form: str, width: int = WIDTH, *, quick: bool = False) -> bytes:
    """Return a chart as the content of a file.

    Args:
        chart: what to draw.
        form: ``png`` or ``svg``.
        width: in pixels.
        quick: give labels a fixed room, which takes less time, and gives the same bytes each time; for one row of
            panels with short labels.
    """
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        found = _figure(chart, width, quick)
        written = io.BytesIO()
        if form == "png":
            FigureCanvasAgg(found).print_png(written)  # the bytes of savefig, which would go through the figure twice
        else:
            found.savefig(written, format=form, metadata={"Date": None})
    return written.getvalue()


def _figure(chart: Chart, width: int, quick: bool) -> Figure:
    letters = LETTERS * width // WIDTH
    notes = [line for note in chart.notes for line in textwrap.wrap(note, letters)]
    legend = chart.legend()
    entries = max(1, letters // (max(map(len, legend), default=0) + 8))  # in a row of the legend
    strips = [NOTE_ROW * len(notes) + 4, LEGEND_ROW * math.ceil(len(legend) / entries)]  # pixels below the panels
    tall = height(chart) + sum(strips)
    found = Figure(figsize=(width / DPI, tall / DPI), dpi=DPI)
    above = TITLE_ROW * _title(chart, found) + 12
    if not quick:  # the engine knows of no title that has a place of its own
        found.set_layout_engine("constrained", rect=(0, sum(strips) / tall, 1, 1 - (sum(strips) + above) / tall))
    columns = min(chart.columns, len(chart.panels))
    axes = list(found.subplots(rows(chart), columns, squeeze=False).flat)
    for panel, place in zip(chart.panels, axes, strict=False):
        _panel(panel, chart, place)
    for place in axes[len(chart.panels) :]:
        place.set_visible(False)
    if quick:
        _fixed(found, width / columns, sum(strips), above + TITLE_ROW)
    if chart.scale is not None:
        _colorbar(chart.scale, found, axes[: len(chart.panels)])
    if legend:
        _legend(found, axes, list(legend), entries, strips[0] / tall)
    found.text(0.01, 4 / tall, "\n".join(map(_plain, notes)), fontsize=9, va="bottom")
    return found


def _fixed(found: Figure, column: float, below: int, above: int) -> None:
    """Give the labels of each axis the room that short ones need, in pixels; the panels take the rest."""
    width, tall = found.get_size_inches() * DPI
    found.subplots_adjust(
        left=BESIDE / width,
        right=1 - 16 / width,
        wspace=BESIDE / (column - BESIDE),
        bottom=(below + UNDER) / tall,
        top=1 - above / tall,
    )


def _title(chart: Chart, found: Figure) -> int:
    """Write title and subtitle, and return their lines."""
    letters = int(110 * found.get_figwidth() * DPI / WIDTH)
    lines = [line for text in (chart.title, chart.subtitle) for line in textwrap.wrap(text, letters)]
    top = 1 - 6 / (found.get_figheight() * DPI)
    found.suptitle("\n".join(map(_plain, lines)), x=0.01, y=top, ha="left", va="top", fontsize=12)
    return len(lines)


def _colorbar(scale: ColourScale, found: Figure, axes: Sequence[Axes]) -> None:
    mappable = ScalarMappable(_norm(scale), colormaps[colours.SCALE])
    bar = found.colorbar(mappable, ax=list(axes), label=_plain(scale.title), fraction=0.03, pad=0.01)
    if scale.log:
        ticks = [tick for tick in log_ticks(scale.low, scale.high) if scale.low <= tick <= scale.high]
        bar.set_ticks(ticks, labels=[tick_text(tick) for tick in ticks])
        bar.minorticks_off()


def _legend(found: Figure, axes: Sequence[Axes], names: Sequence[str], columns: int, bottom: float) -> None:
    handles: dict[str, Any] = {}
    for place in axes:
        for handle, label in zip(*place.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    labels = [_plain(name) for name in names]
    drawn = found.legend(
        [handles[label] for label in labels],
        labels,
        loc="lower left",
        bbox_to_anchor=(0, bottom),
        ncols=columns,
        frameon=False,
        borderaxespad=0.2,
    )
    drawn.set_in_layout(False)


def _panel(panel: Subplot, chart: Chart, place: Axes) -> None:
    if panel.title:
        place.set_title(_plain(panel.title), fontsize=10)
    for mark in panel.marks:
        _DRAW[type(mark)](mark, chart, panel, place)
    _axis(panel.x, panel, place.xaxis, place.set_xscale, place.set_xlim)
    _axis(panel.y, panel, place.yaxis, place.set_yscale, place.set_ylim)
    place.set_xlabel(_plain(panel.x.title))
    place.set_ylabel(_plain(panel.y.title))


def _axis(axis: Axis, panel: Subplot, place: Any, scale: Callable[[str], None], limits: Callable[..., Any]) -> None:
    ends = extent(panel, axis)
    if axis.kind == "log" and ends is not None:
        scale("log")
        kept = limits()
        ticks = [tick for tick in log_ticks(*ends) if kept[0] <= tick <= kept[1]]
        place.set_ticks(ticks, [tick_text(tick) for tick in ticks])
        place.set_minor_locator(NullLocator())
    if axis.kind == "number" and ends is not None and max(map(abs, ends)) >= MANY:
        place.set_major_formatter(EngFormatter(sep=""))
    if axis.kind == "date":
        locator = AutoDateLocator(minticks=3, maxticks=7)  # few enough that every span has an even distance of ticks
        place.set_major_locator(locator)
        place.set_major_formatter(ConciseDateFormatter(locator))
    if axis.kind == "category" and axis.names:
        place.set_ticks(range(len(axis.names)), [_plain(name) for name in axis.names])
        limits(-0.5, len(axis.names) - 0.5)
    if axis.ticks:
        place.set_ticks([at for at, _ in axis.ticks], [_plain(text) for _, text in axis.ticks])
        place.set_minor_locator(NullLocator())
    if axis.range:
        limits(*axis.range)


def _places(positions: Sequence[Position], axis: Axis) -> Any:
    """Return positions as matplotlib takes them; a gap is NaN or NaT."""
    if axis.kind == "date":
        return np.asarray(["NaT" if at is None else at for at in positions], dtype="datetime64[us]")
    if axis.kind == "category":
        return np.asarray([np.nan if at is None else list(axis.names).index(str(at)) for at in positions])
    return _numbers(positions)


def _numbers(values: Sequence[Any]) -> Any:
    return np.asarray([np.nan if value is None else value for value in values], dtype=float)


def _line(mark: Line, chart: Chart, panel: Subplot, place: Axes) -> None:
    style: dict[str, Any] = {"color": mark.colour, "linewidth": mark.width, "linestyle": "--" if mark.dashed else "-"}
    drawn = "steps-post" if mark.step else "default"
    place.plot(_places(mark.x, panel.x), _places(mark.y, panel.y), drawstyle=drawn, label=_label(mark.name), **style)


def _band(mark: Band, chart: Chart, panel: Subplot, place: Axes) -> None:
    low, high = _numbers(mark.low), _numbers(mark.high)
    area: dict[str, Any] = {"color": mark.colour, "alpha": 0.22, "linewidth": 0}
    place.fill_between(_places(mark.x, panel.x), low, high, label=_label(mark.name), **area)


def _points(mark: Points, chart: Chart, panel: Subplot, place: Axes) -> None:
    edge: dict[str, Any] = {} if mark.symbol == "x" else {"edgecolors": "white", "linewidths": 0.4}
    colour: dict[str, Any] = {"c": mark.colour}
    if len(mark.values) and chart.scale is not None:
        colour = {"c": _numbers(mark.values), "cmap": colours.SCALE, "norm": _norm(chart.scale)}
    x, y = _places(mark.x, panel.x), _places(mark.y, panel.y)
    place.scatter(x, y, s=mark.size**2 * 0.6, marker=SYMBOLS[mark.symbol], label=_label(mark.name), **colour, **edge)


def _intervals(mark: Intervals, chart: Chart, panel: Subplot, place: Axes) -> None:
    y = _numbers(mark.y)
    ends = np.stack([y - _numbers(mark.low), _numbers(mark.high) - y])
    style: dict[str, Any] = {"color": mark.colour, "fmt": "o-" if mark.joined else "o", "capsize": 3, "markersize": 5}
    place.errorbar(_places(mark.x, panel.x), y, yerr=ends, label=_label(mark.name), **style)


def _bars(mark: Bars, chart: Chart, panel: Subplot, place: Axes) -> None:
    all_bars = [other for other in panel.marks if isinstance(other, Bars)]
    thick = 0.8 / len(all_bars)
    shift = (all_bars.index(mark) - (len(all_bars) - 1) / 2) * thick
    place.barh(
        _places(mark.y, panel.y) + shift, _numbers(mark.lengths), thick, color=mark.colour, label=_label(mark.name)
    )


def _spans(mark: TimeSpans, chart: Chart, panel: Subplot, place: Axes) -> None:
    start, end = _places(mark.start, panel.x), _places(mark.end, panel.x)
    place.hlines(_numbers(mark.y), start, end, color=mark.colour, linewidth=4, label=_label(mark.name))


def _lines(mark: ParallelLines, chart: Chart, panel: Subplot, place: Axes) -> None:
    assert chart.scale is not None
    x = _places(mark.x, panel.x)
    paths = [np.column_stack([x, _numbers(row)]) for row in mark.rows]
    found = LineCollection(paths, cmap=colours.SCALE, norm=_norm(chart.scale), linewidths=1.0)
    found.set_array(_numbers(mark.values))
    place.add_collection(found)
    place.autoscale_view()


def _field(mark: FilledContour, chart: Chart, panel: Subplot, place: Axes) -> None:
    assert chart.scale is not None
    z = np.ma.masked_invalid(np.stack([_numbers(row) for row in mark.z]))
    place.contourf(list(mark.x), list(mark.y), z, levels=_levels(chart.scale), cmap=colours.SCALE, extend="both",
                   norm=_norm(chart.scale))  # fmt: skip


def _rule(mark: ReferenceLine, chart: Chart, panel: Subplot, place: Axes) -> None:
    style: dict[str, Any] = {"color": mark.colour, "linewidth": 1.3, "linestyle": "--" if mark.dashed else "-"}
    place.axhline(mark.y, label=_label(mark.name), **style)


def _norm(scale: ColourScale) -> Normalize:
    return LogNorm(scale.low, scale.high) if scale.log else Normalize(scale.low, scale.high)


def _levels(scale: ColourScale) -> Any:
    space = np.geomspace if scale.log else np.linspace
    return space(scale.low, scale.high, 16)


def _label(name: str) -> str:
    return _plain(name) if name else "_nolegend_"


def _plain(text: str) -> str:
    """Return a text without what matplotlib would read as a formula."""
    return text.replace("$", r"\$")


_DRAW: dict[type[Mark], Callable[[Any, Chart, Subplot, Axes], None]] = {
    Line: _line,
    Band: _band,
    Points: _points,
    Intervals: _intervals,
    Bars: _bars,
    TimeSpans: _spans,
    ParallelLines: _lines,
    FilledContour: _field,
    ReferenceLine: _rule,
}
