"""COMPLETE trials as points."""

from figures.kinds.searches import HAR, study_view, trial
from volopt.definition import load
from volopt.figures import colours
from volopt.figures.scored_trials import NO_PHASE, phase_colours, scored_trials


def test_points_are_the_complete_trials_by_number_with_their_parameters() -> None:
    trials = scored_trials(study_view(trial(0.3), trial(0.2, state="PRUNED"), trial(0.1, "width", window=5)))
    assert [(each.number, each.value, each.phase) for each in trials] == [(0, 0.3, "extend"), (2, 0.1, "width")]
    assert trials[1].params == {"cell": "RNN", "hidden_size": 3, "window": 5, "learning_rate": 0.005}
    assert trials[1].text == "trial 2, width\nvalid_mse 0.1\ncell=RNN hidden_size=3 learning_rate=0.005 window=5"


def test_no_two_phases_have_one_colour_nor_that_of_the_best_baseline() -> None:
    phases = phase_colours(study_view(text=load.read_text(load.find("grid")), baselines=HAR))
    assert list(phases) == ["width", "depth", "extend", NO_PHASE]
    assert len({*phases.values(), colours.BASELINES["har"]}) == 5
