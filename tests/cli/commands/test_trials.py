"""``volopt trials`` as a person or a program types it: which rows and columns, in which order."""

import json
import re

import pytest

from builders import Volopt
from hand_made import Shelf

TRIALS = 22


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The storage of a study of 22 COMPLETE trials, the last one the best, and a failed one."""
    directory = tmp_path_factory.mktemp("trials")
    shelf = Shelf(directory)
    definition = shelf.study("mine")
    for number in range(TRIALS):
        shelf.trial(definition, None, value=1 - number / 100, cell="RNN", hidden_size=25, window=5 + number)
    shelf.failed(definition, "the training loss is nan in epoch 3")
    return f"sqlite:///{directory}/volopt.db"


@pytest.fixture(autouse=True)
def mine(volopt: Volopt, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name that storage in the environment, after ``volopt`` has removed another one."""
    monkeypatch.setenv("VOLOPT_STORAGE", stored)


def rows(out: str) -> list[str]:
    """Return the first cells of a table's rows of trials."""
    return re.findall(r"^(\d+) +[A-Z]+", out, re.MULTILINE)


def test_a_file_gets_all_trials_the_best_first_and_the_failed_last(volopt: Volopt) -> None:
    _, out, _ = volopt("trials", "mine")
    assert rows(out) == [*map(str, range(TRIALS - 1, -1, -1)), str(TRIALS)]
    assert "more trials" not in out


def test_a_terminal_gets_20_trials_and_the_option_that_shows_the_rest(
    volopt: Volopt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    _, out, _ = volopt("trials", "mine")
    assert len(rows(out)) == 20
    assert "3 more trials: --top 23 shows all." in out
    assert "more trials" not in volopt("trials", "mine", "--top", 23)[1]


def test_parameters_that_never_vary_are_told_once(volopt: Volopt) -> None:
    _, out, _ = volopt("trials", "mine", "--state", "complete")
    assert out.splitlines()[0].startswith("Each trial below has learning_rate=0.005 cell=RNN hidden_size=25 ")
    assert out.count("cell=RNN") == 1
    assert out.count("window=") == TRIALS


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--top", "2"], ["21", "20"]),
        (["--sort", "window", "--top", "2"], ["0", "1"]),
        (["--sort", "trial", "--top", "1"], ["0"]),
        (["--sort", "state", "--top", "1"], ["0"]),
        (["--state", "failed"], ["22"]),
        (["--state", "failed", "--state", "complete", "--top", "1"], ["21"]),
        (["--state", "running"], []),
    ],
)
def test_options_choose_and_sort_the_rows_of_table_and_json(
    volopt: Volopt, options: list[str], numbers: list[str]
) -> None:
    assert rows(volopt("trials", "mine", *options)[1]) == numbers
    assert [str(row["number"]) for row in json.loads(volopt("trials", "mine", "--json", *options)[1])] == numbers


def test_json_without_options_has_all_trials_by_number(volopt: Volopt) -> None:
    assert [row["number"] for row in json.loads(volopt("trials", "mine", "--json")[1])] == list(range(TRIALS + 1))


def test_columns_are_those_named(volopt: Volopt) -> None:
    _, out, _ = volopt("trials", "mine", "--columns", "window, state", "--top", 1)
    assert [line.split() for line in out.splitlines()[:2]] == [["trial", "window", "state"], ["21", "26", "COMPLETE"]]
    (row,) = json.loads(volopt("trials", "mine", "--columns", "window,state", "--top", 1, "--json")[1])
    assert row == {"number": 21, "window": 26, "state": "COMPLETE"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "windw"], 'the trials have no column "windw", did you mean "window"?'),
        (["--sort", "windw"], 'the trials have no column "windw", did you mean "window"?'),
        (["3", "--top", "2"], "--sort, --top, --state and --columns are for the table of all trials"),
    ],
)
def test_an_option_that_fits_nothing_is_an_error(volopt: Volopt, options: list[str], message: str) -> None:
    code, _, err = volopt("trials", "mine", *options)
    assert code == 2
    assert message in err
