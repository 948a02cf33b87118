"""Charts drawn by plotly: figures for the browser, the dashboard and the report.

Figures are put together as plain dicts and checked once, at the end: building them from plotly's own objects, each of
which is checked as it changes, takes ten times as long.
"""

import html
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from volopt.figures.chart import Chart
from volopt.figures.drawing.layout import LETTERS, WIDTH, height
from volopt.figures.drawing.plotly_layout import ANCHOR, panels

HEADER, FOOTER = 84, 64  # pixels above and below the panels
LEGEND_ROW, NOTE_ROW = 24, 18  # pixels
CARD_WIDTH, CARD_HEIGHT = 528, 450  # pixels of optuna-dashboard's place for a figure, in a window of 1200
CARD_GAP, CARD_LEGEND_ROW, CARD_SPACE = 80, 30, 8  # between rows; of its legend, larger there; under the legend
DATE_ROW = 20  # the day, under ticks that are times


def figure(chart: Chart) -> go.Figure:
    """Return a chart as a plotly figure of ``WIDTH`` pixels with title, legend and notes."""
    notes = [line for note in chart.notes for line in textwrap.wrap(note, LETTERS)]
    legend = LEGEND_ROW * math.ceil(sum(len(name) + 8 for name in chart.legend()) / LETTERS)
    second_row = DATE_ROW * any(panel.x.kind == "date" for panel in chart.panels)
    below = FOOTER + second_row + legend + NOTE_ROW * len(notes)
    total = height(chart) + legend + NOTE_ROW * len(notes)
    data, layout = panels(chart, total - HEADER - below)
    layout |= {
        "title": _title(chart, 110, 30 / total),
        "width": WIDTH,
        "height": total,
        "margin": {"t": HEADER, "b": below, "l": 84, "r": 40},
        "showlegend": bool(legend),
        "legend": _legend(NOTE_ROW * len(notes) / total),
    }
    layout["annotations"].append(_below(notes, below))
    return go.Figure({"data": data, "layout": layout})


def panel_figure(chart: Chart) -> go.Figure:
    """Return a chart of one panel as a figure as wide as its place, without title, legend and notes."""
    data, layout = panels(chart, chart.row_height - 80)
    layout |= {
        "height": chart.row_height,
        "margin": {"t": 30, "b": 50, "l": 64, "r": 16},
        "showlegend": False,
        "autosize": True,
    }
    return go.Figure({"data": data, "layout": layout})


def card_figure(chart: Chart) -> go.Figure:
    """Return a chart as a figure that fills its place, drawn for optuna-dashboard's of ``CARD_WIDTH``."""
    letters = LETTERS * CARD_WIDTH // WIDTH
    notes = [line for note in chart.notes for line in textwrap.wrap(note, letters)]
    title = _title(chart, letters * 3 // 4, 12 / CARD_HEIGHT)
    legend = CARD_LEGEND_ROW * math.ceil(sum(len(name) + 8 for name in chart.legend()) / letters)
    above = 46 + 18 * title["text"].count("<br>")
    under = CARD_SPACE + NOTE_ROW * len(notes)
    below = FOOTER + legend + under
    data, layout = panels(chart, CARD_HEIGHT - above - below, CARD_GAP)
    layout |= {
        "title": title | {"font": {"size": 14}},
        "margin": {"t": above, "b": below, "l": 64, "r": 12},
        "showlegend": bool(legend),
        "legend": _legend(under / CARD_HEIGHT),
        "autosize": True,
    }
    layout["annotations"].append(_below(notes, below))
    return go.Figure({"data": data, "layout": layout})


def _title(chart: Chart, letters: int, below_top: float) -> dict[str, Any]:
    title, subtitle = ("<br>".join(textwrap.wrap(html.escape(text), letters)) for text in (chart.title, chart.subtitle))
    text = f"<b>{title}</b>" + (f"<br><sup>{subtitle}</sup>" if subtitle else "")
    return {"text": text, "x": 0.01, "xanchor": "left", "y": 1 - below_top, "yanchor": "top", "yref": "container"}


def _legend(upward: float) -> dict[str, Any]:
    return {"orientation": "h", "x": 0, "y": upward, "yref": "container", "yanchor": "bottom"}


def _below(notes: Sequence[str], pixels: int) -> dict[str, Any]:
    text = "<br>".join(map(html.escape, notes))
    return {"text": text, "align": "left", "font": {"size": 12}, "x": 0, "y": 0, "yshift": 4 - pixels} | ANCHOR
