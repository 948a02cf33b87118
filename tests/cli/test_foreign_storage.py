"""Commands that read, over databases and files changed by a stranger or a broken disk: no traceback, a sentence."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import Volopt
from hand_made import Shelf, World, content
from small_runs import GRID_AND_RANDOM, run
from volopt.definition.plain_text import plain
from volopt.studies.validated_study import NOT_OURS

READING = (
    ("status",),
    ("status", "small", "--json"),
    ("trials", "small"),
    ("trials", "small", "--json"),
    ("trials", "small", "0"),
    ("compare", "small", "best", "har"),
    ("findings",),
    ("export", "small", "--force"),
    ("plot", "small", "all", "--format", "json"),
    ("report", "small"),
)
HOSTILE = "\x1b[31m[bold][/no]<script>alert(1)</script>\ud800"
WRONG = {"a list": [{"seed": 0}], "a text": HOSTILE}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The directory of a small study that was really run; for copies."""
    directory = tmp_path_factory.mktemp("stored")
    run(GRID_AND_RANDOM, directory, sample, trials=3)
    with sqlite3.connect(directory / "volopt.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it is in the file itself
    connection.close()
    return directory


@pytest.fixture
def changed(stored: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copies the study, changes its database with SQL, and returns where it is."""

    def change(sql: str = "", *values: object) -> Path:
        copy = tmp_path / "copy"
        shutil.copytree(stored, copy, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        with sqlite3.connect(copy / "volopt.db") as connection:
            assert not sql or connection.execute(sql, values).rowcount
        connection.close()
        return copy

    return change


def read_all(volopt: Volopt, directory: Path) -> set[str]:
    """Run every command that reads, and return the sentences of those that stop."""
    told = set()
    for command in READING:
        code, out, err = volopt(*command, "--storage", f"sqlite:///{directory}/volopt.db")
        assert code in (0, 1), (command, err)
        assert "Traceback" not in out + err
        assert "\x1b" not in out + err
        told |= {line for line in err.splitlines() if line.startswith("Error: ")}
    return told


def test_what_was_run_is_read_without_an_error(volopt: Volopt, changed: Callable[..., Path]) -> None:
    assert read_all(volopt, changed()) == set()


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("name", ["definition", "data", "runs", "baselines"])
def test_a_changed_attribute_of_a_study_is_done_without_or_told(
    volopt: Volopt, changed: Callable[..., Path], name: str, value: Any
) -> None:
    sql = "UPDATE study_user_attributes SET value_json = ? WHERE key = ?"
    told = read_all(volopt, changed(sql, json.dumps(value), f"volopt:{name}"))
    assert all('"small"' in sentence or "the baseline har" in sentence for sentence in told)
    assert bool(told) == (name in ("definition", "data"))


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE trial_user_attributes SET value_json = ?",
        "UPDATE trial_user_attributes SET value_json = ?, key = 'reason' WHERE key = 'phase'",
        "UPDATE trial_system_attributes SET value_json = ? WHERE key = 'volopt:scores'",
        "UPDATE trial_system_attributes SET value_json = ? WHERE key LIKE 'artifacts:%'",
    ],
)
def test_changed_attributes_of_trials_are_done_without_or_told(
    volopt: Volopt, changed: Callable[..., Path], sql: str, value: Any
) -> None:
    told = read_all(volopt, changed(sql, json.dumps(value)))
    assert all("curves and forecasts of trial" in sentence for sentence in told)


def test_trials_of_another_program_are_listed_with_the_reason_and_left_out(
    volopt: Volopt, changed: Callable[..., Path]
) -> None:
    directory = changed("UPDATE trial_params SET param_name = 'other' WHERE param_name = 'window' AND trial_id = 1")
    assert read_all(volopt, directory) == set()
    storage = ("--storage", f"sqlite:///{directory}/volopt.db")
    trials = json.loads(volopt("trials", "small", "--json", *storage)[1])
    assert [trial["state"] for trial in trials] == ["FAIL"] + ["COMPLETE"] * 6
    assert trials[0]["reason"] == NOT_OURS
    assert volopt("report", "small", "--out", "report.html", *storage)[0] == 0
    assert NOT_OURS in Path("report.html").read_text()


STRANGE = ["my study", "成交量", "../../small", "\x1b[31msmall", "x" * 300]


@pytest.mark.parametrize("name", STRANGE)
def test_a_study_under_a_strange_name_is_listed_read_exported_and_deleted(
    volopt: Volopt, changed: Callable[..., Path], name: str
) -> None:
    directory = changed("UPDATE studies SET study_name = ?", name)
    storage = ("--storage", f"sqlite:///{directory}/volopt.db")
    code, out, _ = volopt("status", *storage)
    title, remark, *_ = out.splitlines()
    assert (code, title) == (0, f"{plain(name)}: A small study")
    assert remark.startswith("Another program gave the study this name")
    assert volopt("status", name, *storage)[:2] == (code, out)
    assert [study["name"] for study in json.loads(volopt("status", "--json", *storage)[1])["studies"]] == [name]
    assert len(json.loads(volopt("trials", name, "--json", *storage)[1])) == 7
    assert volopt("export", plain(name), *storage)[0] == 0
    (exported,) = {path for path in Path.cwd().iterdir() if path != directory}
    assert exported.name.endswith("-export")
    code, out, _ = volopt("delete", name, "--yes", *storage)
    assert (code, out.startswith(f"Deleted {plain(name)} and ")) == (0, True)
    assert "There is no study yet" in volopt("status", *storage)[1]
    assert set(Path.cwd().iterdir()) == {directory, exported}


@pytest.mark.parametrize("command", ["report", "best", "findings"])
def test_other_commands_say_how_to_give_the_study_a_name_that_they_take(
    volopt: Volopt, changed: Callable[..., Path], command: str
) -> None:
    directory = changed("UPDATE studies SET study_name = 'my study'")
    code, _, err = volopt(command, "my study", "--storage", f"sqlite:///{directory}/volopt.db")
    assert (code, "another program gave the study" in err, "rename it in `volopt dashboard`" in err) == (1, True, True)


def test_a_study_of_another_program_is_named_and_left_as_it_is(volopt: Volopt, changed: Callable[..., Path]) -> None:
    directory = changed("UPDATE study_user_attributes SET key = 'note' WHERE key = 'volopt:definition'")
    storage = ("--storage", f"sqlite:///{directory}/volopt.db")
    out = volopt("status", *storage)[1]
    assert 'Studies of other programs, which volopt leaves as they are (1): "small"' in out.splitlines()
    for command in ("trials", "delete"):
        code, _, err = volopt(command, "small", *storage)
        assert (code, 'another program created the study "small"' in err) == (1, True)


@pytest.mark.parametrize("text", ['{"seeds": [{"seed": 0}]}', "[" * 100_000])
def test_broken_files_are_left_out_and_the_report_says_so(
    volopt: Volopt, changed: Callable[..., Path], text: str
) -> None:
    directory = changed()
    for path in (directory / "artifacts").iterdir():
        if path.is_file():
            path.write_text(text)
    (told,) = read_all(volopt, directory)
    assert "missing, broken or of an older volopt" in told  # of compare, which needs them
    report = Path("small-report.html").read_text()
    assert "Figures and claims leave out the trials " in report


def test_findings_skip_the_claims_of_a_broken_file_and_test_the_others(volopt: Volopt, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    definition = shelf.study("grid", seeds=8)
    for cell in ("RNN", "LSTM"):
        for size in (5, 25):
            found = None if (cell, size) == ("LSTM", 25) else content(World(seeds=8).trial(cell=cell, hidden_size=size))
            shelf.trial(definition, found, cell=cell, hidden_size=size)
    code, out, err = volopt("findings", "grid", "--storage", f"sqlite:///{tmp_path}/volopt.db")
    assert code == 0
    assert "RNN improves from 5 to 25 units" in out
    assert "LSTM improves from 5 to 25 units" not in out
    assert err.count("forecasts of trial 3 of grid are missing") == 1
