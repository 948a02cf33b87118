"""``volopt export`` as a person or a program types it, on a small study that was really run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from builders import SAMPLE_DATA, Volopt
from hand_made import Shelf
from volopt.baselines.methods import baselines_of
from volopt.cli.main import cli

BASELINES = baselines_of(())

TABLES = ["trials", "seeds", "curves", "gradients", "predictions", "instruments", "importance"]
STUDY = f"""
format = 1
name = "small"
{SAMPLE_DATA}[space]
cell = ["RNN", "LSTM"]
batch_norm = [false, true]
window = {{ low = 5, high = 20 }}
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
[[phase]]
name = "cells"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM"] }}
[[phase]]
name = "extend"
sampler = "random"
vary = ["window", "learning_rate", "batch_norm"]
trials = 1
"""


@pytest.fixture(scope="module")
def run(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the study was run, with its storage."""
    directory = tmp_path_factory.mktemp("run")
    (directory / "small.toml").write_text(STUDY)
    storage = f"sqlite:///{directory}/storage/volopt.db"
    short = ["--epochs", "1", "--seeds", "2", "--workers", "1"]
    arguments = ["run", str(directory / "small.toml"), "--data", str(sample), "--storage", storage, *short]
    assert cli.main(arguments, standalone_mode=False) == 0
    return directory


@pytest.fixture
def ran(run: Path, tmp_path: Path, volopt: Volopt) -> Path:
    """A copy of that storage where ``volopt`` looks for one."""
    return Path(shutil.copytree(run / "storage", tmp_path / "storage"))


@pytest.fixture
def listed(volopt: Volopt, ran: Path) -> list[dict[str, Any]]:
    """The trials as ``trials --json`` prints them."""
    found: list[dict[str, Any]] = json.loads(volopt("trials", "small", "--json")[1])
    assert [trial["state"] for trial in found] == ["COMPLETE"] * 3
    return found


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_pandas_reads_the_numbers_of_trials_json(
    volopt: Volopt, listed: list[dict[str, Any]], tmp_path: Path, format: str
) -> None:
    code, out, _ = volopt("export", "small", "--format", format, "--out", "out", "--json")
    assert code == 0
    facts = json.loads(out)
    assert (list(facts), facts["study"]) == (["study", "synthetic", "files"], "small")
    assert all(list(file) == ["path", "rows"] for file in facts["files"].values())
    assert list(facts["files"]) == TABLES
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[format]
    frames = {name: read(tmp_path / file["path"]) for name, file in facts["files"].items()}
    assert {name: len(frame) for name, frame in frames.items()} == {n: f["rows"] for n, f in facts["files"].items()}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"{name}.{format}" for name in TABLES)
    for trial in listed:
        (row,) = frames["trials"][frames["trials"]["number"] == trial["number"]].to_dict("records")
        told = {name: trial[name] for name in ("number", "state", "value", "seconds")} | trial["metrics"]
        told |= {f"params_{key}": value for key, value in trial["params"].items()} | {"phases": trial["phases"][0]}
        assert {name: row[name] for name in told} == told
        assert set(row) == {*told, "reason", "datetime_start"}
        seeds = frames["seeds"][frames["seeds"]["trial"] == trial["number"]].drop(columns="trial")
        assert seeds.to_dict("records") == [{name: seed[name] for name in seeds} for seed in trial["seeds"]]
        assert set(seeds) == set(trial["seeds"][0])
    assert len(frames["trials"]) == len(listed)
    assert frames["trials"]["params_batch_norm"].dtype in ("bool", "boolean")
    losses = frames["curves"].merge(frames["seeds"], on=["trial", "seed"], suffixes=("", "_of_seed"))
    assert (losses["valid_mse"] == losses["valid_mse_of_seed"]).tolist() == [True] * 6


def test_predictions_hold_the_baselines_of_the_same_days(volopt: Volopt, ran: Path, tmp_path: Path) -> None:
    (study,) = json.loads(volopt("status", "--json")[1])["studies"]
    assert volopt("export", "small", "--format", "parquet")[0] == 0
    found = pd.read_parquet(tmp_path / "small-export" / "predictions.parquet")
    assert str(found["date"].dtype) == "datetime64[ms]"
    test = found[found["split"] == "test"]
    assert test["date"].between("2018-01-01", "2018-12-28").all()
    for name in BASELINES:
        rows = test[test["model"] == name]
        flatness = rows["forecast"].std(ddof=0) / rows["actual"].std(ddof=0)
        assert flatness == pytest.approx(study["baselines"][name]["flatness"], rel=1e-9)
        for _, trial in test[test["model"] == "trial"].groupby(["trial", "seed"]):
            both = trial.merge(rows, on=["day_set", "split", "date"])
            assert len(both) == len(rows) == len(trial)
            assert (both["actual_x"] == both["actual_y"]).all()


def test_people_see_the_files_and_how_to_load_them(volopt: Volopt, ran: Path) -> None:
    code, out, err = volopt("export", "small")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("SYNTHETIC SAMPLE")
    assert lines[2].split() == ["trials", "3", "small-export/trials.csv"]
    *_, hint = lines
    scope: dict[str, Any] = {"pandas": pd}
    exec(f"found = {hint.removeprefix('Load one in Python: ')}", scope)
    assert str(len(scope["found"])) == lines[6].split()[1]
    assert str(scope["found"]["date"].dtype).startswith("datetime64")
    _, out, _ = volopt("export", "small", "--format", "parquet")
    exec(f"found = {out.splitlines()[-1].removeprefix('Load one in Python: ')}", scope)
    assert str(len(scope["found"])) == lines[6].split()[1]


def test_files_that_are_there_are_refused_with_a_hint_and_replaced_by_force(volopt: Volopt, ran: Path) -> None:
    assert volopt("export", "small")[0] == 0
    code, out, err = volopt("export", "small", "--json")
    assert code == 2
    assert json.loads(out)["error"] == "small-export/trials.csv exists already"
    assert "Hint: --force" in err
    assert volopt("export", "small", "--force")[0] == 0


def test_what_is_lost_is_told_and_the_rest_is_written(volopt: Volopt, ran: Path) -> None:
    for path in (ran / "artifacts").iterdir():
        if path.is_file():
            path.write_text("{")
    code, out, err = volopt("export", "small", "--json")
    assert code == 0
    assert [file["rows"] for file in json.loads(out)["files"].values()] == [3, 6, 0, 0, 0, 0, 2]
    assert "which are missing, damaged or of an older volopt: 0, 1, 2.\nHint: " in err


def test_lost_baselines_are_told(volopt: Volopt, ran: Path) -> None:
    shutil.rmtree(ran / "artifacts" / "baselines")
    code, out, err = volopt("export", "small", "--json")
    assert code == 0
    assert json.loads(out)["files"]["predictions"]["rows"] > 0
    assert "forecasts of these day_sets, which are missing: 1.\n" in err


def test_a_study_without_trials_exits_1_and_writes_nothing(volopt: Volopt, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    Shelf(tmp_path / "storage").study("small")
    code, out, err = volopt("export", "small", "--json")
    assert code == 1
    assert 'Error: the study "small" has no trials yet.' in err
    assert json.loads(out)["hint"]
    assert not (tmp_path / "small-export").exists()


def test_wrong_input_is_told(volopt: Volopt, ran: Path) -> None:
    code, _, err = volopt("export", "smal")
    assert code == 1
    assert 'did you mean "small"' in err
    code, _, err = volopt("export", "small", "--format", "xlsx")
    assert code == 2
    assert "'csv', 'parquet'" in err
    code, _, err = volopt("export", "small", "--out", "storage/volopt.db")
    assert code == 1
    assert "cannot write in storage/volopt.db" in err
    assert "Traceback" not in err
