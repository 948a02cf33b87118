"""A stored study that others have written to: what makes no sense is not there, is told, or stops with a sentence."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from hand_made import Shelf
from volopt.definition.plain_text import plain
from volopt.errors import StorageError, StudyError
from volopt.figures.study_view import StudyView
from volopt.storage.run_record import RunRecord
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE, REASON, SCORES
from volopt.studies.space import distributions
from volopt.studies.validated_study import NO_VALUE, NOT_OURS, NOT_RUN

JUNK: list[Any] = [None, [], {}, "x", 1, True, [None], {"a": [1]}, [[[[]]]], "\ud800\x1b[31m", 10**400, math.inf]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a study of two COMPLETE trials; for copies."""
    directory = tmp_path_factory.mktemp("filled")
    found = Shelf(directory)
    definition = found.study("grid")
    for cell in ("RNN", "LSTM"):
        found.trial(definition, None, cell=cell)
    found.storage.engine.dispose()
    return directory


@pytest.fixture
def shelf(filled: Path, tmp_path: Path) -> Shelf:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return Shelf(tmp_path)


def write(shelf: Shelf, sql: str, *values: object) -> None:
    with shelf.storage.engine.begin() as connection:
        assert connection.exec_driver_sql(sql, values).rowcount


def set_of_study(shelf: Shelf, name: str, value: str) -> None:
    write(shelf, "UPDATE study_user_attributes SET value_json = ? WHERE key = ?", value, f"volopt:{name}")


def set_of_trial(shelf: Shelf, kind: str, name: str, value: Any) -> None:
    """Set an attribute of trial 0."""
    sql = f"INSERT INTO trial_{kind}_attributes(trial_id, key, value_json) VALUES (1, ?, ?)"
    write(shelf, sql, name, json.dumps(value))


def told(shelf: Shelf) -> list[dict[str, Any]]:
    study, definition = studies.find(shelf.storage, "grid")
    listing.summary(study, definition)
    found = listing.trials(study, definition)
    json.dumps(found, allow_nan=False)
    return found


@pytest.mark.parametrize("value", JUNK)
@pytest.mark.parametrize("name", [PHASE, REASON, "valid_mse"])
def test_an_attribute_of_another_shape_is_not_there(shelf: Shelf, name: str, value: Any) -> None:
    set_of_trial(shelf, "user", name, value)
    trial, _ = told(shelf)
    shown = str(value).replace("\ud800", "?")
    assert trial["state"] == "COMPLETE"
    assert trial["phases"] == ["width", "depth"]
    assert trial["reason"] == (shown if name == REASON and isinstance(value, str) else None)
    assert trial["metrics"] == (
        {"valid_mse": value} if name == "valid_mse" and value in (1, None) and value is not True else {}
    )


@pytest.mark.parametrize("value", [
    *JUNK, {"seeds": [1]}, {"seeds": {}}, {"seeds": [{}]}, {"seeds": [{"seed": True}]}, {"seeds": [{"seed": None}]},
    {"seeds": [{"seed": 0, "epochs": 1.5}]}, {"seeds": [{"seed": 0, "valid_mse": "low"}]}, {"skills": []},
    {"seeds": [{"seed": 0}], "skills": {"valid_skill_har": [1]}},
])  # fmt: skip
def test_scores_of_another_shape_are_not_there(shelf: Shelf, value: Any) -> None:
    set_of_trial(shelf, "system", SCORES, value)
    trial, _ = told(shelf)
    assert (trial["seeds"], trial["metrics"]) == ([], {})


def test_scores_as_volopt_writes_them_are_there(shelf: Shelf) -> None:
    seeds = [{"seed": 0, "valid_mse": 0.5, "test_mase": None, "epochs": 9, "best_epoch": 4}]
    set_of_trial(shelf, "system", SCORES, {"seeds": seeds, "skills": {"valid_skill_har": -2}})
    trial, _ = told(shelf)
    assert (trial["seeds"], trial["metrics"]) == (seeds, {"valid_skill_har": -2})


def add(shelf: Shelf, value: float, params: dict[str, Any], **said: Any) -> None:
    """Add a trial as another program would."""
    study = optuna.load_study(study_name="grid", storage=shelf.storage)
    known = distributions(studies.find(shelf.storage, "grid")[1])
    known |= {"x": FloatDistribution(0, 1), "<b>": CategoricalDistribution(["<b>"])}
    given = {key: known[key] for key in params}
    study.add_trial(create_trial(value=value, params=params, distributions=given, **said))


POINT = {"cell": "RNN", "hidden_size": 5, "num_layers": 1, "window": 20, "learning_rate": 0.005}


@pytest.mark.parametrize("params", [{}, {"x": 0.5}, POINT | {"<b>": "<b>"}, {"cell": "RNN"}])
@pytest.mark.parametrize("state", [TrialState.COMPLETE, TrialState.PRUNED])
def test_a_trial_of_another_program_is_never_the_best_and_says_why(
    shelf: Shelf, params: dict[str, Any], state: TrialState
) -> None:
    add(shelf, -99.0, params, state=state, user_attrs={PHASE: "width", "valid_mse": -99.0})
    trial = told(shelf)[2]
    assert (trial["state"], trial["reason"], trial["value"]) == ("FAIL", NOT_OURS, None)
    assert (trial["metrics"], trial["seeds"]) == ({}, [])
    study, definition = studies.find(shelf.storage, "grid")
    assert study.best_trial.number == 0
    assert listing.counts(study)["complete"] == 2
    assert studies.ledger(study, definition).finished["width"] == 0
    stored = optuna.load_study(study_name="grid", storage=shelf.storage).trials[2]
    assert (stored.state, stored.params) == (state, params)  # the database is as it was


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_a_complete_trial_without_a_finite_value_is_never_the_best_and_says_why(shelf: Shelf, value: float) -> None:
    add(shelf, value, POINT)
    trial = told(shelf)[2]
    assert (trial["state"], trial["reason"]) == ("FAIL", NO_VALUE)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trial_params SET param_value = 99 WHERE param_name = 'cell'",
        "UPDATE trial_params SET distribution_json = '{}'",
        "UPDATE trial_params SET distribution_json = 'x'",
        "UPDATE trials SET state = 'X' WHERE trial_id = 1",
        "UPDATE trials SET datetime_start = 'x'",
        "UPDATE trials SET number = 7 WHERE trial_id = 1",
        "DELETE FROM trials WHERE trial_id = 1",
        "UPDATE study_directions SET direction = 'MAXIMIZE'",
        "INSERT INTO study_directions(direction, study_id, objective) VALUES ('MINIMIZE', 1, 1)",
        "INSERT INTO trial_user_attributes(trial_id, key, value_json) VALUES (1, 'a', 'no json')",
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(shelf: Shelf, sql: str) -> None:
    write(shelf, sql)
    with pytest.raises(StorageError, match='"grid"'):
        told(shelf)


@pytest.mark.parametrize("value", ["null", "[]", "{}", '"x"', "1", "[" * 900 + "]" * 900, '{"format": 1, "space": 3}'])
def test_a_damaged_definition_is_told_in_a_sentence(shelf: Shelf, value: str) -> None:
    set_of_study(shelf, "definition", value)
    with pytest.raises(StorageError, match="damaged"):
        told(shelf)


@pytest.mark.parametrize("value", ["no json", "", "[" * 100_000])
def test_attributes_that_are_no_json_are_told_in_a_sentence(shelf: Shelf, value: str) -> None:
    set_of_study(shelf, "data", value)
    with pytest.raises(StorageError, match="the studies in the storage cannot be read"):
        told(shelf)


@pytest.mark.parametrize("value", JUNK)
def test_a_study_that_does_not_say_its_data_is_damaged(shelf: Shelf, value: Any) -> None:
    for said in (value, {"provider": value, "reader": "native", "synthetic": value, "fingerprint": "x"}):
        set_of_study(shelf, "data", json.dumps(said))
        with pytest.raises(StorageError, match='the study "grid" does not say which data it was run on'):
            told(shelf)


@pytest.mark.parametrize("value", [*JUNK, {"har": 1}, {"har": {"valid_log_r2": "x"}}, {"<b>": {"valid_log_r2": 1.0}}])
def test_scores_of_baselines_that_make_no_sense_are_not_there(shelf: Shelf, value: Any) -> None:
    study, _ = studies.find(shelf.storage, "grid")
    study.set_user_attr("volopt:baselines", {"har": {"valid_log_r2": 0.5}})
    assert studies.baselines(study) == {"har": {"valid_log_r2": 0.5}}
    set_of_study(shelf, "baselines", json.dumps(value))
    assert studies.baselines(study) == {}


@pytest.mark.parametrize("value", [
    *JUNK, [{"started": 1}], [{"versions": ["x"]}], [{"versions": {"torch": 2}}], [{"data": []}],
    [{"data": {"frames": [1]}}], [{"data": {"frames": [{"name": "x"}]}}], [{"data": {"days": {"test": "x"}}}],
    [{"data": {"left_out": ["A"]}}], [{"data": {"left_out": {"A": None}}}],
])  # fmt: skip
def test_run_records_that_make_no_sense_are_not_there(shelf: Shelf, value: Any) -> None:
    study, _ = studies.find(shelf.storage, "grid")
    record = RunRecord(started="8:00")
    studies.add_run(study, record)
    assert studies.runs(study) == [record]
    set_of_study(shelf, "runs", json.dumps(value))
    assert studies.runs(study) == []


@pytest.mark.parametrize(
    "name", ["../../grid", "a/b", "<script>", "\x1b[31mgrid", "grid\n", "", "-grid", "g" * 101, "g\\h"]
)
def test_a_name_that_no_study_file_may_have_is_found_where_any_name_is(shelf: Shelf, name: str) -> None:
    write(shelf, "UPDATE studies SET study_name = ?", name)
    assert studies.names(shelf.storage) == []
    assert studies.names(shelf.storage, any_name=True) == [name]
    with pytest.raises(StudyError, match="another program gave the study"):
        studies.find(shelf.storage, name)
    for written in (name, plain(name)):
        study, definition = studies.find(shelf.storage, written, any_name=True)
        assert (study.study_name, definition.name) == (name, "grid")


def test_a_trial_that_others_added_without_a_phase_is_left_out_and_kept(shelf: Shelf) -> None:
    add(shelf, -99.0, POINT, user_attrs={"mine": "kept"})
    trial = told(shelf)[2]
    assert (trial["state"], trial["reason"]) == ("FAIL", NOT_RUN)
    study, definition = studies.find(shelf.storage, "grid")
    assert study.best_trial.number == 0
    view = StudyView(study, definition, shelf.artifacts)
    assert view.warnings[-1] == "Trials that other programs added or changed are left out: 1."
    stored = optuna.load_study(study_name="grid", storage=shelf.storage).trials[2]
    assert (stored.state, stored.value, stored.user_attrs) == (TrialState.COMPLETE, -99.0, {"mine": "kept"})


def test_a_study_that_was_renamed_goes_on_under_its_new_name(shelf: Shelf) -> None:
    write(shelf, "UPDATE studies SET study_name = 'other'")
    study, definition = studies.find(shelf.storage, "other")
    assert (study.study_name, definition.name) == ("other", "other")


def test_a_title_does_not_steer_a_terminal(shelf: Shelf) -> None:
    definition = json.loads(json.dumps(studies.find(shelf.storage, "grid")[0].user_attrs["volopt:definition"]))
    set_of_study(shelf, "definition", json.dumps(definition | {"title": "\x1b[31mred\ud800"}))
    assert studies.find(shelf.storage, "grid")[1].title == r"\x1b[31mred\ud800"


@pytest.mark.parametrize("sql", ["DELETE FROM studies", "UPDATE studies SET study_name = 'other', study_id = 9"])
def test_a_study_that_is_deleted_or_renamed_while_it_is_read_is_told(shelf: Shelf, sql: str) -> None:
    study, definition = studies.find(shelf.storage, "grid")
    write(shelf, sql)
    for ask in (lambda: listing.summary(study, definition), lambda: studies.runs(study), lambda: study.trials):
        with pytest.raises(StudyError, match='the study "grid" was deleted or renamed'):
            ask()
