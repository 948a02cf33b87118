"""Panels as plotly's traces and axes, plain dicts, without what stands around them."""

import html
import math
from typing import Any

from volopt.figures import colours
from volopt.figures.chart import Axis, Chart, Subplot
from volopt.figures.drawing.layout import extent, log_ticks, rows, tick_text
from volopt.figures.drawing.plotly_marks import scaled, traces

FONT = {"family": "Helvetica, Arial, sans-serif", "size": 13, "color": "#222222"}
AXIS_KINDS = {"number": "linear", "log": "log", "date": "date", "category": "category"}
GAP = 104  # pixels between two rows
BESIDE = 0.075  # of the width, between two columns
ANCHOR = {"showarrow": False, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}


def panels(chart: Chart, plot_height: int, gap: int = GAP) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return traces and layout of the panels, set out in rows and columns.

    Args:
        chart: with panels.
        plot_height: of the area of all panels, pixels.
        gap: between two rows, pixels.
    """
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "template": {},  # none: every look is said here, once, and not with each figure
        "plot_bgcolor": "white",
        "paper_bgcolor": "white",
        "font": FONT,
        "barmode": "group",
        "hoverlabel": {"align": "left"},
        "annotations": [],
    }
    named: set[str] = set()
    for number, panel in enumerate(chart.panels):
        axes = str(number + 1) if number else ""  # as plotly numbers them
        across, upward = _place(chart, number, gap / plot_height)
        for mark in panel.marks:
            name = getattr(mark, "name", "")
            for trace in traces(mark, chart, panel):
                data.append(trace | _entry(name, named) | {"xaxis": f"x{axes}", "yaxis": f"y{axes}"})
        layout[f"xaxis{axes}"] = _axis(panel.x, panel) | {"domain": across, "anchor": f"y{axes}"}
        layout[f"yaxis{axes}"] = _axis(panel.y, panel) | {"domain": upward, "anchor": f"x{axes}"}
        if panel.title:
            layout["annotations"].append(_above(panel.title, across, upward))
    if chart.scale is not None:
        layout["coloraxis"] = _coloraxis(chart)
    return data, layout


def _place(chart: Chart, number: int, gap: float) -> tuple[list[float], list[float]]:
    """Return from where to where a panel reaches, across and upward, in shares of the whole plot, as the gap is."""
    columns = min(chart.columns, len(chart.panels))
    row, column = divmod(number, columns)
    wide = (1 - BESIDE * (columns - 1)) / columns
    tall = (1 - gap * (rows(chart) - 1)) / rows(chart)
    left, top = column * (wide + BESIDE), 1 - row * (tall + gap)
    return [left, min(left + wide, 1.0)], [max(top - tall, 0.0), top]


def _above(text: str, across: list[float], upward: list[float]) -> dict[str, Any]:
    where = {"x": sum(across) / 2, "y": upward[1], "xanchor": "center"}
    return ANCHOR | {"text": html.escape(text), "font": {"size": 13}} | where


def _entry(name: str, named: set[str]) -> dict[str, Any]:
    """Return a trace's entry in the legend: one a name, and one hand on all of that name."""
    first = bool(name) and name not in named
    named.add(name)
    return {"name": html.escape(name), "legendgroup": name, "showlegend": first}


def _axis(axis: Axis, panel: Subplot) -> dict[str, Any]:
    said: dict[str, Any] = {
        "title": {"text": html.escape(axis.title), "standoff": 8, "font": {"size": 13}},
        "type": AXIS_KINDS[axis.kind],
        "gridcolor": "#e8e8e8",
        "zeroline": False,
        "showline": True,
        "linecolor": "#444444",
        "ticks": "outside",
        "automargin": True,
        "exponentformat": "SI",
    }
    ends = extent(panel, axis)
    if axis.kind == "log" and ends is not None:
        said |= _ticks(ends)
    if axis.ticks:
        texts = [html.escape(text).replace("\n", "<br>") for _, text in axis.ticks]
        said |= {"tickvals": [at for at, _ in axis.ticks], "ticktext": texts}
    if axis.range:
        said["range"] = [math.log10(end) for end in axis.range] if axis.kind == "log" else list(axis.range)
    if axis.names:
        said |= {"categoryorder": "array", "categoryarray": list(axis.names)}
    return said


def _ticks(ends: tuple[float, float]) -> dict[str, Any]:
    ticks = log_ticks(*ends)
    return {"tickvals": ticks, "ticktext": [tick_text(tick) for tick in ticks]}


def _coloraxis(chart: Chart) -> dict[str, Any]:
    assert chart.scale is not None
    low, high = (scaled(chart, end) for end in (chart.scale.low, chart.scale.high))
    bar: dict[str, Any] = {"title": {"text": html.escape(chart.scale.title), "side": "right"}, "thickness": 14}
    if chart.scale.log:
        ticks = log_ticks(chart.scale.low, chart.scale.high)
        bar |= {"tickvals": [math.log10(tick) for tick in ticks], "ticktext": [tick_text(tick) for tick in ticks]}
    return {"colorscale": colours.SCALE, "cmin": low, "cmax": high, "colorbar": bar}
