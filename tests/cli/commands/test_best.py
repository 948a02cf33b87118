"""``volopt best``, and the words by which other commands name its trials."""

import json
import shutil
from pathlib import Path

import pytest

from builders import Volopt
from hand_made import Shelf


@pytest.fixture
def storage(two_trials: Path, tmp_path: Path) -> str:
    shutil.copytree(two_trials, tmp_path / "copy")
    return f"sqlite:///{tmp_path}/copy/volopt.db"


def test_json_says_how_sure_the_choice_is(volopt: Volopt, storage: str) -> None:
    code, out, _ = volopt("best", "small", "--storage", storage, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["study"] == "small"
    assert {facts["likely"], facts["simplest"]} <= set(facts["set"])
    assert sum(trial["p_best"] for trial in facts["trials"]) == pytest.approx(1)
    assert facts["trials"][0].keys() >= {
        "number", "params", "value", "interval", "p_best", "regret", "in_set", "weights", "seconds",
    }  # fmt: skip
    assert facts["observed"] == min(trial["value"] for trial in facts["trials"]) <= facts["expected"]
    assert (facts["confirmed"], facts["seeds_only"]) == ([], [])


def test_the_set_comes_first_and_the_command_to_confirm_last(volopt: Volopt, storage: str) -> None:
    _, out, _ = volopt("best", "small", "--storage", storage)
    lines = out.splitlines()
    assert lines[2].startswith("Each trial below has ")
    assert lines[4].split()[0].endswith("*")
    assert [line.split(":")[0] for line in lines[-4:-2]] == ["Likely best", "Simplest of the set"]
    assert lines[-1].startswith("Next: volopt best small --confirm 4 --storage sqlite:///")


def test_confirm_prints_what_it_added(volopt: Volopt, storage: str) -> None:
    code, out, err = volopt("best", "small", "--storage", storage, "--confirm", 2, "--workers", 1)
    assert code == 0
    assert "Added 2 seeds in 1 round." in out
    assert "fit 2/2: seed 2 of trial" in err
    facts = json.loads(volopt("best", "small", "--storage", storage, "--json")[1])
    assert [added["seed"] for added in facts["confirmed"]] == [2, 2]
    assert [trial["confirmed"] for trial in facts["trials"]] == [1, 1]


@pytest.mark.parametrize("word", ["likely", "simplest", "best"])
def test_compare_takes_the_words(volopt: Volopt, storage: str, word: str) -> None:
    code, out, _ = volopt("compare", "small", word, "har", "--storage", storage, "--json")
    assert code == 0
    facts = json.loads(volopt("best", "small", "--storage", storage, "--json")[1])
    expected = min(facts["trials"], key=lambda trial: trial["value"])["number"] if word == "best" else facts[word]
    assert json.loads(out)["a"]["trial"] == expected


def test_a_wrong_word_is_answered_by_the_words(volopt: Volopt, storage: str) -> None:
    code, _, err = volopt("compare", "small", "likley", "har", "--storage", storage)
    assert code == 2
    assert 'did you mean "likely"' in err
    code, _, err = volopt("plot", "small", "forecast", "--trial", "har", "--storage", storage)
    assert (code, "har is a baseline, not a trial" in err) == (2, True)


def test_a_study_without_complete_trials_gets_a_sentence(volopt: Volopt, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.failed(shelf.study("grid"), "loss is nan")
    code, _, err = volopt("best", "grid", "--storage", f"sqlite:///{tmp_path}/volopt.db")
    assert (code, "no trial of grid is COMPLETE yet" in err) == (1, True)
    assert volopt("best", "grid", "--confirm", 1, "--storage", f"sqlite:///{tmp_path}/volopt.db")[0] == 1


def test_confirm_0_is_refused(volopt: Volopt, storage: str) -> None:
    code, _, err = volopt("best", "small", "--confirm", 0, "--storage", storage)
    assert (code, "'--confirm': 0 is not in the range" in err) == (2, True)
