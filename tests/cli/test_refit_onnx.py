"""``volopt refit --onnx`` over the synthetic sample, from the study to onnxruntime."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import small_runs
from builders import Volopt
from volopt.forecast import onnx_export


@pytest.fixture(scope="module")
def storage(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small study that was run."""
    return small_runs.run(small_runs.TWO_TRIALS, tmp_path_factory.mktemp("onnx"), sample).storage


def test_a_bundle_gets_a_model_and_two_lines_that_use_it(storage: str, volopt: Volopt, tmp_path: Path) -> None:
    """The two printed lines run, JSON names the model, and predictions are the same with and without it."""
    code, out, err = volopt("refit", "small", "--out", "with", "--onnx", "--storage", storage, "--workers", 1)
    assert code == 0, err
    assert "ONNX: with/network.onnx, at most " in out
    lines = [line.strip() for line in out.splitlines() if line.startswith("  ")]
    names = {"onnxruntime": onnxruntime, "inputs": np.zeros((3, 20, 2), np.float32)}
    exec("\n".join(lines[-2:]), names)
    assert names["scaled"].shape == (3, 2)

    again = ("refit", "small", "--out", "with", "--onnx", "--storage", storage, "--workers", 1, "--json", "--force")
    facts = json.loads(volopt(*again)[1])["onnx"]
    assert facts.pop("difference") <= onnx_export.TOLERANCE
    assert facts.pop("windows") == onnx_export.TRAIN_WINDOWS + onnx_export.RANDOM_WINDOWS + 1
    assert facts == {"file": "network.onnx", "opset": 17, "inputs": ["batch", 20, 2], "scaled": ["batch", 2]}

    plain = volopt("refit", "small", "--out", "without", "--storage", storage, "--workers", 1, "--json")[1]
    assert json.loads(plain)["onnx"] is None
    assert {path.name for path in Path("with").iterdir()} - {path.name for path in Path("without").iterdir()} == {
        "network.onnx"
    }
    assert volopt("predict", "with", "--json")[:2] == volopt("predict", "without", "--json")[:2]


def test_without_the_extra_nothing_begins(volopt: Volopt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command refuses before it looks for the study, which does not exist."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, out, err = volopt("refit", "small", "--out", "forecaster", "--onnx")
    assert (code, out) == (2, "")
    assert "an ONNX model needs the packages onnx and onnxruntime" in err
    assert "pip install 'volopt[onnx]'" in err
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_too_far_from_pytorch_is_not_written(
    storage: str, volopt: Volopt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bundle is not written either."""
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
    code, _, err = volopt("refit", "small", "--out", "forecaster", "--onnx", "--storage", storage, "--workers", 1)
    assert code == 1
    assert "the ONNX model differs from PyTorch by " in err
    assert not Path("forecaster").exists()
