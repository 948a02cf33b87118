"""A study in a storage: made, found again, refused, repaired."""

from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial

from builders import SOURCE, STUDY, definition
from volopt.definition.changes import digest
from volopt.errors import StorageError, StudyError
from volopt.storage.run_record import DataSource, RunRecord
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE, REASON
from volopt.studies.space import Params, distributions

POINT: Params = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}


@pytest.fixture
def storage() -> InMemoryStorage:
    return InMemoryStorage()


def open_study(storage: InMemoryStorage, text: str = STUDY, source: DataSource = SOURCE) -> optuna.Study:
    return studies.open_or_create(storage, definition(text), source)


def changed(old: str, new: str) -> str:
    assert old in STUDY
    return STUDY.replace(old, new)


def add(study: optuna.Study, state: TrialState, phase: str = "width", reason: str = "", **params: Any) -> None:
    """Add a trial as a driver leaves it."""
    point = POINT | params
    found = create_trial(
        state=state,
        value=1.0 if state == TrialState.COMPLETE else None,
        params=point,
        distributions=distributions(definition()),
        user_attrs={PHASE: phase} | ({REASON: reason} if reason else {}),
    )
    study.add_trial(found)


def test_a_new_study_knows_its_definition_its_data_and_its_metric(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    assert study.study_name == "small"
    assert study.direction.name == "MINIMIZE"
    assert study.metric_names == ["valid_mse"]
    assert study.user_attrs["volopt:format"] == 1
    assert study.user_attrs["volopt:digest"] == digest(definition())
    assert studies.data_of(study) == SOURCE
    assert studies.names(storage) == ["small"]
    assert studies.find(storage, "small")[1] == definition()


def test_a_study_whose_metric_is_to_grow_maximizes(storage: InMemoryStorage) -> None:
    study = open_study(storage, STUDY + '[objective]\nmetric = "valid_log_r2"\n')
    assert study.direction.name == "MAXIMIZE"


def test_opening_again_finds_the_same_study_and_changes_nothing(storage: InMemoryStorage) -> None:
    first = open_study(storage)
    add(first, TrialState.COMPLETE)
    before = first.user_attrs
    again = open_study(storage)
    assert again._study_id == first._study_id
    assert again.user_attrs == before
    assert len(again.trials) == 1


@pytest.mark.parametrize(
    "text",
    [
        changed('cell = ["LSTM", "RNN"]', 'cell = ["RNN", "LSTM"]').replace(
            "hidden_size = [3, 5]", "hidden_size = [5, 3]"
        ),
        changed("trials = 3", "trials = 9"),
        STUDY + '[[phase]]\nname = "more"\nsampler = "tpe"\nvary = ["window"]\ntrials = 4\n',
        changed('name = "small"', 'name = "small"\ntitle = "a title"'),
    ],
    ids=["lists reordered", "trials raised", "phase added", "title"],
)
def test_a_study_goes_on_under_a_larger_definition_and_keeps_that(storage: InMemoryStorage, text: str) -> None:
    open_study(storage)
    study = open_study(storage, text)
    assert studies.find(storage, "small")[1] == definition(text)
    assert study.user_attrs["volopt:digest"] == digest(definition(text))


def test_a_grid_that_gained_values_goes_on_and_has_only_those_to_do(storage: InMemoryStorage) -> None:
    part = changed('grid = { cell = ["RNN", "LSTM"], hidden_size', 'grid = { cell = ["RNN"], hidden_size')
    study = open_study(storage, part)
    add(study, TrialState.COMPLETE, hidden_size=3)
    add(study, TrialState.COMPLETE, hidden_size=5)
    whole = definition()
    ledger = studies.ledger(open_study(storage), whole)
    assert ledger.progress(whole.phases[0], whole) == (2, 4)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (changed("epochs = 4", "epochs = 5").replace("window = 4", "window = 5"), "model.window, training.epochs"),
        (changed("low = 2", "low = 3"), "space.window.low"),
        (changed("trials = 3", "trials = 2"), 'phase "extend" trials'),
        (changed('sampler = "random"', 'sampler = "tpe"'), 'phase "extend" sampler'),
    ],
)
def test_another_definition_is_refused_with_the_keys_that_changed_and_the_way_out(
    storage: InMemoryStorage, text: str, keys: str
) -> None:
    before = open_study(storage).user_attrs
    with pytest.raises(StudyError) as caught:
        open_study(storage, text)
    assert caught.value.message == f'the study "small" was run with another {keys}'
    assert caught.value.hint.startswith("--name NEW")
    assert optuna.load_study(study_name="small", storage=storage).user_attrs == before


def test_other_data_are_refused_and_the_stored_ones_named(storage: InMemoryStorage) -> None:
    open_study(storage)
    with pytest.raises(StudyError, match="was run on other data: here") as caught:
        open_study(storage, source=SOURCE.model_copy(update={"fingerprint": "another"}))
    assert "--data" in caught.value.hint


def test_the_same_data_may_have_moved_and_be_read_by_another_reader(storage: InMemoryStorage) -> None:
    open_study(storage)
    study = open_study(storage, source=SOURCE.model_copy(update={"provider": "elsewhere", "reader": "qlib"}))
    assert studies.data_of(study).provider == "elsewhere"


def test_a_study_that_another_program_made_is_refused_and_not_listed(storage: InMemoryStorage) -> None:
    other = optuna.create_study(study_name="small", storage=storage)
    other.tell(other.ask(), 1.0)
    with pytest.raises(StudyError, match="another program created the study") as caught:
        open_study(storage)
    assert "--name" in caught.value.hint
    assert other.user_attrs == {}
    assert studies.names(storage) == []


def test_an_empty_study_of_the_other_direction_is_refused(storage: InMemoryStorage) -> None:
    optuna.create_study(study_name="small", storage=storage, direction="maximize")
    with pytest.raises(StudyError, match="another program created the study"):
        open_study(storage)


def test_a_study_whose_maker_was_killed_before_it_wrote_its_definition_is_taken_up(storage: InMemoryStorage) -> None:
    made = optuna.create_study(study_name="small", storage=storage)
    made.set_user_attr("volopt:format", 1)
    assert open_study(storage)._study_id == made._study_id
    assert studies.names(storage) == ["small"]


def test_a_study_of_a_newer_format_is_refused_even_if_its_definition_is_the_same(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    study.set_user_attr("volopt:format", 2)
    for look in (lambda: studies.find(storage, "small"), lambda: open_study(storage)):
        with pytest.raises(StorageError, match="newer volopt"):
            look()
    assert study.user_attrs["volopt:format"] == 2


def test_a_study_that_is_not_there_is_told_with_the_nearest_name(storage: InMemoryStorage) -> None:
    with pytest.raises(StudyError, match='no study "smal"') as caught:
        studies.find(storage, "smal")
    assert caught.value.hint == "`volopt run` creates one"
    open_study(storage)
    with pytest.raises(StudyError, match='did you mean "small"') as caught:
        studies.find(storage, "smal")
    assert caught.value.hint == "there are: small"


def test_run_records_are_kept_and_a_run_made_just_so_again_is_not_repeated(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    for started, workers in [("8:00", 1), ("9:00", 1), ("10:00", 2), ("11:00", 1)]:
        studies.add_run(study, RunRecord(started=started, workers=workers))
    assert [run["started"] for run in study.user_attrs["volopt:runs"]] == ["8:00", "10:00", "11:00"]


def test_repair_tells_running_trials_fail_with_a_reason_and_leaves_queued_ones(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    add(study, TrialState.COMPLETE)
    study.ask(distributions(definition()))
    study.enqueue_trial(POINT)
    assert len(studies.repair(study)) == 1
    done, running, waiting = study.trials
    assert done.state == TrialState.COMPLETE
    assert REASON not in done.user_attrs
    assert running.state == TrialState.FAIL
    assert running.user_attrs[REASON] == "interrupted: the process that ran it is gone"
    assert waiting.state == TrialState.WAITING
    assert studies.repair(study) == []


def test_a_ledger_reads_the_trials_of_a_storage(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    add(study, TrialState.COMPLETE)
    add(study, TrialState.FAIL, reason="nan", hidden_size=5)
    add(study, TrialState.PRUNED, phase="extend", window=5)
    add(study, TrialState.RUNNING, phase="extend", window=6)
    found = studies.ledger(study, definition())
    assert found.finished == {"width": 1, "extend": 1}
    assert not found.is_open(POINT)
    assert found.is_open(POINT | {"hidden_size": 5})  # one retry
    assert found.is_open(POINT | {"window": 5})
    assert not found.is_open(POINT | {"window": 6})
    assert found.to_retry("width") == [POINT | {"hidden_size": 5}]
    assert found.proposed("extend") == 2


def test_a_ledger_of_orphans_has_their_points_to_retry_however_often_they_were_killed(
    storage: InMemoryStorage,
) -> None:
    study = open_study(storage)
    for _ in range(3):
        add(study, TrialState.RUNNING, phase="extend")
        studies.repair(study)
    found = studies.ledger(study, definition())
    assert found.to_retry("extend") == [POINT]
    assert found.proposed("extend") == 1


def test_a_failure_without_a_reason_does_not_count_as_the_points_own(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    for _ in range(4):
        add(study, TrialState.FAIL)
    assert studies.ledger(study, definition()).is_open(POINT)


def test_trials_killed_before_they_had_phase_or_parameters_are_as_if_never_asked(storage: InMemoryStorage) -> None:
    study = open_study(storage)
    study.ask(distributions(definition()))  # no phase yet
    study.ask().set_user_attr(PHASE, "extend")  # no parameters yet
    studies.repair(study)
    found = studies.ledger(study, definition())
    assert found.proposed("extend") == 0
    assert found.to_retry("extend") == []
