"""Trials read as rows are those that Optuna reads, field by field."""

import math
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.storage.database import bulk_read

SPACE = {
    "cell": CategoricalDistribution(["LSTM", "RNN"]),
    "window": IntDistribution(5, 100),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
}


def fill(storage: Any) -> None:
    """Make two studies with trials in every state, with all that Optuna stores of one."""
    optuna.create_study(study_name="other", storage=storage).ask(SPACE)
    study = optuna.create_study(study_name="grid", storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
    for number in range(6):
        trial = study.ask(SPACE)
        for step, value in ((10, 0.5 * number), (20, math.inf), (5, -math.inf), (30, math.nan)):
            trial.report(value, step)
        for name, value in (("z", 1.5), ("a", "text"), ("list", [1, {"b": None}]), ("object", {"c": [True]}), ("n", 3)):
            trial.set_user_attr(name, value)
        storage.set_trial_system_attr(trial._trial_id, "search_space", {"cell": ["LSTM"], "window": [5, 6]})
        if number < 4:
            study.tell(trial, *[(number / 3, None), (None, TrialState.PRUNED), (None, TrialState.FAIL)][number % 3])
    study.enqueue_trial({"cell": "RNN"})


def facts(trial: FrozenTrial) -> dict[str, Any]:
    """Return what a trial holds, to be compared; a NaN is not equal to itself."""
    return {**vars(trial), "intermediate_values": repr(sorted(trial.intermediate_values.items()))}


def test_trials_are_those_of_optuna(url: str, opening: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = opening(url, write=True, create=True)
    fill(storage)
    study = storage.get_study_id_from_name("grid")
    monkeypatch.setattr(bulk_read, "TRIALS_A_STATEMENT", 2)  # several portions
    ids = [trial._trial_id for trial in storage._get_trials(study, None, set(), -1)]
    assert len(ids) == 7
    for states in (None, (TrialState.COMPLETE, TrialState.WAITING)):
        for included, after in ((set(), -1), ({ids[0], ids[2]}, ids[3]), ({ids[5]}, ids[3]), (set(), ids[-1])):
            ours = storage._get_trials(study, states, included, after)
            theirs = RDBStorage._get_trials(storage, study, states, included, after)
            assert list(map(facts, ours)) == list(map(facts, theirs))
    assert facts(storage.get_trial(ids[2])) == facts(RDBStorage.get_trial(storage, ids[2]))


def test_a_trial_or_a_study_that_is_not_there_is_a_key_error(url: str, opening: Any) -> None:
    storage = opening(url, write=True, create=True)
    with pytest.raises(KeyError):
        storage.get_trial(99)
    with pytest.raises(KeyError):
        storage.get_all_trials(99)


def test_equal_distributions_and_search_spaces_are_one_object(url: str, opening: Any) -> None:
    storage = opening(url, write=True, create=True)
    fill(storage)
    first, *others = storage.get_all_trials(storage.get_study_id_from_name("grid"), deepcopy=False)[:6]
    assert {id(each.distributions["rate"]) for each in others} == {id(first.distributions["rate"])}
    assert {id(each.system_attrs["search_space"]) for each in others} == {id(first.system_attrs["search_space"])}
