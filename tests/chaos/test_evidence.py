"""What is looked for after kills is found where it is so: each kind of harm, done by hand."""

import sqlite3
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from kills.campaign import Tally
from kills.evidence import Evidence
from kills.study import Size
from kills.verdict import verdict

SIZE = Size(sizes=(), trials=2, long=False)


def _add(study: optuna.Study, x: float, state: TrialState = TrialState.COMPLETE, **attributes: str) -> None:
    value = 1.0 if state == TrialState.COMPLETE else None
    study.add_trial(
        create_trial(
            params={"x": x},
            distributions={"x": FloatDistribution(0, 9)},
            value=value,
            state=state,
            user_attrs={"phase": "extend", **attributes},
        )
    )


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    """Two trials of the search, one more that was interrupted: nothing is wrong."""
    study = optuna.create_study(study_name="chaos-1", storage=f"sqlite:///{tmp_path}/volopt.db")
    _add(study, 1)
    _add(study, 2)
    _add(study, 3, TrialState.FAIL, reason="interrupted")
    return study


@pytest.fixture
def found(study: optuna.Study, tmp_path: Path) -> Evidence:
    """Has looked once."""
    evidence = Evidence(f"sqlite:///{tmp_path}/volopt.db")
    evidence.look("chaos-1")
    return evidence


def _wrong(found: Evidence, tally: Tally | None = None) -> list[str]:
    tally = tally or Tally()
    tally.names = ["chaos-1"]
    found.look("chaos-1")
    return [line.name for line in verdict(tally, found, {}, SIZE, 0) if not line.holds]


def test_nothing_is_wrong_with_a_whole_study(found: Evidence) -> None:
    assert _wrong(found) == []


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE trial_values SET value = value + 1e-12 WHERE trial_id = 1",
        "UPDATE trials SET state = 'FAIL' WHERE trial_id = 1",
        "DELETE FROM trials WHERE trial_id = 1",
        "UPDATE trial_user_attributes SET value_json = '\"other\"' WHERE trial_id = 1",
    ],
)
def test_a_finished_trial_that_changed_is_lost(found: Evidence, tmp_path: Path, harm: str) -> None:
    with sqlite3.connect(tmp_path / "volopt.db") as connection:
        connection.execute(harm)
    connection.close()
    assert "trials lost, in 2 looks" in _wrong(found)


def test_a_point_that_is_finished_twice_is_told(found: Evidence, study: optuna.Study) -> None:
    _add(study, 2)
    assert _wrong(found) == ["trials duplicated", "chaos-1: TPE trials finished"]


def test_a_running_trial_and_one_that_failed_without_an_interruption_are_told(
    found: Evidence, study: optuna.Study
) -> None:
    study.ask()
    _add(study, 4, TrialState.FAIL)
    _add(study, 5, TrialState.FAIL, reason="the training loss is nan")
    assert _wrong(found) == ["RUNNING or WAITING left", "FAIL trials that say they were interrupted"]


def test_a_point_of_the_grid_that_differs_in_the_last_bit_is_told(found: Evidence) -> None:
    lines = verdict(Tally(names=["chaos-1"]), found, {'{"x": 1.0}': "other"}, SIZE, 0)
    assert "chaos-1: grid points equal to the undisturbed run" in [line.name for line in lines if not line.holds]


def test_orphans_tracebacks_and_runs_that_gave_up_are_told(found: Evidence) -> None:
    tally = Tally(orphans=1, gave_up=["Error: a worker process died"], said=["Traceback (most recent call last):"])
    assert _wrong(found, tally) == ["orphans left", "runs that gave up", "runs that printed a traceback"]
