"""Draw charts with matplotlib: PNG and SVG without a browser, and the trial pictures of a run."""

import io
import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, NullLocator

from volopt.figures import chart as model
from volopt.figures import colours
from volopt.figures.chart import Axis, Chart, ColourScale, Mark, Position, Subplot
from volopt.figures.drawing import layout
from volopt.figures.drawing.layout import WIDTH, log_ticks, tick_text

DPI = 100
NOTE_ROW, LEGEND_ROW, TITLE_ROW = 17, 26, 21  # pixels
Y_LABEL_ROOM, X_LABEL_ROOM = 78, 50  # pixels for the labels of an axis in a quick drawing
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


def draw(chart: Chart, form: str, width: int = WIDTH, scale: float = 1.0, *, quick: bool = False) -> bytes:
    """Return a chart as the content of a ``png``, ``svg`` or ``pdf`` file; the width is in pixels of the layout.

    The scale is that of a PNG: pixels of the picture in a pixel of the layout. The others can be scaled where they are
    included.

    A quick drawing gives labels a fixed room. It is faster and always gives the same bytes, but suits only one row of
    subplots with short labels.
    """
    with rc_context(STYLE):
        figure = _figure(chart, width, quick)
        content = io.BytesIO()
        if form == "png" and scale == 1.0:
            FigureCanvasAgg(figure).print_png(content)  # same bytes as savefig, which would lay the figure out twice
        else:
            date = {"png": "Creation Time", "svg": "Date", "pdf": "CreationDate"}[form]
            figure.savefig(content, format=form, dpi=DPI * scale, metadata={date: None})
    return content.getvalue()


def _figure(chart: Chart, width: int, quick: bool) -> Figure:
    line_letters = layout.LINE_LETTERS * width // WIDTH
    notes = [line for note in chart.notes for line in textwrap.wrap(note, line_letters)]
    legend = chart.legend()
    legend_columns = max(1, line_letters // (max(map(len, legend), default=0) + 8))
    notes_height = NOTE_ROW * len(notes) + 4  # pixels
    legend_height = LEGEND_ROW * math.ceil(len(legend) / legend_columns)
    height = layout.chart_height(chart) + notes_height + legend_height
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    above, below = TITLE_ROW * _title(chart, figure) + 12, notes_height
    if chart.legend_above:
        above += legend_height
    else:
        below += legend_height
    if not quick:  # the layout engine does not know a title with its own position
        figure.set_layout_engine("constrained", rect=(0, below / height, 1, 1 - (below + above) / height))
    columns = min(chart.columns, len(chart.subplots))
    all_axes = list(figure.subplots(layout.row_count(chart), columns, squeeze=False).flat)
    axes, unused = all_axes[: len(chart.subplots)], all_axes[len(chart.subplots) :]
    for subplot, title, ax in zip(chart.subplots, layout.title_lines(chart, width), axes, strict=True):
        _subplot(subplot, "\n".join(title), chart.scale, ax)
    for ax in unused:
        ax.set_visible(False)
    if quick:
        _fix_label_room(figure, width / columns, below, above + TITLE_ROW)
    if chart.scale is not None:
        _colorbar(chart.scale, figure, axes)
    if legend:
        bottom = 1 - above / height if chart.legend_above else notes_height / height
        _legend(figure, axes, list(legend), legend_columns, bottom)
    figure.text(0.01, 4 / height, "\n".join(map(_plain, notes)), fontsize=9, va="bottom")
    return figure


def _fix_label_room(figure: Figure, column_width: float, below: int, above: int) -> None:
    """Give the labels of each axis a fixed room; ``column_width``, ``below`` and ``above`` are in pixels."""
    width, height = figure.get_size_inches() * DPI
    figure.subplots_adjust(
        left=Y_LABEL_ROOM / width,
        right=1 - 16 / width,
        wspace=Y_LABEL_ROOM / (column_width - Y_LABEL_ROOM),
        bottom=(below + X_LABEL_ROOM) / height,
        top=1 - above / height,
    )


def _title(chart: Chart, figure: Figure) -> int:
    """Write title and subtitle, and return their number of lines."""
    line_letters = int(110 * figure.get_figwidth() * DPI / WIDTH)
    lines = [line for text in (chart.title, chart.subtitle) for line in textwrap.wrap(text, line_letters)]
    top = 1 - 6 / (figure.get_figheight() * DPI)
    figure.suptitle("\n".join(map(_plain, lines)), x=0.01, y=top, ha="left", va="top", fontsize=12)
    return len(lines)


def _colorbar(scale: ColourScale, figure: Figure, axes: Sequence[Axes]) -> None:
    mappable = ScalarMappable(_norm(scale), colormaps[colours.SCALE])
    bar = figure.colorbar(mappable, ax=list(axes), label=_plain(scale.title), fraction=0.03, pad=0.01)
    if scale.log:
        ticks = [tick for tick in log_ticks(scale.low, scale.high) if scale.low <= tick <= scale.high]
        bar.set_ticks(ticks, labels=[tick_text(tick) for tick in ticks])
        bar.minorticks_off()


def _legend(figure: Figure, axes: Sequence[Axes], names: Sequence[str], columns: int, bottom: float) -> None:
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    labels = [_plain(name) for name in names]
    position: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, bottom), "borderaxespad": 0.2}
    legend = figure.legend([handles[label] for label in labels], labels, ncols=columns, frameon=False, **position)
    legend.set_in_layout(False)


def _subplot(subplot: Subplot, title: str, scale: ColourScale | None, ax: Axes) -> None:
    side: Any = "right" if subplot.y.kind == "category" else "center"  # its names leave little room below and above
    if title:
        ax.set_title(_plain(title), fontsize=10, loc=side)
    for mark in subplot.marks:
        _DRAW[type(mark)](mark, scale, subplot, ax)
    _axis(subplot.x, subplot, ax.xaxis, ax.set_xscale, ax.set_xlim)
    _axis(subplot.y, subplot, ax.yaxis, ax.set_yscale, ax.set_ylim)
    ax.set_xlabel(_plain(subplot.x.title), loc=side)
    ax.set_ylabel(_plain(subplot.y.title))


def _axis(
    axis: Axis, subplot: Subplot, mpl_axis: Any, set_scale: Callable[[str], None], limits: Callable[..., Any]
) -> None:
    """Set scale, ticks and limits; ``limits`` sets them, or returns them if called without arguments."""
    extent = layout.axis_extent(subplot, axis)
    if axis.kind == "log" and extent is not None:
        set_scale("log")
        low, high = limits()
        ticks = [tick for tick in log_ticks(*extent) if low <= tick <= high]
        mpl_axis.set_ticks(ticks, [tick_text(tick) for tick in ticks])
        mpl_axis.set_minor_locator(NullLocator())
    if axis.kind == "number" and extent is not None and max(map(abs, extent)) >= layout.MIN_SHORT_NUMBER:
        mpl_axis.set_major_formatter(EngFormatter(sep=""))
    if axis.kind == "date":
        locator = AutoDateLocator(minticks=3, maxticks=7)  # so few that ticks can be even over any span
        mpl_axis.set_major_locator(locator)
        mpl_axis.set_major_formatter(ConciseDateFormatter(locator))
    if axis.kind == "category" and axis.names:
        mpl_axis.set_ticks(range(len(axis.names)), [_plain(name) for name in axis.names])
        limits(-0.5, len(axis.names) - 0.5)
    if axis.ticks:
        mpl_axis.set_ticks([position for position, _ in axis.ticks], [_plain(text) for _, text in axis.ticks])
        mpl_axis.set_minor_locator(NullLocator())
    if axis.range:
        limits(*axis.range)


def _positions(positions: Sequence[Position], axis: Axis) -> Any:
    """Return positions as matplotlib takes them; a gap is NaN or NaT."""
    if axis.kind == "date":
        return np.asarray(["NaT" if day is None else day for day in positions], dtype="datetime64[us]")
    if axis.kind == "category":
        return np.asarray([np.nan if name is None else list(axis.names).index(str(name)) for name in positions])
    return _numbers(positions)


def _numbers(values: Sequence[Any]) -> Any:
    return np.asarray([np.nan if value is None else value for value in values], dtype=float)


def _line(mark: model.Line, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    ax.plot(
        _positions(mark.x, subplot.x),
        _positions(mark.y, subplot.y),
        color=mark.colour,
        linewidth=mark.width,
        linestyle="--" if mark.dashed else "-",
        drawstyle="steps-post" if mark.step else "default",
        label=_label(mark.name),
    )


def _band(mark: model.Band, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    style: dict[str, Any] = {"color": mark.colour, "alpha": 0.22, "linewidth": 0, "label": _label(mark.name)}
    ax.fill_between(_positions(mark.x, subplot.x), _numbers(mark.low), _numbers(mark.high), **style)


def _points(mark: model.Points, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    style: dict[str, Any] = {"c": mark.colour, "marker": SYMBOLS[mark.symbol], "label": _label(mark.name)}
    if mark.symbol != "x":
        style |= {"edgecolors": "white", "linewidths": 0.4}
    if len(mark.values) and scale is not None:
        style |= {"c": _numbers(mark.values), "cmap": colours.SCALE, "norm": _norm(scale)}
    ax.scatter(_positions(mark.x, subplot.x), _positions(mark.y, subplot.y), s=mark.size**2 * 0.6, **style)


def _intervals(mark: model.Intervals, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    style: dict[str, Any] = {"color": mark.colour, "fmt": "o-" if mark.joined else "o", "capsize": 3, "markersize": 5}
    lengths = _error_lengths(mark.y, mark.low, mark.high)
    ax.errorbar(_positions(mark.x, subplot.x), _numbers(mark.y), yerr=lengths, label=_label(mark.name), **style)


def _error_lengths(values: Sequence[Any], low: Sequence[Any], high: Sequence[Any]) -> Any:
    centre = _numbers(values)
    return np.stack([centre - _numbers(low), _numbers(high) - centre])


def _bars(mark: model.Bars, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    group = [other for other in subplot.marks if isinstance(other, model.Bars)]
    thickness = 0.8 / len(group)
    y = _positions(mark.y, subplot.y) + (group.index(mark) - (len(group) - 1) / 2) * thickness
    style: dict[str, Any] = {"color": mark.colour, "label": _label(mark.name)}
    if mark.low:
        lengths = _error_lengths(mark.lengths, mark.low, mark.high)
        style |= {"xerr": lengths, "error_kw": {"elinewidth": 1.2, "capsize": 2, "ecolor": colours.ACTUAL}}
    ax.barh(y, _numbers(mark.lengths), thickness, **style)


def _time_spans(mark: model.TimeSpans, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    start, end = _positions(mark.start, subplot.x), _positions(mark.end, subplot.x)
    ax.hlines(_numbers(mark.y), start, end, color=mark.colour, linewidth=4, label=_label(mark.name))


def _parallel_lines(mark: model.ParallelLines, scale: ColourScale, subplot: Subplot, ax: Axes) -> None:
    x = _positions(mark.x, subplot.x)
    paths = [np.column_stack([x, _numbers(row)]) for row in mark.rows]
    lines = LineCollection(paths, cmap=colours.SCALE, norm=_norm(scale), linewidths=1.0)
    lines.set_array(_numbers(mark.values))
    ax.add_collection(lines)
    ax.autoscale_view()


def _filled_contour(mark: model.FilledContour, scale: ColourScale, subplot: Subplot, ax: Axes) -> None:
    z = np.ma.masked_invalid(np.stack([_numbers(row) for row in mark.z]))
    levels: Any = (np.geomspace if scale.log else np.linspace)(scale.low, scale.high, 16)
    ax.contourf(list(mark.x), list(mark.y), z, levels=levels, cmap=colours.SCALE, extend="both", norm=_norm(scale))


def _cells(mark: model.Cells, scale: ColourScale, subplot: Subplot, ax: Axes) -> None:
    z = np.ma.masked_invalid(np.stack([_numbers(row) for row in mark.z]))
    ax.pcolormesh(range(len(mark.x)), range(len(mark.y)), z, cmap=colours.SCALE, norm=_norm(scale), edgecolors="white")
    ax.grid(visible=False)
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "boxstyle": "round,pad=0.2"}
    for up, row in enumerate(mark.z):
        for left, value in enumerate(row):
            if value is not None:
                ax.text(left, up, f"{value:.3g}", ha="center", va="center", fontsize=9, bbox=box)


def _reference_line(mark: model.ReferenceLine, scale: ColourScale | None, subplot: Subplot, ax: Axes) -> None:
    ax.axhline(
        mark.y, color=mark.colour, linewidth=1.3, linestyle="--" if mark.dashed else "-", label=_label(mark.name)
    )


def _norm(scale: ColourScale) -> Normalize:
    return LogNorm(scale.low, scale.high) if scale.log else Normalize(scale.low, scale.high)


def _label(name: str) -> str:
    return _plain(name) if name else "_nolegend_"


def _plain(text: str) -> str:
    """Escape what matplotlib would read as a formula."""
    return text.replace("$", r"\$")


_DRAW: dict[type[Mark], Callable[[Any, Any, Subplot, Axes], None]] = {
    model.Line: _line,
    model.Band: _band,
    model.Points: _points,
    model.Intervals: _intervals,
    model.Bars: _bars,
    model.TimeSpans: _time_spans,
    model.ParallelLines: _parallel_lines,
    model.FilledContour: _filled_contour,
    model.Cells: _cells,
    model.ReferenceLine: _reference_line,
}
