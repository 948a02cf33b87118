"""Draw the value over two numbers: trials as points, and linear interpolation between near ones."""

from collections.abc import Sequence

import numpy as np

from volopt.figures.axes import ParameterAxis, objective_axis, parameter_pairs, varying_parameters
from volopt.figures.chart import Chart, ColourScale, FilledContour, Mark, Points, Subplot
from volopt.figures.scored_trials import ScoredTrial, scored_trials, worst_first
from volopt.figures.study_view import StudyView
from volopt.metrics import Array

MIN_POSITIONS = 10  # of trials, to interpolate
GRID_STEPS = 48  # of a contour, in each direction
MAX_DISTANCE = 0.35  # share of an axis: no interpolation between trials further apart


def chart(view: StudyView) -> Chart:
    """Return the pairs of the most important numbers; if fewer than two numbers vary, pairs of all parameters."""
    trials = worst_first(view, scored_trials(view))
    parameters = varying_parameters(view, trials)
    numeric = [parameter for parameter in parameters if parameter.numeric]
    pairs = parameter_pairs(view, numeric if len(numeric) > 1 else parameters)
    objective = objective_axis(view, [trial.value for trial in trials])
    subplots = [_subplot(x, y, trials, objective.scale) for x, y in pairs]
    return Chart(
        f"{view.metric} by two parameters",
        subplots,
        notes=(*objective.notes, *_notes(subplots)),
        columns=min(3, len(subplots)),
        scale=objective.scale,
        row_height=340,
    )


def _subplot(x: ParameterAxis, y: ParameterAxis, trials: Sequence[ScoredTrial], scale: ColourScale) -> Subplot:
    values, texts = [trial.value for trial in trials], [trial.text for trial in trials]
    marks: list[Mark] = [Points(x.positions(trials), y.positions(trials), values=values, hover=texts)]
    contour = _contour(x, y, trials, scale) if x.numeric and y.numeric else None
    if contour is not None:
        marks.insert(0, contour)
    return Subplot(x.axis, y.axis, marks)


def _contour(
    x: ParameterAxis, y: ParameterAxis, trials: Sequence[ScoredTrial], scale: ColourScale
) -> FilledContour | None:
    """Return linear interpolation on the axes as drawn, or None if there are too few trials near each other.

    Trials at the same position count with their mean. On a log scale, logarithms are averaged and interpolated.
    """
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import Delaunay, QhullError

    fractions = np.column_stack([x.fractions(trials), y.fractions(trials)])
    positions, inverse = np.unique(fractions, axis=0, return_inverse=True)
    if len(positions) < MIN_POSITIONS:
        return None
    values = np.maximum([trial.value for trial in trials], scale.low)
    means = np.bincount(inverse.ravel(), np.log(values) if scale.log else values) / np.bincount(inverse.ravel())
    try:
        triangles = Delaunay(positions)
    except QhullError:  # all positions are on one line
        return None
    corners = positions[triangles.simplices]  # shape: (triangle, corner, 2)
    sides = np.sort(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2), axis=1)
    near = sides[:, 1] <= MAX_DISTANCE  # the longest side may be a diagonal
    steps = np.linspace(0, 1, GRID_STEPS)
    square = np.stack(np.meshgrid(steps, steps), axis=-1)  # shape: (y, x, 2)
    inside = triangles.find_simplex(square)
    z = np.where((inside >= 0) & near[inside], LinearNDInterpolator(triangles, means)(square), np.nan)
    z = np.exp(z) if scale.log else z
    rows = [[float(f"{value:.4g}") if np.isfinite(value) else None for value in row] for row in z]
    return FilledContour(_grid(x, trials), _grid(y, trials), rows) if np.isfinite(z).any() else None


def _grid(parameter: ParameterAxis, trials: Sequence[ScoredTrial]) -> list[float]:
    """Return the positions of the contour's steps on an axis."""
    seen: Array = np.asarray(parameter.positions(trials), dtype=float)
    space = np.geomspace if parameter.axis.kind == "log" else np.linspace
    steps: list[float] = space(seen.min(), seen.max(), GRID_STEPS).tolist()
    return steps


def _notes(subplots: Sequence[Subplot]) -> list[str]:
    points_only = sum(len(subplot.marks) == 1 for subplot in subplots)
    notes = ["The other parameters differ from trial to trial."]
    if points_only < len(subplots):
        notes.append("Colours between near trials are linear interpolation; elsewhere nothing is known.")
    if any("category" in (subplot.x.kind, subplot.y.kind) for subplot in subplots):
        notes.append("Points only: interpolation needs two numbers, and fewer vary.")
    elif points_only == len(subplots):
        notes.append("Too few trials to interpolate: points only.")
    elif points_only:
        notes.append("A subplot of points only has too few trials to interpolate.")
    return [" ".join(notes)]
