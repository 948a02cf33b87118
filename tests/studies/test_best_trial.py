"""The best trial against the best baseline."""

import math
from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import create_trial

from builders import SOURCE, definition
from figures.kinds.stored import trial_content
from volopt.studies import study as studies
from volopt.studies.attributes import SCORES
from volopt.studies.best_trial import best_baseline, best_trial, instrument_metrics, instruments_beaten
from volopt.studies.space import distributions
from volopt.studies.trial_file import TrialFile

FOUND = definition()
POINT = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}


def study(skills: dict[str, float], baselines: dict[str, Any], seeds: int = 2) -> optuna.Study:
    """Return a study of two trials, the second of which is the better and has these skills."""
    found = studies.open_or_create(InMemoryStorage(), FOUND, SOURCE)
    space = distributions(FOUND)
    found.add_trial(create_trial(value=3.0, params=POINT, distributions=space))
    found.add_trial(
        create_trial(
            value=2.0,
            params=POINT,
            distributions=space,
            user_attrs={"ensemble_valid_log_r2": 0.71, "ensemble_test_log_r2": 0.66},
            system_attrs={SCORES: {"skills": skills, "seeds": [{"seed": seed} for seed in range(seeds)]}},
        )
    )
    studies.store_baselines(found, baselines)
    return found


def skills(valid: float, test: float) -> dict[str, float]:
    return {"ensemble_valid_skill_har": valid, "ensemble_test_skill_har": test, "ensemble_valid_skill_ma5": 9.0}


# On test ma5 is the better one, which must not matter.
TWO = {"ma5": {"valid_log_r2": 0.6, "test_log_r2": 0.9}, "har": {"valid_log_r2": 0.7, "test_log_r2": 0.5}}


def test_the_best_trial_is_set_against_the_baseline_that_is_best_on_valid() -> None:
    found = best_trial(study(skills(0.05, -0.02), TWO))
    assert found == (1, 2, "har", 0.71, 0.05, 0.66, -0.02, 1)


@pytest.mark.parametrize(
    ("valid", "test", "told"),
    [
        (0.05, -0.02, ["beats HAR", "squared log error is 5.0% lower than HAR's", "2.0% higher than HAR's"]),
        (-0.5, 0.01, ["does not beat HAR", "50.0% higher than HAR's", "1.0% lower"]),
        (-10.5, -1.5, ["does not beat HAR", "squared log error is 11.5 times HAR's", "2.5 times"]),
    ],
)
def test_it_is_told_in_plain_words_also_when_the_trial_loses(valid: float, test: float, told: list[str]) -> None:
    found = best_trial(study(skills(valid, test), TWO))
    assert found is not None
    said = " ".join(found.sentences())
    for words in told:
        assert words in said
    assert "the mean forecast of its 2 seeds" in said


def test_one_seed_is_no_mean() -> None:
    found = best_trial(study(skills(0.1, 0.1), TWO, seeds=1))
    assert found is not None
    assert "its forecast beats HAR" in found.sentences()[0]


def test_scores_that_are_missing_are_told_as_such() -> None:
    found = best_trial(study({}, TWO))
    assert found is not None
    assert "squared log error is not defined" in found.sentences()[0]


def test_the_best_baseline_is_chosen_by_valid_and_one_without_a_score_comes_last() -> None:
    assert best_baseline(TWO) == "har"
    assert best_baseline({"ma5": {"valid_log_r2": None}, "har": {"valid_log_r2": -3.0}}) == "har"
    assert best_baseline({"ma5": {"valid_log_r2": None}}) is None


def test_a_baseline_of_static_inputs_may_be_the_best_rival() -> None:
    pooled = {"pooled_ridge": {"valid_log_r2": 0.9, "test_log_r2": 0.1}}
    found = best_trial(study({"ensemble_valid_skill_pooled_ridge": -0.25}, TWO | pooled))
    assert found is not None
    assert (found.baseline, found.valid_skill) == ("pooled_ridge", -0.25)
    assert "does not beat pooled_ridge, the best baseline" in found.sentences()[0]


def test_without_baselines_that_have_scores_there_is_nothing_to_compare() -> None:
    assert best_trial(study(skills(0.1, 0.1), {})) is None
    assert best_trial(study(skills(0.1, 0.1), {"har": {"valid_log_r2": math.nan}})) is None


def test_without_complete_trials_there_is_nothing_to_compare() -> None:
    found = studies.open_or_create(InMemoryStorage(), FOUND, SOURCE)
    studies.store_baselines(found, TWO)
    assert best_trial(found) is None


SKILLS = {"A": 0.1, "B": 0.0, "C": -1.0, "D": None, "E": 2e-9}


def test_an_instrument_counts_where_the_skill_on_valid_is_above_zero() -> None:
    scores = [{"instrument": name, "metrics": {"valid_skill_har": skill}} for name, skill in SKILLS.items()]
    without = {"instrument": "F", "metrics": {"test_skill_har": 1.0}}
    file = TrialFile.model_validate(trial_content() | {"instruments": [*scores, without]})
    wanted = "On the valid split, trial 3 beats HAR on 2 of 6 instruments."
    assert instruments_beaten(file, "har", 3) == wanted


def test_a_table_of_instruments_has_log_r2_and_the_skills_over_har_and_over_the_best_baseline() -> None:
    har = ["valid_log_r2", "test_log_r2", "valid_skill_har", "test_skill_har"]
    assert instrument_metrics("har") == instrument_metrics(None) == har
    assert instrument_metrics("ridge") == [*har, "valid_skill_ridge", "test_skill_ridge"]
