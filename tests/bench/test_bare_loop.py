"""The bare loop gives the same numbers as volopt, so that only their speed differs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from builders import dataset, definition
from volopt.bench import bare_loop
from volopt.bench.fits import by_rungs
from volopt.bench.study import bare_fit, windows
from volopt.training.device import reproducible
from volopt.training.fit import advance
from volopt.training.task import Task, tasks

LONG = definition(training={"epochs": 20})


def task(cell: str, layers: int = 1) -> Task:
    fits = tasks(LONG, {"cell": cell, "num_layers": layers}, "cpu", "highest")
    return fits[1]  # of a seed other than the default


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", list(bare_loop.CELLS))
def test_its_losses_are_those_of_a_fit_bit_for_bit(cell: str, layers: int) -> None:
    data, fit = dataset(LONG), task(cell, layers)
    curves = advance(data, fit, None, 20).curves
    with reproducible("cpu"):
        losses = bare_loop.train(bare_fit(fit, 20), windows(data, fit.config.window))
    assert losses.train == curves.train_mse
    assert losses.valid == curves.valid_mse


def test_a_fit_by_rungs_is_a_fit_in_one_go() -> None:
    data, fit = dataset(LONG), task("LSTM")
    assert by_rungs(fit, data, 20).valid_mse == advance(data, fit, None, 20).curves.valid_mse
    assert len(by_rungs(fit, data, 7).valid_mse) == 7


def test_as_a_script_it_prints_the_losses_of_each_fit(tmp_path: Path) -> None:
    data, fit = dataset(LONG), task("LSTM")
    inputs = windows(data, fit.config.window)
    np.savez(tmp_path / "windows.npz", **{name: value.numpy() for name, value in inputs._asdict().items()})
    fits = [bare_fit(fit, 2), bare_fit(task("RNN"), 3)]
    (tmp_path / "fits.json").write_text(json.dumps([fit._asdict() for fit in fits]))
    command = [sys.executable, "-m", "volopt.bench.bare_loop", "windows.npz", "fits.json", "1"]
    process = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    first, second = json.loads(process.stdout)
    assert first["valid"] == advance(data, fit, None, 2).curves.valid_mse
    assert second["train"] == advance(data, task("RNN"), None, 3).curves.train_mse
