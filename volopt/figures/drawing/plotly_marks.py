"""Turn each mark into plotly's traces, which are plain dicts."""

import html
import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from plotly.colors import sample_colorscale

from volopt.figures import chart as model
from volopt.figures import colours
from volopt.figures.chart import ColourScale, Mark, Numbers, Subplot
from volopt.figures.drawing.layout import COLOUR_STEPS

Trace = dict[str, Any]

SYMBOLS = {"circle": "circle", "x": "x-thin", "diamond": "diamond"}


def mark_traces(mark: Mark, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    """Return the traces of a mark, without name and axes."""
    return _TRACES[type(mark)](mark, scale, subplot)


def on_scale(scale: ColourScale | None, value: float | None) -> float | None:
    """Return a value as plotly colours it: the logarithm on a log scale."""
    return value if value is None or scale is None or not scale.log else math.log10(value)


def _scatter(**settings: Any) -> list[Trace]:
    return [{"type": "scatter", **settings}]


def _line(mark: model.Line, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    style = {"color": mark.colour, "width": mark.width, "dash": "dash" if mark.dashed else "solid"}
    shape = "hv" if mark.step else "linear"
    return _scatter(x=list(mark.x), y=list(mark.y), mode="lines", line=style | {"shape": shape})


def _band(mark: model.Band, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    """Return one trace with a closed area for each piece between gaps."""
    x: list[Any] = []
    y: list[Any] = []
    for complete, piece in groupby(zip(mark.x, mark.low, mark.high, strict=True), key=lambda edge: None not in edge):
        if complete:
            positions, low, high = zip(*piece, strict=True)
            x += [*positions, *reversed(positions), None]
            y += [*high, *reversed(low), None]
    red, green, blue = (int(mark.colour[i : i + 2], 16) for i in (1, 3, 5))
    fill = {"fill": "toself", "fillcolor": f"rgba({red},{green},{blue},0.22)", "hoverinfo": "skip"}
    return _scatter(x=x, y=y, mode="lines", line={"width": 0, "color": mark.colour}, **fill)


def _points(mark: model.Points, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    style: dict[str, Any] = {"size": mark.size, "symbol": SYMBOLS[mark.symbol], "color": mark.colour}
    style["line"] = {"width": 2 if mark.symbol == "x" else 0.5, "color": mark.colour if mark.symbol == "x" else "white"}
    if len(mark.values):
        style |= {"color": [on_scale(scale, value) for value in mark.values], "coloraxis": "coloraxis"}
    return _scatter(x=list(mark.x), y=list(mark.y), mode="markers", marker=style, **_hover(mark.hover))


def _intervals(mark: model.Intervals, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    bars = _error_bars(mark.y, mark.low, mark.high) | {"width": 5, "thickness": 1.5, "color": mark.colour}
    style = {"color": mark.colour, "size": 8}
    line: dict[str, Any] = {"mode": "markers"}
    if mark.joined:
        line = {"mode": "lines+markers", "line": {"color": mark.colour, "width": 1.6}}
    return _scatter(x=list(mark.x), y=list(mark.y), marker=style, error_y=bars, **line, **_hover(mark.hover))


def _bars(mark: model.Bars, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    style = {"orientation": "h", "marker": {"color": mark.colour}}
    if mark.low:
        style["error_x"] = _error_bars(mark.lengths, mark.low, mark.high) | {"width": 3, "thickness": 1.2}
    return [{"type": "bar", "y": list(mark.y), "x": list(mark.lengths), **style}]


def _error_bars(values: Numbers, low: Numbers, high: Numbers) -> dict[str, Any]:
    above = [_difference(end, value) for end, value in zip(high, values, strict=True)]
    below = [_difference(value, end) for end, value in zip(low, values, strict=True)]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": colours.ACTUAL}


def _time_spans(mark: model.TimeSpans, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    x: list[Any] = [time for span in zip(mark.start, mark.end, strict=True) for time in (*span, None)]
    y: list[Any] = [end for y in mark.y for end in (y, y, None)]
    hover = [end for text in mark.hover for end in (text, text, "")]
    return _scatter(x=x, y=y, mode="lines", line={"color": mark.colour, "width": 5}, **_hover(hover))


def _parallel_lines(mark: model.ParallelLines, scale: ColourScale, subplot: Subplot) -> list[Trace]:
    """Return one trace for each colour step, and one that draws nothing but adds the colour bar.

    A trace for each line would be slow in the browser.
    """
    steps: dict[int, list[Sequence[float | None]]] = {}
    for row, value in zip(mark.rows, mark.values, strict=True):
        steps.setdefault(_colour_step(scale, value), []).append(row)
    traces = []
    for step, rows in steps.items():
        x: list[Any] = [position for _ in rows for position in (*mark.x, None)]
        y: list[Any] = [value for row in rows for value in (*row, None)]
        colour = sample_colorscale(colours.SCALE, [step / (COLOUR_STEPS - 1)])[0]
        traces += _scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 1.2}, hoverinfo="skip")
    return traces + _scatter(x=[None], y=[None], mode="markers", marker={"color": [0], "coloraxis": "coloraxis"})


def _colour_step(scale: ColourScale, value: float | None) -> int:
    low, high, position = (on_scale(scale, number) or 0.0 for number in (scale.low, scale.high, value))
    share = (position - low) / (high - low) if high > low else 0.0
    return round(min(max(share, 0.0), 1.0) * (COLOUR_STEPS - 1))


def _filled_contour(mark: model.FilledContour, scale: ColourScale, subplot: Subplot) -> list[Trace]:
    z = [[on_scale(scale, value) for value in row] for row in mark.z]
    style = {"coloraxis": "coloraxis", "contours": {"coloring": "heatmap"}, "line": {"width": 0}}
    return [{"type": "contour", "x": list(mark.x), "y": list(mark.y), "z": z, "hoverinfo": "skip", **style}]


def _cells(mark: model.Cells, scale: ColourScale, subplot: Subplot) -> list[Trace]:
    z = [[on_scale(scale, value) for value in row] for row in mark.z]
    text = [["" if value is None else f"{value:.3g}" for value in row] for row in mark.z]
    style = {"coloraxis": "coloraxis", "xgap": 2, "ygap": 2, "text": text, "texttemplate": "%{text}"}
    return [{"type": "heatmap", "x": list(mark.x), "y": list(mark.y), "z": z, "hoverinfo": "skip", **style}]


def _reference_line(mark: model.ReferenceLine, scale: ColourScale | None, subplot: Subplot) -> list[Trace]:
    """Return a line over the known extent of the x axis; plotly's shapes would have no legend entry."""
    x = [position for other in subplot.marks for position in getattr(other, "x", ()) if position is not None]
    x = list(subplot.x.names or subplot.x.range or ([min(x), max(x)] if x else []))
    style = {"color": mark.colour, "width": 1.4, "dash": "dash" if mark.dashed else "solid"}
    return _scatter(x=x, y=[mark.y] * len(x), mode="lines", line=style)


def _hover(texts: Sequence[str]) -> dict[str, Any]:
    if not len(texts):
        return {}
    return {"hovertext": [html.escape(text).replace("\n", "<br>") for text in texts], "hoverinfo": "text"}


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


_TRACES: dict[type[Mark], Callable[[Any, Any, Subplot], list[Trace]]] = {
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
