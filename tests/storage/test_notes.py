"""Notes, in the form that optuna-dashboard reads."""

import optuna
import pytest
from optuna_dashboard import get_note, save_note

from volopt.storage import notes


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study()


@pytest.mark.parametrize("length", [0, 1, notes.MAX_CHARACTERS, notes.MAX_CHARACTERS + 1, 3 * notes.MAX_CHARACTERS])
def test_the_dashboard_reads_what_was_written(study: optuna.Study, length: int) -> None:
    text = "é" * length
    trial = study.ask()
    notes.save_note(study, None, text)
    notes.save_note(study, trial._trial_id, f"{text}!")
    assert get_note(study) == text
    assert get_note(trial) == f"{text}!"


def test_a_finished_trial_may_have_one_too(study: optuna.Study) -> None:
    trial = study.ask()
    study.tell(trial, 1.0)
    notes.save_note(study, trial._trial_id, "told")
    assert get_note(trial) == "told"


def test_a_shorter_note_replaces_a_longer_one(study: optuna.Study) -> None:
    for text in ("a" * 3 * notes.MAX_CHARACTERS, "short"):
        notes.save_note(study, None, text)
    assert get_note(study) == "short"


def test_a_note_that_stays_the_same_is_not_written_again(study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    notes.save_note(study, None, "a" * 2 * notes.MAX_CHARACTERS)
    written: list[str] = []
    write = study._storage.set_study_system_attr

    def count(study_id: int, key: str, value: object) -> None:
        written.append(key)
        write(study_id, key, value)

    monkeypatch.setattr(study._storage, "set_study_system_attr", count)
    notes.save_note(study, None, "a" * 2 * notes.MAX_CHARACTERS)
    assert written == []
    notes.save_note(study, None, "a" * notes.MAX_CHARACTERS + "b" * notes.MAX_CHARACTERS)
    assert written == ["dashboard:note_str:1"]


def test_what_a_person_wrote_stays(study: optuna.Study) -> None:
    notes.save_note(study, None, "ours")
    save_note(study, "theirs")
    notes.save_note(study, None, "ours again")
    assert get_note(study) == "theirs"
