"""How the best trial stands against the best baseline."""

import math
from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import create_trial

from builders import definition
from volopt.data.frame import DataSource
from volopt.studies import study as studies
from volopt.studies.attributes import SCORES
from volopt.studies.best_trial import best_baseline, standing
from volopt.studies.space import distributions

FOUND = definition()
POINT = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}


def study(skills: dict[str, float], baselines: dict[str, Any], seeds: int = 2) -> optuna.Study:
    """Return a study of two trials, the second of which is the better and has these skills."""
    found = studies.open_or_create(InMemoryStorage(), FOUND, DataSource("here", "native", True, "fingerprint"))
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
    studies.keep_baselines(found, baselines)
    return found


def skills(valid: float, test: float) -> dict[str, float]:
    return {"ensemble_valid_skill_har": valid, "ensemble_test_skill_har": test, "ensemble_valid_skill_ma5": 9.0}


# On test ma5 is the better one, which must not matter.
TWO = {"ma5": {"valid_log_r2": 0.6, "test_log_r2": 0.9}, "har": {"valid_log_r2": 0.7, "test_log_r2": 0.5}}


def test_the_best_trial_is_set_against_the_baseline_that_is_best_on_valid() -> None:
    found = standing(study(skills(0.05, -0.02), TWO))
    assert found == (1, 2, "har", 0.71, 0.05, 0.66, -0.02)


@pytest.mark.parametrize(
    ("valid", "test", "told"),
    [
        (0.05, -0.02, ["beats har", "5.0% less squared log error than har", "2.0% more squared log error than har"]),
        (-0.5, 0.01, ["does not beat har", "50.0% more squared log error than har", "1.0% less"]),
        (-10.5, -1.5, ["does not beat har", "11.5 times the squared log error of har", "2.5 times"]),
    ],
)
def test_it_is_told_in_plain_words_also_when_the_trial_loses(valid: float, test: float, told: list[str]) -> None:
    found = standing(study(skills(valid, test), TWO))
    assert found is not None
    said = " ".join(found.sentences())
    for words in told:
        assert words in said
    assert "the mean of its 2 seeds' forecasts" in said


def test_one_seed_is_no_mean() -> None:
    found = standing(study(skills(0.1, 0.1), TWO, seeds=1))
    assert found is not None
    assert "its forecast has 10.0% less" in found.sentences()[0]


def test_scores_that_are_missing_are_told_as_such() -> None:
    found = standing(study({}, TWO))
    assert found is not None
    assert "no squared log error to compare" in found.sentences()[0]


def test_the_best_baseline_is_chosen_by_valid_and_one_without_a_score_comes_last() -> None:
    assert best_baseline(TWO) == "har"
    assert best_baseline({"ma5": {"valid_log_r2": None}, "har": {"valid_log_r2": -3.0}}) == "har"
    assert best_baseline({"ma5": {"valid_log_r2": None}}) is None


def test_without_baselines_that_have_scores_there_is_no_standing() -> None:
    assert standing(study(skills(0.1, 0.1), {})) is None
    assert standing(study(skills(0.1, 0.1), {"har": {"valid_log_r2": math.nan}})) is None


def test_without_complete_trials_there_is_no_standing() -> None:
    found = studies.open_or_create(InMemoryStorage(), FOUND, DataSource("here", "native", True, "fingerprint"))
    studies.keep_baselines(found, TWO)
    assert standing(found) is None
