"""Which trials a figure of single trials shows."""

from pathlib import Path

import pytest
from optuna.trial import TrialState

from figures.kinds.stored import Stored, left
from volopt.errors import StudyError
from volopt.figures.shown_trials import chosen
from volopt.figures.study_view import NothingToPlotError


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    found = Stored(tmp_path)
    found.add(left(), value=2.0)
    found.add(left(), value=1.0, hidden_size=25)
    found.add(left(forecasts=()), TrialState.PRUNED)
    found.add(None, TrialState.FAIL)
    found.add(None, TrialState.RUNNING)
    found.add(None, value=0.5)
    return found


def numbers(stored: Stored, asked: tuple[int, ...], *, forecasts: bool = False) -> list[int]:
    return [each.trial.number for each in chosen(stored.subject, asked, forecasts=forecasts)[0]]


def test_trials_are_shown_in_the_order_asked_for_and_once(stored: Stored) -> None:
    assert numbers(stored, (1, 0, 1)) == [1, 0]


def test_the_best_is_shown_where_none_is_asked_for(tmp_path: Path) -> None:
    found = Stored(tmp_path)
    for value in (2.0, 1.0, 3.0):
        found.add(left(), value=value)
    assert numbers(found, ()) == [1]


def test_a_pruned_trial_has_curves_and_no_forecast(stored: Stored) -> None:
    assert numbers(stored, (2,)) == [2]
    assert chosen(stored.subject, (2,))[0][0].title == "trial 2, pruned"
    with pytest.raises(NothingToPlotError, match="trial 2 has no forecast to draw: it was pruned"):
        chosen(stored.subject, (2,), forecasts=True)


def test_trials_with_nothing_to_draw_are_told_in_the_notes(stored: Stored) -> None:
    found, notes = chosen(stored.subject, (0, 3, 4, 5))
    assert [each.trial.number for each in found] == [0]
    assert notes == (
        "Trial 0: cell=LSTM hidden_size=5 learning_rate=0.005 num_layers=1 window=20",
        "Trial 3 has no curves to draw: it failed.",
        "Trial 4 has no curves to draw: it is still running.",
        "Trial 5 has no curves to draw: its file is missing, broken or of an older volopt.",
    )


def test_there_is_nothing_to_plot_where_no_trial_has_anything(stored: Stored) -> None:
    with pytest.raises(NothingToPlotError, match=r"trial 3 .* it failed; trial 5 .* missing"):
        chosen(stored.subject, (3, 5))


def test_a_number_that_is_not_there_is_refused(stored: Stored) -> None:
    with pytest.raises(StudyError, match="grid has no trial 6"):
        chosen(stored.subject, (0, 6))


def test_a_study_without_a_complete_trial_has_no_best(tmp_path: Path) -> None:
    found = Stored(tmp_path)
    with pytest.raises(NothingToPlotError, match="no trials yet"):
        chosen(found.subject, ())
    found.add(None, TrialState.FAIL)
    with pytest.raises(NothingToPlotError, match="1 FAIL"):
        chosen(found.subject, ())
