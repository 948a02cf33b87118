"""A cache answers as Optuna's does, and asks the database for no more than is new."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.distributions import IntDistribution
from optuna.storages import InMemoryStorage, _CachedStorage
from optuna.trial import TrialState

from volopt.errors import StorageError
from volopt.storage.database.trial_cache import TrialCache, cached, set_attributes, transaction

SPACE = {"window": IntDistribution(5, 100)}
EVERY = [None, (TrialState.WAITING,), (TrialState.COMPLETE,), (TrialState.RUNNING, TrialState.COMPLETE), ()]


@pytest.fixture
def study(url: str, opening: Any) -> optuna.Study:
    return optuna.create_study(study_name="grid", storage=TrialCache(opening(url, write=True, create=True)))


def fill(study: optuna.Study) -> list[optuna.Trial]:
    """Leave trials in every state, finished out of order, and return one that runs."""
    trials = [study.ask(SPACE) for _ in range(6)]
    for number, state in ((4, TrialState.PRUNED), (1, TrialState.FAIL)):
        study.tell(trials[number], state=state)
    study.tell(trials[3], 1.0)
    study.enqueue_trial({"window": 7})
    return [trials[0], trials[2], trials[5]]


def test_it_answers_as_optunas_cache(study: optuna.Study) -> None:
    running = fill(study)
    optunas = _CachedStorage(study._storage._backend)
    for _ in range(2):
        for states in EVERY:
            theirs = optunas.get_all_trials(study._study_id, states=states)
            assert study._storage.get_all_trials(study._study_id, states=states) == theirs
        for trial in running:
            assert study._storage.get_trial(trial._trial_id) == optunas.get_trial(trial._trial_id)
        for trial in running[:2]:
            study.tell(trial, 0.5)
        running = running[2:]


def test_what_is_known_of_a_running_trial_is_what_is_stored(study: optuna.Study) -> None:
    trial = study.ask(SPACE)
    trial.report(0.5, 10)
    trial.set_user_attr("pair", (1, 2.5))
    set_attributes(study._storage, trial._trial_id, {"valid_mse": 1e-300}, {"scores": {"seeds": [None]}})
    stored = study._storage._backend.get_trial(trial._trial_id)
    assert study._storage.get_trial(trial._trial_id) == stored
    assert stored.user_attrs == {"pair": [1, 2.5], "valid_mse": 1e-300}
    assert stored.system_attrs == {"scores": {"seeds": [None]}}


def test_who_changes_a_trial_that_was_asked_for_changes_nothing_else(study: optuna.Study) -> None:
    trial = study.ask(SPACE)
    study._storage.get_trial(trial._trial_id).params.clear()
    assert study._storage.get_trial(trial._trial_id).params == trial.params


def test_attributes_are_set_over_what_they_were_and_not_on_a_told_trial(study: optuna.Study) -> None:
    trial = study.ask()
    for value in (1, 2):
        set_attributes(study._storage, trial._trial_id, {"a": value}, {})
    told = study.tell(trial, 1.0)
    assert told.user_attrs == {"a": 2}
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        set_attributes(study._storage, trial._trial_id, {"a": 3}, {})


def test_a_storage_in_memory_needs_no_cache_and_takes_attributes_one_by_one() -> None:
    storage = InMemoryStorage()
    assert cached(storage) is storage
    study = optuna.create_study(storage=storage)
    trial = study.ask()
    with transaction(storage):
        set_attributes(storage, trial._trial_id, {"a": 1}, {"b": 2})
    told = study.tell(trial, 1.0)
    assert (told.user_attrs, told.system_attrs) == ({"a": 1}, {"b": 2})


@contextmanager
def counting(storage: Any) -> Iterator[Counter[str]]:
    """Count statements by their first word, and commits."""
    seen: Counter[str] = Counter()

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen[statement.split()[0]] += 1

    def commit(connection: Any) -> None:
        seen["COMMIT"] += 1

    engine = storage._backend.engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    sqlalchemy.event.listen(engine, "commit", commit)
    try:
        yield seen
    finally:
        sqlalchemy.event.remove(engine, "before_cursor_execute", note)
        sqlalchemy.event.remove(engine, "commit", commit)


def test_asking_costs_as_many_statements_after_many_trials_as_after_few(study: optuna.Study) -> None:
    study.sampler = optuna.samplers.RandomSampler(seed=0)
    counts = []
    for _ in range(12):
        with counting(study._storage) as seen:
            study.tell(study.ask(SPACE), 1.0)
        counts.append(seen.total())
    assert len(set(counts[2:])) == 1


def test_what_is_asked_together_is_one_transaction_in_a_file(open_database: Any) -> None:
    study = optuna.create_study(storage=TrialCache(open_database(write=True, create=True)))
    with counting(study._storage) as seen, transaction(study._storage, durable=True):
        trial = study.ask(SPACE)
        trial.set_user_attr("phase", "width")
        told = study.tell(trial, 1.0)
    assert seen["COMMIT"] == seen["BEGIN"] == 1
    assert told == study._storage._backend.get_trial(trial._trial_id)
    assert (told.value, told.params, told.user_attrs) == (1.0, trial.params, {"phase": "width"})


def test_an_error_undoes_what_was_asked_together(open_database: Any) -> None:
    study = optuna.create_study(storage=TrialCache(open_database(write=True, create=True)))
    with pytest.raises(ZeroDivisionError), transaction(study._storage):
        study.ask(SPACE).set_user_attr("phase", 1 / 0)
    assert study._storage._backend.get_all_trials(study._study_id) == []
    study.ask(SPACE)  # and the storage goes on
    assert len(study._storage._backend.get_all_trials(study._study_id)) == 1


def test_what_was_undone_is_never_committed_in_part(open_database: Any) -> None:
    study = optuna.create_study(storage=TrialCache(open_database(write=True, create=True)))
    database = study._storage._backend
    trial = study.ask()

    def twice() -> None:
        with transaction(study._storage):
            trial.set_user_attr("first", 1)
            with pytest.raises(KeyError):
                database.set_trial_user_attr(99, "second", 1)  # Optuna rolls back
            trial.set_user_attr("third", 1)

    with pytest.raises(StorageError, match="undid"):
        twice()
    assert database.get_trial(trial._trial_id).user_attrs == {}
