"""A small storage that commit fae5fb8 wrote is read as it was, and its studies continue with nothing trained again.

The archive holds three studies of two made-up stocks: ``small``, a grid and a TPE phase that was interrupted, with the
states of its last trial; ``small_panel``; and ``small_cmaes``, whose sampler volopt no longer has. It also holds what
``volopt trials --json`` printed, a bundle, and the fits of its refit.
"""

import json
import tarfile
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from builders import Volopt
from volopt.executors.trainer import SerialTrainer

ARCHIVE = Path(__file__).with_name("earlier_version.tar.xz")
STUDIES = ("small", "small_panel", "small_cmaes")
STORAGE = "--storage=sqlite:///volopt.db"
HERE = ("--data=provider", "--workers=1", STORAGE)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The epochs of each task that is trained."""
    trained: list[int] = []
    submit = SerialTrainer.submit

    def count(trainer: SerialTrainer, *arguments: Any) -> Future[Any]:
        if len(arguments) == 3:  # a task of a run, its state, and the epoch to reach
            state, until = arguments[1:]
            trained.append(until - (state.epoch if state else 0))
        else:
            trained.append(arguments[-1].epochs)
        return submit(trainer, *arguments)

    monkeypatch.setattr(SerialTrainer, "submit", count)
    return trained


def trials(volopt: Volopt, name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(volopt("trials", name, "--json", STORAGE)[1])
    return listed


@pytest.mark.parametrize("name", STUDIES)
def test_each_study_is_read_as_it_was(volopt: Volopt, example: Path, name: str) -> None:
    assert trials(volopt, name) == json.loads((example / f"trials-{name}.json").read_text())


def test_an_interrupted_study_trains_only_the_epochs_that_are_missing(
    volopt: Volopt, example: Path, epochs: list[int]
) -> None:
    stored = trials(volopt, "small")
    code, out, _ = volopt("run", "small.toml", "--pictures=none", "--json", *HERE)
    assert code == 0
    assert json.loads(out)["new_trials"] == 1  # the interrupted point
    listed = trials(volopt, "small")
    assert listed[: len(stored)] == stored
    assert listed[-1]["params"] == stored[-1]["params"]
    missing = sum(seed["epochs"] for seed in listed[-1]["seeds"])
    assert 0 < sum(epochs) < missing  # it continued from both states
    assert len(list((example / "artifacts" / "states").rglob("*.safetensors"))) == 0


def test_a_finished_study_trains_nothing(volopt: Volopt, example: Path, epochs: list[int]) -> None:
    assert volopt("run", "small_panel.toml", "--pictures=none", *HERE)[0] == 0
    assert volopt("run", "small_panel.toml", "--name=again", "--pictures=none", *HERE)[0] == 0
    assert epochs == []
    again, stored = (
        {str(trial["params"]): trial["seeds"] for trial in trials(volopt, name)} for name in ("again", "small_panel")
    )  # the points of a grid had another order then
    assert again == stored


def test_a_refit_takes_the_stored_fits_and_writes_the_same_bundle(
    volopt: Volopt, example: Path, epochs: list[int]
) -> None:
    assert volopt("refit", "small", "--out=new", *HERE)[0] == 0
    assert epochs == []
    weights = sorted((example / "bundle").glob("seed-*.safetensors"))
    assert len(weights) == 2
    assert all((example / "new" / path.name).read_bytes() == path.read_bytes() for path in weights)
    stored, new = (load_file(example / bundle / "errors.safetensors") for bundle in ("bundle", "new"))
    assert new.keys() == stored.keys()
    for instrument, errors in stored.items():  # each processor has other last digits in logarithms
        np.testing.assert_allclose(new[instrument], errors, rtol=0, atol=1e-12)
    forecasts = [volopt("predict", bundle, "--data=provider", "--last=5", "--json") for bundle in ("bundle", "new")]
    assert [code for code, _, _ in forecasts] == [0, 0]
    for expected, prediction in zip(*(json.loads(out) for _, out, _ in forecasts), strict=True):
        assert prediction.pop("interval") == pytest.approx(expected.pop("interval"), rel=1e-9)
        assert prediction == expected


def test_a_sampler_that_is_gone_is_named(volopt: Volopt, example: Path) -> None:
    code, _, err = volopt("run", "small_cmaes.toml", *HERE)
    assert code == 2
    assert 'volopt no longer has "cmaes"' in err
    assert "small_cmaes" in volopt("status", STORAGE)[1]


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("command", ["export", "report", "plot"])
def test_the_trial_files_are_read(volopt: Volopt, example: Path, command: str, name: str) -> None:
    arguments = ["curves", "forecast", "skill", "--format=json"] if command == "plot" else []
    code, _, err = volopt(command, name, *arguments, STORAGE)
    assert (code, err) == (0, "")
