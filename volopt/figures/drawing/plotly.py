"""Draw charts with plotly: figures for the browser, the dashboard and the report.

Figures are built as plain dicts and checked once, at the end. Plotly's own objects, which check every change, take ten
times as long.
"""

import html
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from volopt.figures.chart import Chart
from volopt.figures.drawing.layout import LINE_LETTERS, WIDTH, chart_height, title_lines
from volopt.figures.drawing.plotly_layout import ANCHOR, ROW_GAP, traces_and_layout

HEADER, FOOTER = 84, 64  # pixels above and below the subplots
LEGEND_ROW, NOTE_ROW, TITLE_ROW = 24, 18, 22  # pixels
CARD_TITLE_SHARE = 9 / 16  # of the width; the rest has plotly's buttons
SUPERSCRIPT = 0.75  # the size of its letters, about
TITLE_GAP = 20  # pixels between title and subplots, where a subplot may have its own title
TITLE_LETTERS = 110  # in a line of ``WIDTH`` pixels
CARD_WIDTH, CARD_HEIGHT = 528, 450  # pixels of a figure on optuna-dashboard's page in a window of 1200
MAX_CARD_NOTES = 7  # lines; more would leave no room for the plot
MIN_NOTE_LETTERS = 20  # in a line
CARD_MARGIN_LETTERS = 9  # of the names of a category, beside the plot
CARD_ROW_GAP, CARD_LEGEND_ROW, CARD_LEGEND_GAP = 80, 30, 8  # pixels; optuna-dashboard's legend has larger letters
DATE_ROW = 20  # pixels of the day below ticks that are times


def figure(chart: Chart, width: int = WIDTH) -> go.Figure:
    """Return a chart as a plotly figure with title, legend and notes; the width is in pixels."""
    line_letters = LINE_LETTERS * width // WIDTH
    notes = _wrapped_notes(chart, max(MIN_NOTE_LETTERS, line_letters - _letters_left_of_plot(chart)))
    notes_height, legend_height = NOTE_ROW * len(notes), LEGEND_ROW * _legend_rows(chart, line_letters)
    date_row = DATE_ROW * any(subplot.x.kind == "date" for subplot in chart.subplots)
    height = chart_height(chart) + legend_height + notes_height
    title = _title(chart, TITLE_LETTERS * width // WIDTH, 30 / height)
    more = _more_title_rows(chart, width)
    above = HEADER + TITLE_ROW * title["text"].count("<br>", 0, title["text"].find("</b>")) + more
    below, legend_bottom = FOOTER + date_row + notes_height, notes_height / height
    if chart.legend_above:
        legend_bottom = 1 - (above - TITLE_GAP + legend_height) / height
        above += legend_height
    else:
        below += legend_height
    size = {"width": width, "height": height, "margin": {"t": above, "b": below, "l": 84, "r": 40}}
    return _with_text(chart, width, height - above - below, ROW_GAP + more, size, title, legend_bottom, notes)


def card_figure(chart: Chart) -> go.Figure:
    """Return a chart as a figure that fills its container, designed for a card of optuna-dashboard."""
    line_letters = LINE_LETTERS * CARD_WIDTH // WIDTH
    notes = _wrapped_notes(chart, line_letters - _letters_left_of_plot(chart))
    if len(notes) > MAX_CARD_NOTES:
        notes = [*notes[: MAX_CARD_NOTES - 1], "… The report has all notes."]
    title = _title(chart, line_letters * CARD_TITLE_SHARE, 12 / CARD_HEIGHT) | {"font": {"size": 14}}
    more = _more_title_rows(chart, CARD_WIDTH)
    above = 46 + 18 * title["text"].count("<br>") + more
    below_legend = CARD_LEGEND_GAP + NOTE_ROW * len(notes)
    below = FOOTER + CARD_LEGEND_ROW * _legend_rows(chart, line_letters) + below_legend
    size = {"autosize": True, "margin": {"t": above, "b": below, "l": 64, "r": 12}}
    plot_height = CARD_HEIGHT - above - below
    gap = CARD_ROW_GAP + more
    return _with_text(chart, CARD_WIDTH, plot_height, gap, size, title, below_legend / CARD_HEIGHT, notes)


def subplot_figure(chart: Chart) -> go.Figure:
    """Return a chart of one subplot as a figure as wide as its container, without title, legend and notes."""
    data, layout = traces_and_layout(chart, WIDTH, chart.row_height - 80)
    margin = {"t": 30, "b": 50, "l": 64, "r": 16}
    layout |= {"height": chart.row_height, "margin": margin, "showlegend": False, "autosize": True}
    return go.Figure({"data": data, "layout": layout})


def _with_text(
    chart: Chart,
    width: int,
    plot_height: int,
    row_gap: int,
    size: dict[str, Any],
    title: dict[str, Any],
    legend_bottom: float,
    notes: Sequence[str],
) -> go.Figure:
    """Return a figure with title, legend and notes; ``legend_bottom`` is a share of the height."""
    data, layout = traces_and_layout(chart, width, plot_height, row_gap)
    legend = {"orientation": "h", "y": legend_bottom, "yref": "container", "yanchor": "bottom"}
    legend |= {"x": 0.01, "xref": "container", "xanchor": "left"}
    layout |= size | {"title": title, "legend": legend, "showlegend": bool(chart.legend())}
    text, bottom = "<br>".join(map(html.escape, notes)), 4 - size["margin"]["b"]
    layout["annotations"].append(
        ANCHOR | {"text": text, "align": "left", "font": {"size": 12}, "x": 0, "y": 0, "yshift": bottom}
    )
    return go.Figure({"data": data, "layout": layout})


def _more_title_rows(chart: Chart, width: int) -> int:
    """Return the pixels that titles of subplots take beyond their first line."""
    return NOTE_ROW * (max(1, *map(len, title_lines(chart, width))) - 1)


def _wrapped_notes(chart: Chart, line_letters: int) -> list[str]:
    return [line for note in chart.notes for line in textwrap.wrap(note, line_letters)]


def _letters_left_of_plot(chart: Chart) -> int:
    """Return by how many letters the names of a category axis push the plot, and the notes below it, to the right."""
    names = [name for subplot in chart.subplots if subplot.y.kind == "category" for name in subplot.y.names]
    return max(0, max(map(len, names), default=0) - CARD_MARGIN_LETTERS)


def _legend_rows(chart: Chart, line_letters: int) -> int:
    return math.ceil(sum(len(name) + 8 for name in chart.legend()) / line_letters)


def _title(chart: Chart, line_letters: float, top: float) -> dict[str, Any]:
    """Return title and subtitle; ``top`` is their distance from the upper edge as a share of the height."""
    texts = ((chart.title, line_letters), (chart.subtitle, line_letters / SUPERSCRIPT))
    title, subtitle = ("<br>".join(textwrap.wrap(html.escape(text), int(letters))) for text, letters in texts)
    text = f"<b>{title}</b>" + (f"<br><sup>{subtitle}</sup>" if subtitle else "")
    return {"text": text, "x": 0.01, "xanchor": "left", "y": 1 - top, "yanchor": "top", "yref": "container"}
