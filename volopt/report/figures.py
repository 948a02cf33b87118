"""Set figures for the report: a plotly drawing for each subplot, and title, legend and notes as text."""

import json
from typing import Any

from plotly import io
from plotly.colors import sample_colorscale

from volopt.figures import colours
from volopt.figures.chart import Axis, Band, Bars, Chart, Line, Mark, Points, ReferenceLine, TimeSpans
from volopt.figures.drawing.plotly import subplot_figure
from volopt.figures.kinds import KINDS, FigureKind
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.report.blocks import Block, FigureBlock, LegendEntry, SubplotArea, TextBlock, error_sentences

DIGITS = 5  # of drawn numbers
LETTER_WIDTH = 7  # pixels


def figures(view: StudyView, section: str) -> list[Block]:
    """Return the figures of a section; for a figure with nothing to draw, the sentence that says why."""
    blocks: list[Block] = []
    for kind in KINDS.values():
        if kind.of_periods and not view.has_periods:
            continue
        if kind.report == section and (block := _figure(view, kind)) not in blocks:
            blocks.append(block)  # several figures often give the same reason
    return blocks


def _figure(view: StudyView, kind: FigureKind) -> Block:
    try:
        chart = kind.chart(view)
    except NothingToPlotError as error:
        return TextBlock(error_sentences(error))
    columns = min(chart.columns, len(chart.subplots))
    return FigureBlock(
        title=chart.title,
        notes=[note for note in chart.notes if note not in view.warnings],  # the page shows warnings at its top
        legend=[_legend_entry(name, mark) for name, mark in chart.legend().items()],
        scale=chart.scale,
        colours=sample_colorscale(colours.SCALE, 9),
        columns=columns,
        areas=[_area(part, alone=columns == 1) for part in chart.split()],
    )


def _legend_entry(name: str, mark: Mark) -> LegendEntry:
    if isinstance(mark, Line | ReferenceLine):
        return LegendEntry(name, mark.colour, "dashed" if mark.dashed else "line")
    shape = "band" if isinstance(mark, Band) else "area" if isinstance(mark, Bars | TimeSpans) else "point"
    if isinstance(mark, Points) and mark.symbol != "circle":
        shape = mark.symbol
    return LegendEntry(name, getattr(mark, "colour", colours.ACTUAL), shape)


def _area(chart: Chart, *, alone: bool) -> SubplotArea:
    (subplot,) = chart.subplots
    text = io.to_json(subplot_figure(chart), validate=False)
    drawing: dict[str, Any] = json.loads(text, parse_float=lambda number: float(f"{float(number):.{DIGITS}g}"))
    if "coloraxis" in drawing["layout"]:
        drawing["layout"]["coloraxis"]["showscale"] = False  # the figure shows its colour bar once
    label = ", ".join(filter(None, (subplot.title or chart.title, subplot.y.title, subplot.x.title)))
    return SubplotArea(label, chart.row_height, _width(subplot.x) if alone else 0, drawing)


def _width(axis: Axis) -> int:
    """Return the width in pixels at which the tick labels do not touch."""
    labels = [*axis.names, *(text for _, text in axis.ticks)]
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return LETTER_WIDTH * (longest + 2) * len(labels)
