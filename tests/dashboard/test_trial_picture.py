"""The picture of one trial."""

from pathlib import Path

import numpy as np
from optuna.trial import TrialState

from figures.kinds.stored import ACTUAL, Stored, of_panel, trial_content
from volopt.dashboard.trial_picture import WIDTH, png, trial_chart, trial_png
from volopt.figures import colours
from volopt.figures.chart import Line
from volopt.figures.study_view import StudyView
from volopt.figures.words import SYNTHETIC
from volopt.studies.trial_file import TrialFile

PNG = b"\x89PNG\r\n\x1a\n"
FILE = TrialFile.model_validate(trial_content())
PARAMS = {"cell": "RNN", "hidden_size": 25}


def test_a_picture_shows_forecast_and_loss(tmp_path: Path) -> None:
    chart = trial_chart(FILE, PARAMS, Stored(tmp_path).definition, 7)
    assert (chart.title, chart.subtitle, list(chart.notes)) == ("Trial 7 of grid", "cell=RNN hidden_size=25", [])
    test, loss = chart.subplots
    assert (test.x.title, loss.x.title) == ("trade day", "epoch")
    mean = next(mark for mark in test.marks if isinstance(mark, Line) and mark.colour == colours.CELLS["RNN"])
    assert np.allclose(np.asarray(mean.y, dtype=float), 0.75 * ACTUAL)


def test_the_forecast_of_a_panel_is_that_of_its_first_instrument_which_is_named(tmp_path: Path) -> None:
    other = trial_content(forecasts=([1e6] * 40, [1e6] * 40))
    panel = TrialFile.model_validate(of_panel(SH600000=trial_content(), SZ000001=other))
    plain = Stored(tmp_path).definition
    data = plain.data.model_copy(update={"instrument": None, "instruments": ("SH600000", "SZ000001")})
    test, loss = trial_chart(panel, PARAMS, plain.model_copy(update={"data": data}), 7).subplots
    alone = trial_chart(FILE, PARAMS, plain, 7)
    assert (test.title, loss.title) == ("test of SH600000", "loss")
    assert [test.marks, loss.marks] == [subplot.marks for subplot in alone.subplots]


def test_flat_lines_and_a_synthetic_sample_are_reported(tmp_path: Path) -> None:
    content = TrialFile.model_validate(trial_content(forecasts=([5e6] * 40, [6e6] * 40)))
    chart = trial_chart(content, PARAMS, Stored(tmp_path).definition, 7, synthetic=True)
    assert chart.subplots[0].title == "test: flat line"
    assert list(chart.notes) == [f"{SYNTHETIC}."]


def test_the_cell_is_the_baselines_where_it_does_not_vary(tmp_path: Path) -> None:
    chart = trial_chart(FILE, {"hidden_size": 5}, Stored(tmp_path).definition, 7)
    assert any(getattr(mark, "colour", "") == colours.CELLS["LSTM"] for mark in chart.subplots[0].marks)


def test_a_pruned_trial_is_drawn_by_its_curves(tmp_path: Path) -> None:
    chart = trial_chart(TrialFile.model_validate(trial_content(forecasts=())), PARAMS, Stored(tmp_path).definition, 7)
    assert [subplot.title for subplot in chart.subplots] == ["loss"]


def test_the_kept_epochs_are_marked_with_early_stopping_alone(tmp_path: Path) -> None:
    content = TrialFile.model_validate(trial_content(best_epochs=(2, 3)))
    plain = trial_chart(content, PARAMS, Stored(tmp_path).definition, 7)
    training = Stored(tmp_path).definition.training.model_copy(update={"early_stopping": 5})
    stopping = Stored(tmp_path).definition.model_copy(update={"training": training})
    stopped = trial_chart(content, PARAMS, stopping, 7)
    assert len(stopped.subplots[1].marks) == len(plain.subplots[1].marks) + 1


def test_a_stored_trial_has_the_picture_that_the_run_would_draw(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(), hidden_size=25)
    trial = stored.study.trials[0]
    chart = trial_chart(FILE, trial.params, stored.definition, 0, synthetic=True)
    png_bytes = trial_png(StudyView(stored.study, stored.definition, stored.shelf.artifacts), trial)
    assert png_bytes == png(chart)
    assert png_bytes.startswith(PNG)
    assert int.from_bytes(png_bytes[16:20], "big") == WIDTH


def test_trials_that_left_nothing_have_no_picture(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(None, TrialState.FAIL)
    stored.add({"seeds": "x"})
    stored.add(None, TrialState.RUNNING)
    for trial in stored.study.trials:
        assert trial_png(StudyView(stored.study, stored.definition, stored.shelf.artifacts), trial) is None
