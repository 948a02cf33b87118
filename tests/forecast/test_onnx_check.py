"""A model that is not sound, or forecasts otherwise, is not written into a bundle, and is refused in one."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx as onnx_package
import onnxruntime
import pytest
import torch
from torch import nn

import builders
import untrained
from volopt.errors import DataError, OnnxError, UsageError
from volopt.forecast import bundle as bundles
from volopt.forecast import onnx_check, onnx_export
from volopt.windows.dataset import Dataset


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """The data that the bundles name as theirs."""
    return builders.dataset(builders.definition(builders.STUDY.replace("high = 6", "high = 40")))


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda scaled: scaled + 2e-5, "2.0e-05"),
        (lambda scaled: scaled * np.nan, "nan"),
        (lambda scaled: scaled[:1], "inf"),
    ],
)
def test_a_model_that_forecasts_otherwise_is_refused(
    change: Any, difference: str, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By numbers, by their absence, or by another shape."""
    real = onnxruntime.InferenceSession

    def session(*arguments: Any, **options: Any) -> SimpleNamespace:
        opened = real(*arguments, **options)
        return SimpleNamespace(run=lambda *inputs: [change(opened.run(*inputs)[0])])

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    with pytest.raises(OnnxError, match=f"differs from PyTorch by {difference}") as caught:
        onnx_export.export(untrained.bundle(dataset), dataset)
    assert caught.value.exit_code == 1
    assert "stored" in caught.value.hint


def test_a_network_that_amplifies_rounding_is_refused(dataset: Dataset) -> None:
    """Its forecasts depend on the order of additions, so no two programs agree on them."""
    made = untrained.bundle(dataset, cell="RNN", hidden_size=25, num_layers=3, window=40)
    for weights in made.weights:
        weights.update({name: values * np.float32(5) for name, values in weights.items() if ".recurrent." in name})
    with pytest.raises(OnnxError, match="differs from PyTorch by"):
        onnx_export.export(made, dataset)


def test_a_difference_beyond_1_is_relative() -> None:
    """Float32 cannot resolve 1e-5 of large numbers."""
    assert onnx_check._difference(np.array([[1001.0]]), np.array([[1000.0]])) == pytest.approx(1e-3)
    assert onnx_check._difference(np.array([[0.02]]), np.array([[0.01]])) == pytest.approx(1e-2)


@pytest.mark.parametrize("content", [b"no model", onnx_package.ModelProto().SerializeToString()])
def test_a_model_that_cannot_be_run_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(OnnxError, match="the ONNX model cannot be used"):
        onnx_check.largest_difference(content, nn.Identity(), [torch.zeros(1, 2, 3)])


def test_a_model_that_onnxruntime_does_not_know_is_refused_in_a_sentence(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = onnx_export.export(untrained.bundle(dataset), dataset).content

    def session(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("Unsupported model IR version: 99\nmore")

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    with pytest.raises(OnnxError, match=r"(?m)\(RuntimeError: Unsupported model IR version: 99\)$") as caught:
        onnx_check.largest_difference(content, nn.Identity(), [torch.zeros(1, 2, 3)])
    assert "volopt[onnx]" in caught.value.hint


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_with_the_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=package) as caught:
        onnx_check.check_installed()
    assert caught.value.hint == "pip install 'volopt[onnx]'"


@pytest.fixture
def written(dataset: Dataset, tmp_path: Path) -> Path:
    """A bundle with a model in it."""
    made = untrained.bundle(dataset)
    directory = tmp_path / "forecaster"
    bundles.write(made, directory, more={onnx_export.NAME: onnx_export.export(made, dataset).content}, force=False)
    return directory


def test_a_bundle_with_a_model_is_read_without_the_extra(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)
    assert bundles.read(written).weights
    assert onnx_export.NAME in (written / bundles.SUMS).read_text()


def test_a_changed_model_is_refused(written: Path) -> None:
    (written / onnx_export.NAME).write_bytes((written / onnx_export.NAME).read_bytes() + b" ")
    with pytest.raises(DataError, match=r"network\.onnx does not match its SHA-256 sum"):
        bundles.read(written)


def test_a_missing_model_is_refused(written: Path) -> None:
    (written / onnx_export.NAME).unlink()
    with pytest.raises(DataError, match=r"network\.onnx"):
        bundles.read(written)
