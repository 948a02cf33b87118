"""Studies and trials as the facts that --json prints; other programs rely on their keys."""

import json
import math
from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial

from builders import SOURCE, STUDY, definition
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE, REASON, SCORES
from volopt.studies.space import distributions

FOUND = definition(STUDY.replace('name = "small"', 'name = "small"\ntitle = "A small study"'))
POINT = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}
SEEDS = [{"seed": 0, "valid_mse": 2.0}, {"seed": 1, "valid_mse": 4.0}]
SKILLS = {"valid_skill_har": -0.5}
MEANS = {"valid_mse": 3.0, "test_mse": None}


@pytest.fixture
def study() -> optuna.Study:
    return studies.open_or_create(InMemoryStorage(), FOUND, SOURCE)


@pytest.fixture
def full(study: optuna.Study) -> optuna.Study:
    """A study with a trial in each state; of the grid, one point is complete and one failed."""
    space = distributions(FOUND)
    rows: list[tuple[TrialState, float | None, dict[str, Any], dict[str, Any]]] = [
        (TrialState.COMPLETE, 3.0, POINT, {PHASE: "width", **MEANS}),
        (TrialState.FAIL, None, POINT | {"hidden_size": 5}, {PHASE: "width", REASON: "the loss is nan"}),
        (TrialState.COMPLETE, 2.0, POINT | {"window": 6}, {PHASE: "extend"}),
        (TrialState.PRUNED, None, POINT | {"window": 5}, {PHASE: "extend"}),
        (TrialState.RUNNING, None, POINT | {"window": 2}, {PHASE: "extend"}),
    ]
    for state, value, params, attributes in rows:
        study.add_trial(
            create_trial(
                state=state,
                value=value,
                params=params,
                distributions=space,
                user_attrs=attributes,
                system_attrs={SCORES: {"seeds": SEEDS, "skills": SKILLS}} if value == 3.0 else {},
            )
        )
    study.enqueue_trial(POINT)
    return study


def test_trials_are_counted_by_state(full: optuna.Study) -> None:
    assert listing.counts(full) == {"complete": 2, "pruned": 1, "failed": 1, "running": 1, "waiting": 1}


def test_a_study_without_trials_counts_nothing_and_has_no_best(study: optuna.Study) -> None:
    assert set(listing.counts(study).values()) == {0}
    assert listing.best(study) is None
    assert listing.trials(study, FOUND) == []


def test_the_best_trial_is_told_with_its_value_and_parameters(full: optuna.Study) -> None:
    assert listing.best(full) == {"number": 2, "value": 2.0, "params": POINT | {"window": 6}}


def test_a_summary_has_the_keys_of_status(full: optuna.Study) -> None:
    studies.store_baselines(full, {"har": {"valid_log_r2": 0.7, "test_log_r2": math.nan}})
    assert listing.summary(full, FOUND) == {
        "name": "small",
        "title": "A small study",
        "data": {"provider": "here", "synthetic": True, "fingerprint": "fingerprint"},
        "trials": listing.counts(full),
        "phases": [
            {"name": "width", "sampler": "grid", "done": 1, "total": 4, "known": 0},
            {"name": "extend", "sampler": "random", "done": 2, "total": 3, "known": 0},
        ],
        "best": listing.best(full),
        "baselines": {"har": {"valid_log_r2": 0.7, "test_log_r2": None}},
    }


def test_a_trial_has_the_keys_of_trials(full: optuna.Study) -> None:
    first = listing.trials(full, FOUND)[0]
    assert first.pop("seconds") >= 0
    assert first == {
        "number": 0,
        "state": "COMPLETE",
        "phases": ["width"],
        "params": POINT,
        "value": 3.0,
        "metrics": {"valid_mse": 3.0, "test_mse": None, "valid_skill_har": -0.5},
        "seeds": SEEDS,
        "reason": None,
    }


def test_trials_are_told_by_number_with_state_phases_and_reason(full: optuna.Study) -> None:
    found = listing.trials(full, FOUND)
    assert [trial["number"] for trial in found] == list(range(6))
    assert [trial["state"] for trial in found] == ["COMPLETE", "FAIL", "COMPLETE", "PRUNED", "RUNNING", "WAITING"]
    assert [trial["phases"] for trial in found] == [["width"], ["width"], ["extend"], ["extend"], ["extend"], []]
    assert [trial["reason"] for trial in found] == [None, "the loss is nan", None, None, None, None]
    assert found[4]["seconds"] is None


def test_everything_is_jsonable(full: optuna.Study) -> None:
    facts = [listing.summary(full, FOUND), *listing.trials(full, FOUND)]
    assert json.loads(json.dumps(facts)) == facts
