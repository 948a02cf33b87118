"""Figures as the report sets them: a drawing for each panel, and title, legend and notes as text."""

import json
from collections.abc import Sequence
from typing import Any

from plotly import io
from plotly.colors import sample_colorscale

from volopt.figures import colours
from volopt.figures.chart import Axis, Band, Bars, Chart, ColourScale, Line, Mark, Points, ReferenceLine, TimeSpans
from volopt.figures.drawing.plotly import panel_figure
from volopt.figures.kinds import KINDS
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.report.blocks import Block, ColourBar, FigureBlock, LegendEntry, SubplotArea, TextBlock, told

DIGITS = 5  # of the numbers that are drawn
LETTER = 7  # pixels


def figures(subject: StudyView, kinds: Sequence[str]) -> list[Block]:
    """Return the figures of these kinds; in place of those that have nothing to draw, the sentences that say why."""
    found: list[Block] = []
    for kind in kinds:
        block = _figure(subject, kind)
        if block not in found:  # several often lack the same
            found.append(block)
    return found


def _figure(subject: StudyView, kind: str) -> Block:
    try:
        chart = KINDS[kind].chart(subject)
    except NothingToPlotError as error:
        return TextBlock(told(error))
    columns = min(chart.columns, len(chart.panels))
    return FigureBlock(
        title=chart.title,
        about=chart.subtitle if chart.subtitle != subject.about else "",
        notes=[note for note in chart.notes if note not in subject.notes],  # those stand at the top of the page
        legend=[_entry(name, mark) for name, mark in chart.legend().items()],
        gradient=_gradient(chart.scale) if chart.scale else None,
        columns=columns,
        places=[_place(each, alone=columns == 1) for each in chart.split()],
    )


def _entry(name: str, mark: Mark) -> LegendEntry:
    if isinstance(mark, Line | ReferenceLine):
        return LegendEntry(name, mark.colour, "dashed" if mark.dashed else "line")
    shape = "band" if isinstance(mark, Band) else "area" if isinstance(mark, Bars | TimeSpans) else "point"
    if isinstance(mark, Points) and mark.symbol != "circle":
        shape = mark.symbol
    return LegendEntry(name, getattr(mark, "colour", colours.ACTUAL), shape)


def _place(chart: Chart, *, alone: bool) -> SubplotArea:
    (panel,) = chart.panels
    drawing = _rounded(io.to_json(panel_figure(chart), validate=False))
    layout = drawing["layout"]
    if "coloraxis" in layout:
        layout["coloraxis"]["showscale"] = False  # it stands once under the figure
    label = ", ".join(filter(None, (panel.title or chart.title, panel.y.title, panel.x.title)))
    return SubplotArea(label, chart.row_height, _width(panel.x) if alone else 0, drawing)


def _width(axis: Axis) -> int:
    labels = [*axis.names, *(text for _, text in axis.ticks)]
    longest = max((len(line) for label in labels for line in label.split("\n")), default=0)
    return LETTER * (longest + 2) * len(labels)


def _rounded(text: str) -> Any:
    return json.loads(text, parse_float=_round)


def _round(number: str) -> float:
    return float(f"{float(number):.{DIGITS}g}")


def _gradient(scale: ColourScale) -> ColourBar:
    low, high = (f"{end:.4g}" for end in (scale.low, scale.high))
    title = f"{scale.title}, log scale" if scale.log else scale.title
    return ColourBar(title, low, high, sample_colorscale(colours.SCALE, 9))
