"""On how many instruments a trial beats a baseline."""

from figures.kinds.stored import left
from volopt.studies.breadth import breadth, shown
from volopt.studies.trial_file import TrialFile

SKILLS = {"A": 0.1, "B": 0.0, "C": -1.0, "D": None, "E": 2e-9}


def test_an_instrument_counts_where_the_skill_on_valid_is_above_zero() -> None:
    scores = [{"instrument": name, "metrics": {"valid_skill_har": skill}} for name, skill in SKILLS.items()]
    without = {"instrument": "F", "metrics": {"test_skill_har": 1.0}}
    found = breadth(TrialFile.model_validate(left() | {"instruments": [*scores, without]}), "har")
    assert found == ("har", 2, 6)
    assert found.sentence(3) == "On valid, trial 3 beats har on 2 of 6 instruments."


def test_shown_are_log_r2_and_the_skills_over_har_and_over_the_best_baseline() -> None:
    har = ["valid_log_r2", "test_log_r2", "valid_skill_har", "test_skill_har"]
    assert shown("har") == shown(None) == har
    assert shown("ridge") == [*har, "valid_skill_ridge", "test_skill_ridge"]
