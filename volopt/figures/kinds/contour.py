"""Draw the value over two parameters: trials as points, linear interpolation between near ones, a grid as cells."""

from collections.abc import Sequence
from statistics import fmean, geometric_mean

import numpy as np

from volopt.figures.axes import ParameterAxis, objective_axis
from volopt.figures.chart import Cells, Chart, ColourScale, FilledContour, Points, Subplot
from volopt.figures.parameter_pairs import MAX_PAIRS, ParameterPair, parameter_pairs
from volopt.figures.scored_trials import ScoredTrial, scored_trials
from volopt.figures.study_view import StudyView
from volopt.metrics import Array

MIN_POSITIONS = 10  # of trials, to interpolate
GRID_STEPS = 48  # of a contour, in each direction
MAX_DISTANCE = 0.35  # share of an axis: no interpolation between trials further apart


def chart(view: StudyView) -> Chart:
    """Return pairs of parameters that varied together: numbers as points and contours, a grid's values as cells.

    Names of a search are paired only if there is no other pair.
    """
    pairs = parameter_pairs(view, scored_trials(view))
    drawn = ([pair for pair in pairs if pair.numeric or pair.is_grid] or pairs)[:MAX_PAIRS]
    objective = objective_axis(view, [trial.value for trial in scored_trials(view)])
    subplots = [_subplot(pair, objective.scale) for pair in drawn]
    return Chart(
        f"{view.metric} by two parameters",
        subplots,
        notes=(*objective.notes, *_notes(subplots)),
        columns=min(3, len(subplots)),
        scale=objective.scale,
        row_height=340,
    )


def _subplot(pair: ParameterPair, scale: ColourScale) -> Subplot:
    x, y, trials = pair.x, pair.y, pair.trials
    values = [trial.value for trial in trials]
    if pair.is_grid:
        return pair.cells(values, geometric_mean if scale.log else fmean)
    points = Points(x.positions(trials), y.positions(trials), values=values, hover=[trial.text for trial in trials])
    contour = _contour(x, y, trials, scale) if pair.numeric else None
    return pair.subplot([points] if contour is None else [contour, points])


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
    kinds = [{type(mark) for mark in subplot.marks} for subplot in subplots]
    notes = ["Pairs are of parameters that varied together. The other parameters differ from trial to trial."]
    if any(Cells in each for each in kinds):
        notes.append("A cell has the mean of its trials.")
    if any(FilledContour in each for each in kinds):
        notes.append("Colours between near trials are linear interpolation; elsewhere nothing is known.")
    points_only = [subplot for subplot, each in zip(subplots, kinds, strict=True) if each == {Points}]
    if any("category" in (subplot.x.kind, subplot.y.kind) for subplot in points_only):
        notes.append("Points only: interpolation needs two numbers.")
    elif points_only:
        notes.append("A subplot of points only has too few trials to interpolate.")
    return [" ".join(notes)]
