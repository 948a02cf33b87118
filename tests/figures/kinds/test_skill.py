"""The best trials against the baselines."""

from pathlib import Path

import pytest

from builders import definition
from figures.kinds.stored import Stored, really_run
from volopt.figures import colours
from volopt.figures.chart import Points, ReferenceLine, Subplot
from volopt.figures.kinds.skill import chart
from volopt.figures.study_view import NothingToPlotError
from volopt.studies import study as studies

BASELINES = {"har": {"valid_log_r2": 0.5}, "ma5": {"valid_log_r2": 0.1}}


def stored(directory: Path) -> Stored:
    stored_study = Stored(directory)
    studies.store_baselines(stored_study.study, BASELINES)
    return stored_study


def large(subplot: Subplot, cell: str) -> Points:
    (match,) = (m for m in subplot.marks if isinstance(m, Points) and m.colour == colours.CELLS[cell] and m.name)
    return match


def test_the_ratio_of_errors_is_one_less_skill(tmp_path: Path) -> None:
    stored_study = stored(tmp_path)
    ensemble = {"ensemble_valid_skill_har": 0.2, "ensemble_valid_skill_ma5": -999.0, "ensemble_test_skill_har": -1.0}
    seeds = [{"seed": 0, "valid_skill_har": -0.5}, {"seed": 1, "valid_skill_har": 0.5, "valid_skill_ma5": 0.0}]
    stored_study.add(metrics=ensemble, seeds=seeds, cell="RNN")
    valid, test = chart(stored_study.view).subplots
    assert [text for _, text in valid.x.ticks] == ["ma5", "har"]
    assert (list(large(valid, "RNN").x), large(valid, "RNN").y) == ([0, 1], [1000.0, 0.8])
    assert large(test, "RNN").y == [2.0]
    assert [list(mark.y) for mark in valid.marks if isinstance(mark, Points) and not mark.name] == [[1.5], [1.0, 0.5]]
    assert [mark.y for mark in valid.marks if isinstance(mark, ReferenceLine)] == [1.0]
    assert valid.y.kind == "log"


def test_each_cell_is_shown_by_its_best_trial_beside_the_others(tmp_path: Path) -> None:
    stored_study = stored(tmp_path)
    for cell, value, skill in (("RNN", 2.0, 0.1), ("RNN", 1.0, 0.2), ("LSTM", 3.0, 0.3)):
        stored_study.add(value=value, metrics={"ensemble_valid_skill_har": skill}, cell=cell, seeds=[{"seed": 0}])
    figure = chart(stored_study.view)
    rnn, lstm = (large(figure.subplots[0], cell) for cell in ("RNN", "LSTM"))
    assert (rnn.y, lstm.y) == ([0.8], [0.7])
    assert float(str(lstm.x[0])) < 1 < float(str(rnn.x[0]))  # HAR is the second baseline
    assert any(note.startswith("RNN: trial 1, cell=RNN") for note in figure.notes)
    assert rnn.name == "RNN, its forecast"


def test_a_perfect_forecast_has_no_place_on_a_log_axis(tmp_path: Path) -> None:
    stored_study = stored(tmp_path)
    stored_study.add(metrics={"ensemble_valid_skill_har": 1.0, "ensemble_valid_skill_ma5": 0.5}, cell="RNN")
    assert large(chart(stored_study.view).subplots[0], "RNN").y == [0.5]


def test_ratios_of_a_real_study_are_those_of_its_errors(tmp_path: Path) -> None:
    view = really_run(tmp_path, definition(training={"epochs": 2}))
    for subplot, split in zip(chart(view).subplots, ("valid", "test"), strict=True):
        for cell in ("LSTM", "RNN"):
            best = next(trial for trial in view.complete if trial.params["cell"] == cell)
            mean = best.user_attrs[f"ensemble_{split}_log_mse"]
            expected = [mean / float(scores[f"{split}_log_mse"] or 0) for scores in view.baselines.values()]
            assert large(subplot, cell).y == pytest.approx(expected)


def test_there_is_nothing_to_draw_without_skills(tmp_path: Path) -> None:
    stored_study = stored(tmp_path)
    stored_study.add(seeds=[{"seed": 0}])
    with pytest.raises(NothingToPlotError, match="no trial of grid has a skill"):
        chart(stored_study.view)
