"""A study file edited between two runs: the study goes on with nothing repeated, or stops and says how to go on."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from builders import SAMPLE_DATA, Volopt
from volopt.definition.load import load

WIDTH = """\
[[phase]]
name = "width"
sampler = "grid"
grid = { cell = ["LSTM", "RNN"], hidden_size = [5, 7] }
"""
EXTEND = """\
[[phase]]
name = "extend"
sampler = "random"
vary = ["window", "cell"]
fix = { hidden_size = 5 }
trials = 2
"""
LAST = """\
[[phase]]
name = "last"
sampler = "tpe"
vary = ["window"]
start = "best"
trials = 1
"""
TRAINING = """\
[training]
epochs = 1
seeds = 1
retries = 1
"""
SPACE = """\
[space]
cell = ["RNN", "LSTM", "GRU"]
hidden_size = [5, 7, 9]
window = { low = 5, high = 30 }
learning_rate = { low = 1e-4, high = 1e-1, log = true }
"""
STUDY = f"""\
format = 1
name = "small"
title = "A small study"
{SAMPLE_DATA}{TRAINING}{SPACE}{WIDTH}{EXTEND}{LAST}"""
TRIALS = 7
MORE_GRID = '[[phase]]\nname = "more"\nsampler = "grid"\ngrid = { cell = ["GRU", "RNN"] }\n'  # RNN 5 is there already
MORE_TPE = '[[phase]]\nname = "more"\nsampler = "tpe"\nvary = ["window"]\ntrials = 2\n'
RUN = ("--workers", "1", "--pictures", "none", "--json")

Pairs = list[tuple[str, str]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A directory in which the study was run to its end."""
    directory = tmp_path_factory.mktemp("finished")
    (directory / "small.toml").write_text(STUDY)
    command = [sys.executable, "-m", "volopt", "run", "small.toml", "--data", str(sample), *RUN]
    subprocess.run(command, cwd=directory, capture_output=True, check=True)
    return directory


@pytest.fixture
def run(volopt: Volopt, finished: Path, sample: Path, tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Runs the finished study again under a text, and returns exit code, what ``--json`` prints, and stderr."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)

    def call(text: str, *options: object, data: Path = sample) -> tuple[int, dict[str, Any], str]:
        (tmp_path / "small.toml").write_text(text)
        code, out, err = volopt("run", "small.toml", "--data", data, *RUN, *options)
        assert "Traceback" not in out + err
        return code, json.loads(out.splitlines()[-1]), err

    return call


def edited(*pairs: tuple[str, str]) -> str:
    text = STUDY
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def rows() -> dict[str, list[Any]]:
    """Every row of every table of the database."""
    with closing(sqlite3.connect("storage/volopt.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def files() -> dict[str, int]:
    """Every file beside the database, but for frames that were read, with the time it was written."""
    found = Path("storage/artifacts").rglob("*")
    return {str(path): path.stat().st_mtime_ns for path in found if path.is_file() and "frames" not in path.parts}


def trials(volopt: Volopt, name: str = "small") -> list[dict[str, Any]]:
    return list(json.loads(volopt("trials", name, "--json")[1]))


def complete(listed: list[dict[str, Any]]) -> Counter[tuple[tuple[str, Any], ...]]:
    return Counter(tuple(sorted(each["params"].items())) for each in listed if each["state"] == "COMPLETE")


# What goes on: the text, options, and the trials that are new.

SWAPPED_TABLES = STUDY.replace(SPACE + WIDTH + EXTEND + LAST, "").replace(
    SAMPLE_DATA, WIDTH + EXTEND + LAST + SPACE + SAMPLE_DATA
)
GOES_ON: dict[str, tuple[str, tuple[str, ...], int]] = {
    "nothing changed": (STUDY, (), 0),
    "another title": (edited(("A small study", "Another")), (), 0),
    "comments and blanks": (edited(("[space]\n", "\n# what may vary\n[space]   # all of it\n\n")), (), 0),
    "tables in another order": (SWAPPED_TABLES, (), 0),
    "keys in another order": (edited(("epochs = 1\nseeds = 1\n", "seeds = 1\nepochs = 1\n")), (), 0),
    "keys of a grid in another order": (
        edited(('cell = ["LSTM", "RNN"], hidden_size = [5, 7]', 'hidden_size = [5, 7], cell = ["LSTM", "RNN"]')), (), 0
    ),
    "defaults written out": (edited(("retries = 1", 'retries = 1\nbatch_size = "full"\noptimizer = "adam"')), (), 0),
    "numbers written otherwise": (edited(("low = 1e-4, high = 1e-1", "low = 0.0001, high = 0.1")), (), 0),
    "lists of the space in another order": (
        edited(("[5, 7, 9]", "[9, 5, 7]"), ('["RNN", "LSTM", "GRU"]', '["GRU", "LSTM", "RNN"]')), (), 0
    ),
    "lists of a grid in another order": (
        edited(("[5, 7] }", "[7, 5] }"), ('["LSTM", "RNN"]', '["RNN", "LSTM"]')), (), 0
    ),
    "the valid period in a list": (edited(('["2015-09-01", "2017-12-31"]', '[["2015-09-01", "2017-12-31"]]')), (), 0),
    "vary in another order": (edited(('["window", "cell"]', '["cell", "window"]')), (), 0),
    "more retries": (edited(("retries = 1", "retries = 5")), (), 0),
    "a grid gains a value": (edited(("[5, 7] }", "[5, 9, 7] }")), (), 2),
    "a grid gains values of both keys": (
        edited(('["LSTM", "RNN"], hidden_size = [5, 7]', '["LSTM", "GRU", "RNN"], hidden_size = [5, 7, 9]')), (), 5
    ),
    "more trials": (edited(("trials = 2", "trials = 4")), (), 2),
    "more trials of two phases by an option": (STUDY, ("--trials", "3"), 3),
    "a new grid at the end": (STUDY + MORE_GRID, (), 1),
    "a new grid in the middle": (edited((EXTEND, MORE_GRID + EXTEND)), (), 1),
    "a new grid at the beginning": (edited((WIDTH, MORE_GRID + WIDTH)), (), 1),
    "a new search at the end": (STUDY + MORE_TPE, (), 2),
    "a new search in the middle": (edited((EXTEND, MORE_TPE + EXTEND)), (), 2),
    "a new grid of known points": (STUDY + MORE_GRID.replace('"GRU", ', ""), (), 0),
    "all of it at once": (edited(("[5, 7] }", "[9, 7, 5] }"), ("trials = 2", "trials = 3")) + MORE_TPE, (), 5),
}  # fmt: skip


@pytest.mark.parametrize("case", GOES_ON)
def test_a_study_goes_on_under_a_file_that_only_gained_or_was_reordered(
    run: Any, volopt: Volopt, tmp_path: Path, case: str
) -> None:
    text, options, new = GOES_ON[case]
    before, known = rows(), complete(trials(volopt))
    code, facts, _ = run(text, *options)
    listed = trials(volopt)
    again = {tuple(sorted(each["params"].items())) for each in listed[TRIALS:]} & known.keys()
    assert code == 0
    assert (facts["new_trials"], facts["complete"], facts["failed"]) == (new, TRIALS + new, 0)
    assert facts["epochs_trained"] == new - len(again)
    for table, old in before.items():
        if table.startswith("trial"):  # earlier trials, with all that stands beside them
            assert rows()[table][: len(old)] == old
    for phase in load(str(tmp_path / "small.toml")).phases:
        if phase.sampler == "grid":
            points = phase.points(load(str(tmp_path / "small.toml")))
            assert [complete(listed)[tuple(sorted(point.items()))] for point in points] == [1] * len(points)
    code, facts, _ = run(text, *options)
    assert (code, facts["new_trials"], facts["epochs_trained"]) == (0, 0, 0)


def test_the_study_file_may_move(run: Any, volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "small.toml", tmp_path / "elsewhere" / "renamed.toml")
    code, out, _ = volopt("run", "elsewhere/renamed.toml", "--data", sample, *RUN)
    assert (code, json.loads(out)["new_trials"]) == (0, 0)


def test_a_phase_that_gains_trials_proposes_what_it_would_have_with_all_of_them_at_once(
    run: Any, volopt: Volopt
) -> None:
    text = STUDY.replace(LAST, "")
    assert run(text, "--name", "at_once", "--trials", "5")[0] == 0
    assert run(text, "--name", "in_steps", "--trials", "3")[0] == 0
    code, facts, _ = run(text, "--name", "in_steps", "--trials", "5")
    assert (code, facts["new_trials"], facts["epochs_trained"]) == (0, 2, 0)
    one, other = trials(volopt, "at_once"), trials(volopt, "in_steps")
    assert [(each["params"], each["value"]) for each in one] == [(each["params"], each["value"]) for each in other]


# What stops: the text, options, the changed keys, and whether the new study may take any fit.

STOPS: dict[str, tuple[str, tuple[str, ...], str, bool]] = {
    "features in another order": (
        edited(('["$close", "$volume"]', '["$volume", "$close"]')), (), "data.features", False
    ),
    "another feature": (edited(('["$close", "$volume"]', '["$open", "$volume"]')), (), "data.features", False),
    "another instrument": (edited(('"SH600000"', '"SH000300"')), (), "data.instrument", False),
    "another target": (edited(('target = "$volume"', 'target = "$close"')), (), "data.target", False),
    "another transform": (edited(("train =", 'transform = "log"\ntrain =')), (), "data.transform", False),
    "another anchor": (edited(("train =", 'anchor = "window_mean"\ntrain =')), (), "data.anchor", False),
    "another scaling": (edited(("train =", 'scaling = "standard"\ntrain =')), (), "data.scaling", False),
    "another train split": (edited(('["2010-01-04"', '["2010-02-01"')), (), "data.train", False),
    "another end of train": (edited(('"2015-08-31"', '"2015-07-31"')), (), "data.train", False),
    "another valid split": (edited(('"2017-12-31"', '"2017-11-30"')), (), "data.valid", False),
    "several valid periods": (
        edited(('["2015-09-01", "2017-12-31"]', '[["2015-09-01", "2016-12-31"], ["2017-01-01", "2017-12-31"]]')),
        (), "data.valid", False,
    ),
    "another test split": (edited(('"2018-12-28"', '"2018-11-30"')), (), "data.test", False),
    "more epochs": (edited(("epochs = 1", "epochs = 2")), (), "training.epochs", False),
    "more epochs by an option": (STUDY, ("--epochs", "2"), "training.epochs", False),
    "more seeds": (edited(("seeds = 1", "seeds = 2")), (), "training.seeds", True),
    "more seeds by an option": (STUDY, ("--seeds", "2"), "training.seeds", True),
    "another learning rate": (
        edited(("retries", "learning_rate = 0.01\nretries")), (), "training.learning_rate", True
    ),
    "another optimizer": (edited(("retries", 'optimizer = "adamw"\nretries')), (), "training.optimizer", False),
    "another batch size": (edited(("retries", "batch_size = 512\nretries")), (), "training.batch_size", False),
    "early stopping": (edited(("retries", "early_stopping = 1\nretries")), (), "training.early_stopping", False),
    "fewer retries": (edited(("retries = 1", "retries = 0")), (), "training.retries", True),
    "another baseline": (edited(("[training]", "[model]\nhidden_size = 7\n[training]")), (), "model.hidden_size", True),
    "batch norm": (edited(("[training]", "[model]\nbatch_norm = true\n[training]")), (), "model.batch_norm", False),
    "a list of the space gains a value": (edited(("[5, 7, 9]", "[5, 7, 9, 11]")), (), "space.hidden_size", True),
    "a list of the space loses a value": (edited(("[5, 7, 9]", "[5, 7]")), (), "space.hidden_size", True),
    "another end of a range": (edited(("low = 5, high = 30", "low = 6, high = 30")), (), "space.window.low", True),
    "a longer window": (edited(("low = 5, high = 30", "low = 5, high = 31")), (), "space.window.high", False),
    "steps in a range": (edited(("high = 30 }", "high = 30, step = 5 }")), (), "space.window.step", True),
    "a range no longer logarithmic": (edited((", log = true", "")), (), "space.learning_rate.log", True),
    "a list in place of a range": (edited(("{ low = 5, high = 30 }", "[10, 20, 30]")), (), "space.window", True),
    "a new key of the space": (edited(("hidden_size = [5, 7, 9]", "hidden_size = [5, 7, 9]\nnum_layers = [1, 2]")), (),
                               "space.num_layers", True),
    "another seed of the samplers": (edited(("format = 1", "format = 1\nseed = 1")), (), "seed", True),
    "another metric": (
        STUDY + '[objective]\nmetric = "valid_log_r2"\n', (), "objective.direction, objective.metric", True
    ),
    "a grid loses a value": (edited(("[5, 7] }", "[5] }")), (), 'phase "width" grid.hidden_size', True),
    "a grid loses a key": (edited((", hidden_size = [5, 7] }", " }")), (), 'phase "width" grid.hidden_size', True),
    "a grid gains a key": (edited(("[5, 7] }", "[5, 7], window = [20, 30] }")), (), 'phase "width" grid.window', True),
    "a grid gains a value and loses another": (
        edited(("[5, 7] }", "[5, 9] }")), (), 'phase "width" grid.hidden_size', True
    ),
    "fewer trials": (edited(("trials = 2", "trials = 1")), (), 'phase "extend" trials', True),
    "fewer trials by an option": (STUDY, ("--trials", "1"), 'phase "extend" trials', True),
    "another sampler": (edited(('"random"', '"qmc"')), (), 'phase "extend" sampler', True),
    "another pruner": (edited(("trials = 2", 'trials = 2\npruner = "median"')), (), 'phase "extend" pruner', True),
    "another start": (edited(('start = "best"', 'start = "baseline"')), (), 'phase "last" start', True),
    "another value of fix": (edited(("fix = { hidden_size = 5 }", "fix = { hidden_size = 7 }")), (),
                             'phase "extend" fix.hidden_size', True),
    "no fix": (edited(("fix = { hidden_size = 5 }\n", "")), (), 'phase "extend" fix.hidden_size', True),
    "fewer keys to vary": (edited(('["window", "cell"]', '["window"]')), (), 'phase "extend" vary', True),
    "a renamed grid": (edited(('name = "width"', 'name = "breadth"')), (), 'phase "width"', True),
    "a renamed search": (edited(('name = "extend"', 'name = "further"')), (), 'phase "extend"', True),
    "a removed phase": (STUDY.replace(LAST, ""), (), 'phase "last"', True),
    "phases in another order": (
        STUDY.replace(EXTEND + LAST, LAST + EXTEND), (), "phase order", True
    ),
    "two things": (
        edited(("epochs = 1", "epochs = 2"), ('"2018-12-28"', '"2018-11-30"')), (),
        "data.test, training.epochs", False
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STOPS)
def test_any_other_change_stops_with_its_key_and_a_new_study_takes_the_fits_that_are_there(
    run: Any, volopt: Volopt, case: str
) -> None:
    text, options, keys, keeps = STOPS[case]
    before, beside = rows(), files()
    code, said, err = run(text, *options)
    assert code == 1
    assert said["error"] == f'the study "small" was run with another {keys}'
    assert "--name NEW" in said["hint"]
    assert "--name NEW" in err
    assert (rows(), files()) == (before, beside)
    code, facts, _ = run(text, *options, "--name", "other")
    assert code == 0
    assert facts["epochs_trained"] == missing(trials(volopt), trials(volopt, "other"), keeps=keeps)
    for table, old in before.items():
        assert [row for row in rows()[table] if row in old] == old


def missing(known: list[dict[str, Any]], listed: list[dict[str, Any]], *, keeps: bool) -> int:
    """How many epochs the fits of some trials take, but for those that other trials have if these can be taken."""
    there = fits(known) if keeps else {}
    return sum(epochs for fit, epochs in fits(listed).items() if fit not in there)


def fits(listed: list[dict[str, Any]]) -> dict[Any, int]:
    """The epochs of each fit, by its configuration and seed; one a valid period."""
    return {
        (tuple(sorted(({"num_layers": 1} | trial["params"]).items())), row["seed"]): row["epochs"] * periods
        for trial in listed
        for periods in [len(trial.get("periods", [1]))]
        for row in trial["seeds"]
    }


def test_other_data_stop_and_leave_the_storage_as_it_was(
    run: Any, volopt: Volopt, sample: Path, other_sample: Path
) -> None:
    before, beside = rows(), files()
    code, said, _ = run(STUDY, data=other_sample)
    assert code == 1
    assert said["error"] == f'the study "small" was run on other data: {sample}'
    assert "--data" in said["hint"]
    assert "--name" in said["hint"]
    assert (rows(), files()) == (before, beside)
    code, facts, _ = run(STUDY, "--name", "other", data=other_sample)
    assert code == 0
    assert facts["epochs_trained"] == missing([], trials(volopt, "other"), keeps=False)


def test_the_same_data_at_another_place_go_on(run: Any, sample: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(sample, tmp_path / "moved"))
    code, facts, _ = run(STUDY, data=moved)
    assert (code, facts["new_trials"]) == (0, 0)
