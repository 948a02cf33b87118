"""Ranks: those of Optuna's rank plot, counted from 1, the best first."""

import numpy as np
import pytest
from optuna.trial import FrozenTrial
from optuna.visualization._rank import _get_order_with_same_order_averaging

from builders import STUDY
from figures.kinds.searches import MAXIMIZED, random, study_view, trial
from volopt.figures.chart import Points
from volopt.figures.kinds.rank import chart


def ranks(*trials: FrozenTrial, text: str) -> dict[str, float]:
    """Return the rank of each trial by its number."""
    figure = chart(study_view(*trials, text=text))
    assert figure.scale is not None
    assert (figure.scale.low, figure.scale.high) == (1, len(trials))
    (points,) = figure.subplots[0].marks
    assert isinstance(points, Points)
    numbers = [hover.split("trial ")[1].split(",")[0] for hover in points.hover]
    return dict(zip(numbers, (float(value or 0) for value in points.values), strict=True))


@pytest.mark.parametrize(("text", "sign"), [(STUDY, 1), (MAXIMIZED, -1)])
def test_ranks_are_those_of_optuna(text: str, sign: int) -> None:
    trials = [*random(15), trial(0.05, window=2), trial(0.05, window=3)]
    order = _get_order_with_same_order_averaging(np.asarray([sign * (each.value or 0) for each in trials])) + 1
    assert ranks(*trials, text=text) == {str(number): rank for number, rank in enumerate(order)}


def test_all_pairs_of_four_parameters_have_a_panel_names_too() -> None:
    figure = chart(study_view(*random(20)))
    assert len(figure.subplots) == 6
    titles = [{subplot.x.title.split(",")[0], subplot.y.title.split(",")[0]} for subplot in figure.subplots]
    assert {"cell", "hidden_size"} in titles
    assert all(len(pair) == 2 for pair in titles)


def test_the_best_lies_on_top() -> None:
    (points,) = chart(study_view(*random(20))).subplots[0].marks
    assert isinstance(points, Points)
    assert list(points.values) == sorted((value or 0 for value in points.values), reverse=True)
