"""The commands of the report really do what it says of them."""

import shlex
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hand_made import Shelf
from report.conftest import study_view
from volopt.definition import load
from volopt.figures.study_view import StudyView
from volopt.report.reproduce import best_alone, next_steps, resume
from volopt.search import run as runs
from volopt.search.job import RunOptions, prepare_job
from volopt.storage.run_record import RunRecord
from volopt.studies import study as studies


def test_the_best_configuration_alone_gives_the_same_numbers_without_training(
    small: StudyView, options: RunOptions, tmp_path: Path
) -> None:
    command = best_alone(small)
    arguments = [f"--data={options.data}", f"--storage={options.storage}", "--device=cpu", "--precision=highest"]
    assert shlex.split(command.line) == ["volopt", "run", "small-best.toml", *arguments]
    (tmp_path / command.file).write_text(command.text)
    alone = replace(options, trials=None)
    facts = runs.run(prepare_job(str(tmp_path / command.file), alone))
    best = small.complete[0]
    assert facts["best"] == {"number": 0, "value": best.value, "params": best.params}
    assert facts["epochs_trained"] == 0
    assert study_view(options.storage, "small-best").rows[0]["seeds"] == small.rows[best.number]["seeds"]


def test_the_best_configuration_has_every_parameter_of_the_best_trial(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    definition = shelf.study("mine")
    shelf.trial(definition, None, cell="RNN", hidden_size=25, num_layers=5, window=50, learning_rate=0.03)
    mine = study_view(f"sqlite:///{tmp_path}/volopt.db", "mine")
    loaded = load.read(best_alone(mine).text, "test")
    assert [phase.points(loaded) for phase in loaded.phases] == [[mine.complete[0].params]]
    assert (loaded.space, loaded.data, loaded.training) == (definition.space, definition.data, definition.training)


def test_going_on_is_the_command_of_the_last_run(small: StudyView, options: RunOptions) -> None:
    command = resume(small)
    program, run, file, *arguments = shlex.split(command.line)
    assert (program, run, Path(file).name) == ("volopt", "run", "small.toml")
    values = {"trials": 3, "workers": 1, "device": "cpu", "data": options.data, "storage": options.storage}
    assert set(arguments) == {f"--{name}={value}" for name, value in values.items()}
    assert command.file == ""  # the run record has it


def stored(shelf: Shelf, *commands: str) -> StudyView:
    """Return a study stored with a run record of each command."""
    definition = shelf.study("mine")
    study, _ = studies.find(shelf.storage, "mine")
    for command in commands:
        studies.add_run(study, RunRecord(command=command))
    return StudyView(studies.find(shelf.storage, "mine")[0], definition, shelf.artifacts)


@pytest.mark.parametrize(
    "commands",
    [
        (),
        ("",),
        ("volopt run grid; rm -r .",),
        ("volopt run 'grid",),
        ("volopt delete mine --yes",),
        ("volopt run grid", "volopt run `rm -r .`"),
    ],
)
def test_without_a_recorded_command_there_is_one_with_a_file_that_says_all(
    tmp_path: Path, commands: tuple[str, ...]
) -> None:
    mine = stored(Shelf(tmp_path), *commands)
    command = resume(mine)
    assert command.line == f"volopt run mine.toml --data=here --storage=sqlite:///{tmp_path}/volopt.db"
    assert command.file == "mine.toml"
    assert load.read(command.text, "test") == mine.definition


def test_names_with_blanks_are_quoted(tmp_path: Path) -> None:
    (directory := tmp_path / "my studies").mkdir()
    assert f"'--storage=sqlite:///{directory}/volopt.db'" in resume(stored(Shelf(directory))).line


def test_a_copied_storage_is_the_only_one_that_the_commands_name(
    small: StudyView, options: RunOptions, tmp_path: Path
) -> None:
    original = Path(options.storage.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(tmp_path / "copy.db")) as target:
        source.backup(target)
    text = "\n".join(map(str, next_steps(study_view(f"sqlite:///{tmp_path}/copy.db", small.name))))
    assert f"--storage=sqlite:///{tmp_path}/copy.db" in text
    assert str(original) not in text


def test_the_storage_is_named_as_volopt_takes_it(small: StudyView, options: RunOptions) -> None:
    assert studies.storage_url(small.study) == options.storage


def test_the_precision_of_the_last_run_is_said_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    definition = shelf.study("mine")
    shelf.trial(definition, None)
    study, _ = studies.find(shelf.storage, "mine")
    for precision in ("highest", "medium"):
        studies.add_run(study, RunRecord(device="cuda:1", precision=precision))
    mine = study_view(f"sqlite:///{tmp_path}/volopt.db", "mine")
    for command in (best_alone(mine), resume(mine)):
        assert command.line.endswith(" --device=cuda:1 --precision=medium")
