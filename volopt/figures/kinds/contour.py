"""The value over two numbers together: trials as points, and what lies between near ones interpolated."""

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import Delaunay, QhullError

from volopt.figures.axes import ParameterAxis, objective, pairs, varying
from volopt.figures.chart import Chart, ColourScale, FilledContour, Mark, Points, Subplot
from volopt.figures.importances import ranked
from volopt.figures.points import ScoredTrial, scored, worst_first
from volopt.figures.study_view import StudyView
from volopt.metrics import Array

PLACES = 10  # that a field takes
STEPS = 48  # of a field, each way
REACH = 0.35  # of an axis: between trials further apart, a field says nothing


def chart(subject: StudyView) -> Chart:
    """Return the pairs of the most important numbers; where fewer than two vary, of all parameters, as points."""
    trials = worst_first(subject, scored(subject))
    chosen = varying(subject, trials)
    numeric = [parameter for parameter in chosen if parameter.numeric]
    chosen = numeric if len(numeric) > 1 else chosen
    together = pairs(subject, chosen, ranked(subject, [parameter.name for parameter in chosen]))
    drawn = objective(subject, [trial.value for trial in trials])
    panels = [_panel(x, y, trials, drawn.scale) for x, y in together]
    return Chart(
        f"{subject.definition.objective.metric} by two parameters",
        panels,
        subtitle=subject.about,
        notes=(*subject.notes, *drawn.notes, *_notes(panels)),
        columns=min(3, len(panels)),
        scale=drawn.scale,
        row_height=340,
    )


def _panel(x: ParameterAxis, y: ParameterAxis, trials: Sequence[ScoredTrial], scale: ColourScale) -> Subplot:
    values = [trial.value for trial in trials]
    points = Points(x.of(trials), y.of(trials), values=values, hover=[trial.text for trial in trials])
    field = _field(x, y, trials, scale) if x.numeric and y.numeric else None
    marks: list[Mark] = [field, points] if field else [points]
    return Subplot(x.axis, y.axis, marks)


def _field(
    x: ParameterAxis, y: ParameterAxis, trials: Sequence[ScoredTrial], scale: ColourScale
) -> FilledContour | None:
    """Return linear interpolation between near places on the axes as drawn, or None where there are too few.

    Trials at one place count with their mean; values on a log scale by their logarithms.
    """
    at, place = np.unique(np.column_stack([x.shares(trials), y.shares(trials)]), axis=0, return_inverse=True)
    if len(at) < PLACES:
        return None
    values = np.maximum([trial.value for trial in trials], scale.low)
    means = np.bincount(place.ravel(), np.log(values) if scale.log else values) / np.bincount(place.ravel())
    steps = np.linspace(0, 1, STEPS)
    square = np.stack(np.meshgrid(steps, steps), axis=-1)  # shape: (y, x, 2)
    try:
        triangles = Delaunay(at)
    except QhullError:  # all on one line
        return None
    corners = at[triangles.simplices]  # shape: (triangle, corner, 2)
    sides = np.sort(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2), axis=1)
    near = sides[:, 1] <= REACH  # the longest may be the diagonal of near places
    inside = triangles.find_simplex(square)
    z = np.where((inside >= 0) & near[inside], LinearNDInterpolator(triangles, means)(square), np.nan)
    z = np.exp(z) if scale.log else z
    rows = [[float(f"{value:.4g}") if np.isfinite(value) else None for value in row] for row in z]
    return FilledContour(_places(x, trials), _places(y, trials), rows) if np.isfinite(z).any() else None


def _places(parameter: ParameterAxis, trials: Sequence[ScoredTrial]) -> list[float]:
    """Return the positions of the field's steps on an axis."""
    seen: Array = np.asarray(parameter.of(trials), dtype=float)
    space = np.geomspace if parameter.axis.kind == "log" else np.linspace
    found: list[float] = space(seen.min(), seen.max(), STEPS).tolist()
    return found


def _notes(panels: Sequence[Subplot]) -> list[str]:
    alone = sum(len(panel.marks) == 1 for panel in panels)
    notes = ["The other parameters differ from trial to trial."]
    if alone < len(panels):
        notes.append("Between trials near each other, colours are linear interpolation; elsewhere nothing is known.")
    if alone:
        notes.append(f"Points alone where trials are at under {PLACES} places, or nowhere near each other both ways.")
    return [" ".join(notes)]
