"""Draw how well the metric after some epochs ranks trials as their final value does: can a pruner look early?"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from volopt.figures import colours
from volopt.figures.chart import Axis, Band, Chart, Line, Mark, Subplot
from volopt.figures.scored_trials import ScoredTrial, scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.attributes import finite
from volopt.studies.trial_file import StoredCurves
from volopt.training.task import Curves, rung

MIN_TRIALS = 4  # of a phase; with few, the intervals are wide
DRAWS = 1000  # of the bootstrap
SPEARMAN = "Spearman's rank correlation over COMPLETE trials, with a 95 % interval by bootstrap over the trials."
KEPT = "A pruned trial has no final value, so a phase with a pruner shows the trials that the pruner kept."


class _Curve(NamedTuple):
    """Hold the values of a trial at each rung: the mean of all its fits, and its first fit alone."""

    mean: list[float]
    first: list[float]
    final: float


class _Correlations(NamedTuple):
    """Hold the rank correlation with the final value at each rung; None where the values are equal."""

    value: list[float | None]
    low: list[float | None]
    high: list[float | None]


def chart(view: StudyView) -> Chart:
    """Return a subplot for each phase with enough trials."""
    if "epochs" in view.definition.space:
        raise NothingToPlotError(
            f"the trials of {view.name} have different numbers of epochs", "slice draws the value by epochs"
        )
    epochs = view.definition.training.epochs
    rungs = list(range(rung(epochs), epochs + 1, rung(epochs)))
    phases = defaultdict(list)
    for trial in scored_trials(view):
        if curve := _curve(view, trial, rungs):
            phases[trial.phase].append(curve)
    most = max(map(len, phases.values()), default=0)
    if most < MIN_TRIALS:
        raise NothingToPlotError(
            f"a correlation needs {MIN_TRIALS} COMPLETE trials of a phase with their files; {view.name} has {most}",
            "run more trials",
        )
    shown = [_subplot(name, curves, rungs) for name, curves in phases.items() if len(curves) >= MIN_TRIALS]
    return Chart(
        f"Do early epochs rank trials by their final {view.metric}?",
        shown,
        notes=(SPEARMAN, KEPT),
        columns=min(2, len(shown)),
    )


def _curve(view: StudyView, trial: ScoredTrial, rungs: Sequence[int]) -> _Curve | None:
    """Return the curves of a trial, or None where its file does not hold them."""
    file = view.file(view.trials[trial.number])
    if file is None:
        return None
    keeps_best = view.definition.training.early_stopping != "none"
    values = np.array([_values(seed.curves, view.metric, rungs, keeps_best=keeps_best) for seed in file.seeds])
    if not np.isfinite(values).all():
        return None
    return _Curve(values.mean(axis=0).tolist(), values[0].tolist(), trial.value)


def _values(curves: StoredCurves, metric: str, rungs: Sequence[int], *, keeps_best: bool) -> list[float]:
    """Return the metric of the weights that a fit would keep if it ended at each rung; NaN if one is not recorded."""
    own, last = Curves(**curves.model_dump()), len(curves.valid_mse)
    try:
        return [own.value(metric, min(epoch, last), keeps_best) for epoch in rungs]
    except (IndexError, TypeError, ValueError):  # a file of an earlier version or of a stranger
        return [math.nan] * len(rungs)


def _correlations(values: Sequence[Sequence[float]], finals: Sequence[float]) -> _Correlations:
    """Return Spearman's correlation at each rung with its interval.

    Args:
        values: shape (trials, rungs).
        finals: shape (trials,).
    """
    at, final = np.asarray(values), np.asarray(finals)
    draws = np.random.default_rng(0).integers(len(final), size=(DRAWS, len(final)))
    value = [_spearman(column[None], final[None])[0] for column in at.T]
    drawn = [_spearman(column[draws], final[draws]) for column in at.T]
    defined = [each[np.isfinite(each)] for each in drawn]  # a draw of equal values has no correlation
    low, high = np.transpose([np.quantile(each, [0.025, 0.975]) if len(each) else [math.nan] * 2 for each in defined])
    return _Correlations(*(finite(np.asarray(each).tolist()) for each in (value, low, high)))


def _spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank correlation of each row, shape (rows,); NaN where all values of a row are equal."""
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=1) for values in (first, second)]
    x, y = (each - each.mean(axis=1, keepdims=True) for each in ranks)
    with np.errstate(invalid="ignore"):
        return np.asarray((x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1)))


def _subplot(phase: str, curves: Sequence[_Curve], rungs: Sequence[int]) -> Subplot:
    finals = [curve.final for curve in curves]
    marks: list[Mark] = []
    lowest = 0.0
    for name, values, colour in (
        ("all fits of a trial", [curve.mean for curve in curves], colours.BLUE),
        ("its first fit alone", [curve.first for curve in curves], colours.VERMILLION),
    ):
        rows = _correlations(values, finals)
        lowest = min([lowest, *(low for low in rows.low if low is not None)])
        marks += [Band(rungs, rows.low, rows.high, colour=colour), Line(rungs, rows.value, name, colour, width=2.2)]
    return Subplot(
        Axis("epochs of each fit", range=(0, rungs[-1] * 1.02)),
        Axis("rank correlation with the final value", range=(lowest - 0.03, 1.03)),
        marks,
        f"{phase}: {len(curves)} trials",
    )
