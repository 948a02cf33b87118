"""A bundle's networks as an ONNX model: onnxruntime forecasts what PyTorch does."""

import json
import sys
from collections.abc import Iterator
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
from volopt.definition.load import dump
from volopt.errors import DataError, OnnxError, UsageError
from volopt.forecast import bundle as bundles
from volopt.forecast import onnx, onnx_check
from volopt.forecast.bundle import Bundle, Facts, Instrument
from volopt.forecast.networks import networks
from volopt.models.recurrent import CELLS
from volopt.training.network import build
from volopt.training.state import to_arrays
from volopt.training.task import Config
from volopt.windows.dataset import Dataset
from volopt.windows.windows import fitted_scaling, samples

LOG = {"transform": "log", "anchor": "window_mean"}


def bundle(dataset: Dataset, *, seeds: int = 2, data: dict[str, Any] | None = None, **params: Any) -> Bundle:
    """Return a bundle with networks that were never trained, whose batch norm has seen other numbers than 0 and 1."""
    definition = builders.definition(data=data or {})
    config = Config(**(definition.baseline() | params))
    weights = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        network = build(config, len(definition.data.features))
        if network.norm is not None:
            for values in (*network.norm.buffers(), *network.norm.parameters()):
                if values.is_floating_point():
                    nn.init.uniform_(values, 0.5, 2)
        weights.append(to_arrays("weights", network.state_dict()))
    (series,), scaled = dataset.series, fitted_scaling(dataset, 0, config.window)
    instrument = Instrument(
        name=series.name,
        center=scaled.features.center.tolist(),
        scale=scaled.features.scale.tolist(),
        target_center=float(scaled.target.center),
        target_scale=float(scaled.target.scale),
        low=[0.0, 0.0],
        high=[1.0, 1.0],
        days=[],
        values=[],
    )
    facts = Facts(
        format=1,
        volopt="0",
        created="",
        study="small",
        trial=3,
        definition=dump(definition),
        params=params,
        epochs=1,
        until="2020-05-31",
        data={},
        versions={},
        instruments=[instrument],
        seeds=list(range(seeds)),
        backtest={},
        files={},
    )
    return Bundle(facts, weights, {series.name: np.empty(0)})


def run(content: bytes, inputs: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(content)
    (scaled,) = session.run(["scaled"], {"inputs": inputs.numpy()})
    found: np.ndarray = scaled
    return found


def torch_says(made: Bundle, inputs: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return torch.stack([network(inputs) for network in networks(made)], dim=1).numpy()


@pytest.fixture(scope="module")
def learned() -> Dataset:
    """Return what the bundles are told to have learned from."""
    return builders.dataset()


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 5])
@pytest.mark.parametrize("cell", CELLS)
def test_every_network_forecasts_the_same(
    cell: str, num_layers: int, batch_norm: bool, dropout: float, learned: Dataset
) -> None:
    """Of every cell, depth, batch norm and dropout, for batches of any size."""
    made = bundle(
        learned, cell=cell, num_layers=num_layers, batch_norm=batch_norm, dropout=dropout, hidden_size=7, window=6
    )
    found = onnx.convert(made, learned)
    assert found.difference <= onnx.NEAR
    for batch in (1, 2, 100):
        inputs = torch.randn(batch, 6, 2)
        scaled = run(found.content, inputs)
        assert scaled.shape == (batch, 2)
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, torch_says(made, inputs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize("window", [1, 2, 40])
@pytest.mark.parametrize("cell", CELLS)
def test_of_any_window_and_number_of_seeds(cell: str, window: int, seeds: int, learned: Dataset) -> None:
    """Each seed has its own column, in the bundle's order."""
    made = bundle(learned, seeds=seeds, cell=cell, window=window, hidden_size=30)
    found = onnx.convert(made, learned)
    assert (found.inputs, found.scaled) == (("batch", window, 2), ("batch", seeds))
    inputs = torch.randn(9, window, 2)
    scaled = run(found.content, inputs)
    np.testing.assert_allclose(scaled, torch_says(made, inputs), rtol=0, atol=1e-5)
    assert len(np.unique(scaled[0])) == seeds


def test_the_paper_s_deepest_and_widest_networks_forecast_the_same(learned: Dataset) -> None:
    """25 layers, and 250 units."""
    for params in ({"num_layers": 25, "hidden_size": 5}, {"hidden_size": 250}):
        made = bundle(learned, seeds=1, cell="LSTM", window=20, **params)
        assert onnx.convert(made, learned).difference <= onnx.NEAR


def test_the_file_says_what_it_is(learned: Dataset) -> None:
    """Shapes with a free batch, the opset, and metadata, without a path of the machine."""
    made = bundle(learned, window=6)
    content = onnx.convert(made, learned).content
    model = onnx_package.load_from_string(content)
    onnx_package.checker.check_model(model, full_check=True)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", onnx.OPSET)]
    shapes = {
        each.name: [axis.dim_param or axis.dim_value for axis in each.type.tensor_type.shape.dim]
        for each in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"inputs": ["batch", 6, 2], "scaled": ["batch", 2]}
    said = {each.key: each.value for each in model.metadata_props}
    assert said == onnx.metadata(made)
    assert (json.loads(said["features"]), json.loads(said["seeds"])) == (["$close", "$volume"], [0, 1])
    assert not any(each.external_data for each in model.graph.initializer)
    for place in (str(Path.cwd()), sys.prefix, ".py"):
        assert place.encode() not in content


def test_the_same_bundle_gives_the_same_bytes(learned: Dataset) -> None:
    made = bundle(learned, cell="GRU", num_layers=2, batch_norm=True)
    assert onnx.convert(made, learned).content == onnx.convert(made, learned).content


def test_torch_is_left_as_it_was(learned: Dataset) -> None:
    """Neither its generator nor its threads are touched."""
    torch.manual_seed(1)
    wanted, threads = torch.get_rng_state(), torch.get_num_threads()
    onnx.convert(bundle_with_generator_kept(learned), learned)
    assert torch.equal(torch.get_rng_state(), wanted)
    assert torch.get_num_threads() == threads


def bundle_with_generator_kept(learned: Dataset) -> Bundle:
    with torch.random.fork_rng():
        return bundle(learned)


@pytest.mark.parametrize("data", [{}, {"transform": "log"}, {"anchor": "window_mean"}, LOG])
def test_who_does_as_the_metadata_say_forecasts_the_same(data: dict[str, Any]) -> None:
    """With NumPy, ``bundle.json`` and the model, the forecast of the networks in original units."""
    learned = builders.dataset(builders.definition(data=data))
    made = bundle(learned, data=data, window=6, cell="GRU")
    said, (numbers,) = onnx.metadata(made), made.facts.instruments
    train = samples(learned, "train", 6)
    with torch.no_grad():
        wanted = np.mean([train.original(network(train.inputs())) for network in networks(made)], axis=0)

    raw = builders.frame().values
    log, anchored = "transform" in data, "anchor" in data
    value = np.log(raw[:, 1]) if log else raw[:, 1]
    days = np.lib.stride_tricks.sliding_window_view(np.column_stack([raw[:, 0], value]), 6, axis=0).transpose(0, 2, 1)
    days = days[: len(train)].copy()
    level = days[..., 1].mean(axis=1) if anchored else np.zeros(len(train))
    days[..., 1] -= level[:, None]
    inputs = ((days - numbers.center) / numbers.scale).astype(np.float32)
    scaled = run(onnx.convert(made, learned).content, torch.tensor(inputs))
    forecast = scaled * numbers.target_scale + numbers.target_center + level[:, None]
    found = (np.exp(forecast) if log else forecast).mean(axis=1)

    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    name = "log(target)" if log else "target"
    assert f"x of the target's own column is {name}{' - level' * anchored}" in said["inputs"]
    assert said["forecast"].startswith("the mean over seeds of exp(" if log else "the mean over seeds of scaled")
    assert said.get("level", "") == f"the mean of {name} over the days of the window" * anchored


def test_a_target_that_is_no_feature_has_no_column(learned: Dataset) -> None:
    made = bundle(learned, data={"features": ("$close", "$open")})
    assert "own column" not in onnx.metadata(made)["inputs"]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda scaled: scaled + 2e-5, "2.0e-05"),
        (lambda scaled: scaled * np.nan, "nan"),
        (lambda scaled: scaled[:1], "inf"),
    ],
)
def test_a_model_that_forecasts_otherwise_is_refused(
    broken: Any, told: str, learned: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By numbers, by their absence, or by another shape."""
    real = onnxruntime.InferenceSession

    def session(*arguments: Any, **said: Any) -> SimpleNamespace:
        opened = real(*arguments, **said)
        return SimpleNamespace(run=lambda *asked: [broken(opened.run(*asked)[0])])

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    with pytest.raises(OnnxError, match=f"differs from PyTorch by {told}") as caught:
        onnx.convert(bundle(learned), learned)
    assert caught.value.exit_code == 1
    assert "kept" in caught.value.hint


def test_a_difference_beyond_1_is_relative() -> None:
    """Float32 has no 1e-5 of large numbers."""
    assert onnx_check._apart(np.array([[1001.0]]), np.array([[1000.0]])) == pytest.approx(1e-3)
    assert onnx_check._apart(np.array([[0.02]]), np.array([[0.01]])) == pytest.approx(1e-2)


@pytest.mark.parametrize("content", [b"no model", onnx_package.ModelProto().SerializeToString()])
def test_what_cannot_be_run_is_told_in_a_sentence(content: bytes) -> None:
    with pytest.raises(OnnxError, match="the ONNX model cannot be used"):
        onnx_check.difference(content, nn.Identity(), [torch.zeros(1, 2, 3)])


def test_what_onnxruntime_does_not_know_is_told_in_a_sentence(
    learned: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = onnx.convert(bundle(learned), learned).content

    def session(*arguments: Any, **said: Any) -> None:
        raise RuntimeError("Unsupported model IR version: 99\nmore")

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    with pytest.raises(OnnxError, match=r"\(RuntimeError: Unsupported model IR version: 99\)$") as caught:
        onnx_check.difference(content, nn.Identity(), [torch.zeros(1, 2, 3)])
    assert "volopt[onnx]" in caught.value.hint


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_extra_it_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=package) as caught:
        onnx_check.check_installed()
    assert caught.value.hint == "pip install 'volopt[onnx]'"


@pytest.fixture
def written(learned: Dataset, tmp_path: Path) -> Iterator[Path]:
    """A bundle with a model in it."""
    made = bundle(learned)
    place = tmp_path / "forecaster"
    bundles.write(made, place, more={onnx.NAME: onnx.convert(made, learned).content}, force=False)
    yield place


def test_a_bundle_with_a_model_is_read_without_the_extra(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)
    assert set(bundles.read(written).facts.files) > {onnx.NAME}


def test_a_changed_model_is_refused(written: Path) -> None:
    (written / onnx.NAME).write_bytes((written / onnx.NAME).read_bytes() + b" ")
    with pytest.raises(DataError, match="network.onnx was changed"):
        bundles.read(written)


def test_a_missing_model_is_refused(written: Path) -> None:
    (written / onnx.NAME).unlink()
    with pytest.raises(DataError, match=r"network\.onnx"):
        bundles.read(written)
