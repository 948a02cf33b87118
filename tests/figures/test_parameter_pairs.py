"""Pairs: of parameters that varied together, and a grid's trials as cells."""

from statistics import fmean

import pytest
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from figures.kinds.searches import random, study_view, trial
from volopt.figures.chart import Cells
from volopt.figures.parameter_pairs import parameter_pairs
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView

GRID = [trial(value, "width", cell=cell, hidden_size=size) for cell, size, value in (
    ("RNN", 3, 0.1), ("RNN", 5, 0.2), ("LSTM", 3, 0.3), ("LSTM", 5, 0.4)
)]  # fmt: skip


def paired(view: StudyView) -> list[tuple[str, str]]:
    return [(pair.x.name, pair.y.name) for pair in parameter_pairs(view, scored_trials(view))]


def test_pairs_are_in_the_order_of_ped_anova() -> None:
    view = study_view(*random(30))
    shares = get_param_importances(view.study, evaluator=PedAnovaImportanceEvaluator())
    names = list(dict.fromkeys(name for pair in paired(view) for name in pair))
    assert [shares[name] for name in names] == sorted(shares.values(), reverse=True)


def test_parameters_of_different_phases_are_no_pair() -> None:
    search = [trial(0.1 * window, window=window, learning_rate=0.001 * window) for window in range(2, 7)]
    view = study_view(*GRID, *search)
    assert {frozenset(pair) for pair in paired(view)} == {
        frozenset({"cell", "hidden_size"}),
        frozenset({"window", "learning_rate"}),
    }
    by_name = {frozenset({pair.x.name, pair.y.name}): pair for pair in parameter_pairs(view, scored_trials(view))}
    grid, extend = by_name[frozenset({"cell", "hidden_size"})], by_name[frozenset({"window", "learning_rate"})]
    assert (grid.is_grid, extend.is_grid) == (True, False)
    assert sorted(each.number for each in grid.trials) == [0, 1, 2, 3]
    assert sorted(each.number for each in extend.trials) == [4, 5, 6, 7, 8]


def test_a_grid_has_a_cell_for_each_pair_of_values() -> None:
    (pair,) = parameter_pairs(view := study_view(*GRID[:3]), scored_trials(view))
    subplot = pair.cells([each.value for each in pair.trials], fmean)
    (cells,) = subplot.marks
    assert isinstance(cells, Cells)
    values = {(x, y): z for y, row in zip(cells.y, cells.z, strict=True) for x, z in zip(cells.x, row, strict=True)}
    if "cell" in subplot.y.title:
        values = {(y, x): z for (x, y), z in values.items()}
    assert values == {("RNN", "3"): 0.1, ("RNN", "5"): 0.2, ("LSTM", "3"): 0.3, ("LSTM", "5"): None}
    assert (subplot.x.names, subplot.y.names) == (cells.x, cells.y)


def test_no_pair_is_told() -> None:
    view = study_view(trial(0.1, "width", hidden_size=3), trial(0.2, "width", hidden_size=5), trial(0.3, window=2))
    with pytest.raises(NothingToPlotError, match="no two parameters vary together in a phase of small"):
        parameter_pairs(view, scored_trials(view))
