"""Marks as traces of plotly, plain dicts: what ``plotly`` sets between axes."""

import html
import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from plotly.colors import sample_colorscale

from volopt.figures import colours
from volopt.figures.chart import (
    Band,
    Bars,
    Chart,
    FilledContour,
    Intervals,
    Line,
    Mark,
    ParallelLines,
    Points,
    ReferenceLine,
    Subplot,
    TimeSpans,
)
from volopt.figures.drawing.layout import COLOUR_STEPS

Trace = dict[str, Any]

SYMBOLS = {"circle": "circle", "x": "x-thin", "diamond": "diamond"}


def traces(mark: Mark, chart: Chart, panel: Subplot) -> list[Trace]:
    """Return the traces of a mark, without name and axes."""
    return _TRACES[type(mark)](mark, chart, panel)


def scaled(chart: Chart, value: float | None) -> float | None:
    """Return a value as the chart's scale colours it: by its logarithm where the scale is one of these."""
    if value is None or chart.scale is None or not chart.scale.log:
        return value
    return math.log10(value)


def _scatter(**said: Any) -> Trace:
    return {"type": "scatter", **said}


def _line(mark: Line, chart: Chart, panel: Subplot) -> list[Trace]:
    style = {"color": mark.colour, "width": mark.width, "dash": "dash" if mark.dashed else "solid"}
    shape = "hv" if mark.step else "linear"
    return [_scatter(x=list(mark.x), y=list(mark.y), mode="lines", line=style | {"shape": shape})]


def _band(mark: Band, chart: Chart, panel: Subplot) -> list[Trace]:
    """Return a closed area for each piece between gaps, all of them one trace."""
    x: list[Any] = []
    y: list[Any] = []
    for there, piece in groupby(zip(mark.x, mark.low, mark.high, strict=True), key=lambda edge: None not in edge):
        if there:
            at, low, high = zip(*piece, strict=True)
            x += [*at, *reversed(at), None]
            y += [*high, *reversed(low), None]
    filled = {"fill": "toself", "fillcolor": _clear(mark.colour, 0.22), "hoverinfo": "skip"}
    return [_scatter(x=x, y=y, mode="lines", line={"width": 0, "color": mark.colour}, **filled)]


def _points(mark: Points, chart: Chart, panel: Subplot) -> list[Trace]:
    style: dict[str, Any] = {"size": mark.size, "symbol": SYMBOLS[mark.symbol], "color": mark.colour}
    style["line"] = {"width": 2 if mark.symbol == "x" else 0.5, "color": mark.colour if mark.symbol == "x" else "white"}
    if len(mark.values):
        style |= {"color": [scaled(chart, value) for value in mark.values], "coloraxis": "coloraxis"}
    return [_scatter(x=list(mark.x), y=list(mark.y), mode="markers", marker=style, **_hover(mark.hover))]


def _intervals(mark: Intervals, chart: Chart, panel: Subplot) -> list[Trace]:
    above = [_less(high, y) for high, y in zip(mark.high, mark.y, strict=True)]
    below = [_less(y, low) for low, y in zip(mark.low, mark.y, strict=True)]
    bars = {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "width": 5, "thickness": 1.5}
    style = {"color": mark.colour, "size": 8}
    joined: dict[str, Any] = {"mode": "lines+markers", "line": {"color": mark.colour, "width": 1.6}}
    how = joined if mark.joined else {"mode": "markers"}
    return [_scatter(x=list(mark.x), y=list(mark.y), marker=style, error_y=bars, **how, **_hover(mark.hover))]


def _bars(mark: Bars, chart: Chart, panel: Subplot) -> list[Trace]:
    return [
        {
            "type": "bar",
            "y": list(mark.y),
            "x": list(mark.lengths),
            "orientation": "h",
            "marker": {"color": mark.colour},
        }
    ]


def _spans(mark: TimeSpans, chart: Chart, panel: Subplot) -> list[Trace]:
    x: list[Any] = [each for pair in zip(mark.start, mark.end, strict=True) for each in (*pair, None)]
    y: list[Any] = [each for at in mark.y for each in (at, at, None)]
    hover = [each for text in mark.hover for each in (text, text, "")]
    return [_scatter(x=x, y=y, mode="lines", line={"color": mark.colour, "width": 5}, **_hover(hover))]


def _lines(mark: ParallelLines, chart: Chart, panel: Subplot) -> list[Trace]:
    """Lines of nearly the same colour are one trace with gaps: a trace each would be slow in the browser."""
    steps: dict[int, list[Sequence[float | None]]] = {}
    for row, value in zip(mark.rows, mark.values, strict=True):
        steps.setdefault(_step(chart, value), []).append(row)
    found = []
    for step, some in steps.items():
        x: list[Any] = [at for _ in some for at in (*mark.x, None)]
        y: list[Any] = [at for row in some for at in (*row, None)]
        colour = sample_colorscale(colours.SCALE, [step / (COLOUR_STEPS - 1)])[0]
        found.append(_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 1.2}, hoverinfo="skip"))
    found.append(_colour_key())
    return found


def _colour_key() -> Trace:
    """Return a trace that draws nothing, but whose colours bring the colour bar of the scale."""
    return _scatter(x=[None], y=[None], mode="markers", marker={"color": [0], "coloraxis": "coloraxis"})


def _step(chart: Chart, value: float | None) -> int:
    assert chart.scale is not None
    low, high = (scaled(chart, end) or 0.0 for end in (chart.scale.low, chart.scale.high))
    share = ((scaled(chart, value) or 0.0) - low) / (high - low) if high > low else 0.0
    return round(min(max(share, 0.0), 1.0) * (COLOUR_STEPS - 1))


def _field(mark: FilledContour, chart: Chart, panel: Subplot) -> list[Trace]:
    z = [[scaled(chart, value) for value in row] for row in mark.z]
    style = {"coloraxis": "coloraxis", "contours": {"coloring": "heatmap"}, "line": {"width": 0}}
    return [{"type": "contour", "x": list(mark.x), "y": list(mark.y), "z": z, "hoverinfo": "skip", **style}]


def _rule(mark: ReferenceLine, chart: Chart, panel: Subplot) -> list[Trace]:
    """Return a line over all of the x axis, as far as is known: a shape would have no entry in the legend."""
    x = [at for other in panel.marks for at in getattr(other, "x", ()) if at is not None]
    ends = list(panel.x.names or panel.x.range or ([min(x), max(x)] if x else []))
    style = {"color": mark.colour, "width": 1.4, "dash": "dash" if mark.dashed else "solid"}
    return [_scatter(x=ends, y=[mark.y] * len(ends), mode="lines", line=style)]


def _hover(texts: Sequence[str]) -> dict[str, Any]:
    if not len(texts):
        return {}
    return {"hovertext": [html.escape(text).replace("\n", "<br>") for text in texts], "hoverinfo": "text"}


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _clear(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


_TRACES: dict[type[Mark], Callable[[Any, Chart, Subplot], list[Trace]]] = {
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
