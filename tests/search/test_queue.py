"""Trials that others have queued: trained first in the phase that they belong to, or refused with the reason."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from builders import SOURCE, STUDY, definition
from driven import Bench
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE, REASON
from volopt.studies.study import find, ledger

BASE = {"cell": "RNN", "hidden_size": 3, "window": 4}  # of every trial of ``definition``


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def queue(bench: Bench, *queued: dict[str, Any]) -> None:
    """Queue trials in a new study, as another program does."""
    storage = connect(bench.url, write=True, create=True)
    studies.open_or_create(storage, definition(), SOURCE)
    for params in queued:
        optuna.load_study(study_name="small", storage=storage).enqueue_trial(params)
    storage.close()


def driven(bench: Bench) -> FrozenTrial:
    bench.drive(definition())
    return bench.study.trials[0]


@pytest.mark.parametrize(
    ("named", "phase"),
    [
        ({"hidden_size": 5}, "width"),
        ({"cell": "LSTM", "hidden_size": 5, "window": 4}, "width"),
        ({"window": 5, "learning_rate": 0.01}, "extend"),
        ({"window": 5}, "extend"),
        ({"hidden_size": 5, "window": 5}, "extend"),  # no phase varies both
    ],
)
def test_a_queued_trial_is_trained_in_the_phase_whose_keys_it_varies(
    bench: Bench, named: dict[str, Any], phase: str
) -> None:
    queue(bench, named)
    trial = driven(bench)
    assert trial.state == TrialState.COMPLETE
    assert trial.user_attrs[PHASE] == phase
    assert trial.params == trial.params | BASE | named


def test_queued_trials_come_first_in_their_phase_and_count_in_its_total(bench: Bench) -> None:
    queue(bench, {"window": 5}, {"cell": "LSTM", "hidden_size": 5})
    bench.drive(definition())
    trials = sorted(bench.study.trials, key=lambda trial: trial.datetime_start)
    for phase, first, count in (("width", 1, 4), ("extend", 0, 3)):
        numbers = [trial.number for trial in trials if trial.user_attrs[PHASE] == phase]
        assert (numbers[0], len(numbers)) == (first, count)
    assert len({tuple(trial.params.items()) for trial in trials}) == len(trials) == 7


def test_a_trial_queued_after_the_end_is_trained_by_the_next_run(bench: Bench) -> None:
    bench.drive(definition())
    queue(bench, {"window": 6})
    bench.drive(definition())
    assert bench.states() == ["COMPLETE"] * 8
    study, stored = find(connect(bench.url), "small")
    assert ledger(study, stored).progress(stored.phases[1], stored) == (4, 4)


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"hidden_size": 64}, "its hidden_size 64 is not in [space] (3, 5)"),
        ({"window": 5.5}, "its window 5.5 is not in [space] (2 to 6)"),
        ({"window": "five"}, 'its window "five" is not in [space] (2 to 6)'),
        ({"units": 5}, 'it names "units", which is not in [space]'),
    ],
)
def test_a_queued_trial_outside_of_the_space_fails_and_says_why(
    bench: Bench, named: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    queue(bench, named)
    trial = driven(bench)
    assert (trial.state, trial.user_attrs[REASON]) == (TrialState.FAIL, f"queued by another program: {reason}")
    assert bench.states() == ["FAIL", *["COMPLETE"] * 7]
    assert reason in caplog.text


def test_a_point_that_the_study_has_is_not_trained_again(bench: Bench) -> None:
    queue(bench, {"window": 5}, {"window": 5})
    bench.drive(definition())
    assert bench.states()[:2] == ["COMPLETE", "FAIL"]
    assert "already has a trial" in bench.study.trials[1].user_attrs[REASON]


def test_a_study_of_grids_alone_trains_what_is_no_point_of_them(bench: Bench) -> None:
    grid = definition(STUDY.partition('[[phase]]\nname = "extend"')[0])
    storage = connect(bench.url, write=True, create=True)
    studies.open_or_create(storage, grid, SOURCE)
    optuna.load_study(study_name="small", storage=storage).enqueue_trial({"window": 5})
    storage.close()
    bench.drive(grid)
    assert bench.states() == ["COMPLETE"] * 5
    assert bench.study.trials[0].params["window"] == 5
    study, _ = find(connect(bench.url), "small")
    assert ledger(study, grid).progress(grid.phases[0], grid) == (4, 4)
