"""Which trials a figure of single trials shows."""

from pathlib import Path

import pytest
from optuna.trial import TrialState

from figures.kinds.stored import Stored, trial_content
from volopt.errors import StudyError
from volopt.figures.shown_trials import shown_trials
from volopt.figures.study_view import NothingToPlotError


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    stored_study = Stored(tmp_path)
    stored_study.add(trial_content(), value=2.0)
    stored_study.add(trial_content(), value=1.0, hidden_size=25)
    stored_study.add(trial_content(forecasts=()), TrialState.PRUNED)
    stored_study.add(None, TrialState.FAIL)
    stored_study.add(None, TrialState.RUNNING)
    stored_study.add(None, value=0.5)
    return stored_study


def numbers(stored: Stored, requested: tuple[int, ...], *, forecasts: bool = False) -> list[int]:
    return [each.trial.number for each in shown_trials(stored.view, requested, forecasts=forecasts)[0]]


def test_trials_are_shown_in_the_order_asked_for_and_once(stored: Stored) -> None:
    assert numbers(stored, (1, 0, 1)) == [1, 0]


def test_the_best_is_shown_where_none_is_asked_for(tmp_path: Path) -> None:
    stored_study = Stored(tmp_path)
    for value in (2.0, 1.0, 3.0):
        stored_study.add(trial_content(), value=value)
    assert numbers(stored_study, ()) == [1]


def test_a_pruned_trial_has_curves_and_no_forecast(stored: Stored) -> None:
    assert numbers(stored, (2,)) == [2]
    assert shown_trials(stored.view, (2,))[0][0].title == "trial 2, pruned"
    with pytest.raises(NothingToPlotError, match="trial 2 has no forecast to draw: it was pruned"):
        shown_trials(stored.view, (2,), forecasts=True)


def test_trials_with_nothing_to_draw_are_reported_in_the_notes(stored: Stored) -> None:
    shown, notes = shown_trials(stored.view, (0, 3, 4, 5))
    assert [each.trial.number for each in shown] == [0]
    assert notes == (
        "Trial 0: cell=LSTM hidden_size=5 learning_rate=0.005 num_layers=1 window=20",
        "Trial 3 has no curves to draw: it failed.",
        "Trial 4 has no curves to draw: it is still running.",
        "Trial 5 has no curves to draw: its file is missing, broken or of an older volopt.",
    )


def test_there_is_nothing_to_plot_where_no_trial_has_anything(stored: Stored) -> None:
    with pytest.raises(NothingToPlotError, match=r"trial 3 .* it failed; trial 5 .* missing"):
        shown_trials(stored.view, (3, 5))


def test_a_number_that_is_not_there_is_refused(stored: Stored) -> None:
    with pytest.raises(StudyError, match="grid has no trial 6"):
        shown_trials(stored.view, (0, 6))


def test_a_study_without_a_complete_trial_has_no_best(tmp_path: Path) -> None:
    stored_study = Stored(tmp_path)
    with pytest.raises(NothingToPlotError, match="no trials yet"):
        shown_trials(stored_study.view, ())
    stored_study.add(None, TrialState.FAIL)
    with pytest.raises(NothingToPlotError, match="1 FAIL"):
        shown_trials(stored_study.view, ())
