"""Arrange subplots as plotly's traces and axes, which are plain dicts."""

import html
import math
from typing import Any

from volopt.figures import colours
from volopt.figures.chart import Axis, Chart, ColourScale, Subplot
from volopt.figures.drawing.layout import axis_extent, log_ticks, row_count, tick_text, title_lines
from volopt.figures.drawing.plotly_marks import mark_traces, on_scale

FONT = {"family": "Helvetica, Arial, sans-serif", "size": 13, "color": "#222222"}
AXIS_KINDS = {"number": "linear", "log": "log", "date": "date", "category": "category"}
ROW_GAP = 104  # pixels
COLUMN_GAP = 0.075  # share of the width
ANCHOR = {"showarrow": False, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}


def traces_and_layout(
    chart: Chart, width: int, plot_height: int, row_gap: int = ROW_GAP
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the traces and the layout of all subplots.

    The width of the chart, the height of all rows and the gap between two are in pixels.
    """
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "template": {},  # plotly's default template would add its own look to each figure
        "plot_bgcolor": "white",
        "paper_bgcolor": "white",
        "font": FONT,
        "barmode": "group",
        "hoverlabel": {"align": "left"},
        "annotations": [],
    }
    in_legend: set[str] = set()
    titles = title_lines(chart, width)
    for index, subplot in enumerate(chart.subplots):
        suffix = str(index + 1) if index else ""  # plotly's axes are x, x2, x3, ...
        x_domain, y_domain = _domains(chart, index, row_gap / plot_height)
        for mark in subplot.marks:
            name = getattr(mark, "name", "")
            for trace in mark_traces(mark, chart.scale, subplot):
                data.append(trace | _legend_entry(name, in_legend) | {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
        layout[f"xaxis{suffix}"] = _axis(subplot.x, subplot) | {"domain": x_domain, "anchor": f"y{suffix}"}
        layout[f"yaxis{suffix}"] = _axis(subplot.y, subplot) | {"domain": y_domain, "anchor": f"x{suffix}"}
        if subplot.title:
            position = {"x": sum(x_domain) / 2, "y": y_domain[1], "xanchor": "center"}
            if subplot.y.kind == "category":  # whose names leave little room above the plot itself
                position |= {"x": x_domain[1], "xanchor": "right"}
            text = "<br>".join(map(html.escape, titles[index]))
            layout["annotations"].append(ANCHOR | position | {"text": text, "font": {"size": 13}})
    if chart.scale is not None:
        layout["coloraxis"] = _colour_axis(chart.scale)
    return data, layout


def _domains(chart: Chart, index: int, row_gap: float) -> tuple[list[float], list[float]]:
    """Return the horizontal and vertical extent of a subplot; like the gap, in shares of the whole plot."""
    columns, rows = min(chart.columns, len(chart.subplots)), row_count(chart)
    row, column = divmod(index, columns)
    width = (1 - COLUMN_GAP * (columns - 1)) / columns
    height = (1 - row_gap * (rows - 1)) / rows
    left, top = column * (width + COLUMN_GAP), 1 - row * (height + row_gap)
    return [left, min(left + width, 1.0)], [max(top - height, 0.0), top]


def _legend_entry(name: str, in_legend: set[str]) -> dict[str, Any]:
    """Return the legend entry of a trace: one for each name, which shows and hides all traces of that name."""
    first = bool(name) and name not in in_legend
    in_legend.add(name)
    return {"name": html.escape(name), "legendgroup": name, "showlegend": first}


def _axis(axis: Axis, subplot: Subplot) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "title": {"text": html.escape(axis.title), "standoff": 8, "font": {"size": 13}},
        "type": AXIS_KINDS[axis.kind],
        "gridcolor": "#e8e8e8",
        "zeroline": False,
        "showline": True,
        "linecolor": "#444444",
        "ticks": "outside",
        # A margin for the last date's overhang makes plotly choose other dates, which may need none, and so on.
        "automargin": "height" if axis.kind == "date" and axis is subplot.x else True,
        "exponentformat": "SI",
    }
    extent = axis_extent(subplot, axis)
    if axis.kind == "log" and extent is not None:
        ticks = log_ticks(*extent)
        settings |= {"tickvals": ticks, "ticktext": [tick_text(tick) for tick in ticks]}
    if axis.ticks:
        texts = [html.escape(text).replace("\n", "<br>") for _, text in axis.ticks]
        settings |= {"tickvals": [position for position, _ in axis.ticks], "ticktext": texts}
    if axis.range:
        settings["range"] = [math.log10(end) for end in axis.range] if axis.kind == "log" else list(axis.range)
    if axis.names:
        settings |= {"categoryorder": "array", "categoryarray": list(axis.names)}
    return settings


def _colour_axis(scale: ColourScale) -> dict[str, Any]:
    bar: dict[str, Any] = {"title": {"text": html.escape(scale.title), "side": "right"}, "thickness": 14}
    if scale.log:
        ticks = log_ticks(scale.low, scale.high)
        bar |= {"tickvals": [math.log10(tick) for tick in ticks], "ticktext": [tick_text(tick) for tick in ticks]}
    low, high = on_scale(scale, scale.low), on_scale(scale, scale.high)
    return {"colorscale": colours.SCALE, "cmin": low, "cmax": high, "colorbar": bar}
