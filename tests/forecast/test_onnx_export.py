"""A bundle's networks as an ONNX model: onnxruntime forecasts the same as PyTorch."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx as onnx_package
import onnxruntime
import pytest
import torch

import builders
import untrained
from volopt.forecast import onnx_export
from volopt.forecast.bundle import Bundle
from volopt.models.cells import CELLS
from volopt.windows.dataset import Dataset
from volopt.windows.windows import samples

LOG = {"transform": "log", "anchor": "window_mean"}


def run(content: bytes, inputs: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(content)
    (scaled,) = session.run(["scaled"], {"inputs": inputs.numpy()})
    forecasts: np.ndarray = scaled
    return forecasts


def run_torch(made: Bundle, inputs: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return torch.stack([network(inputs) for network in made.networks()], dim=1).numpy()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """The data that the bundles name as theirs."""
    return builders.dataset(builders.definition(builders.STUDY.replace("high = 6", "high = 40")))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.module])
def test_every_network_forecasts_the_same(
    cell: str, num_layers: int, batch_norm: bool, dropout: float, dataset: Dataset
) -> None:
    """Every cell, depth, batch norm and dropout, with batches of any size."""
    made = untrained.bundle(
        dataset, cell=cell, num_layers=num_layers, batch_norm=batch_norm, dropout=dropout, hidden_size=7, window=6
    )
    model = onnx_export.export(made, dataset)
    assert model.difference <= onnx_export.TOLERANCE
    for batch in (1, 2, 100):
        inputs = torch.randn(batch, 6, 2)
        scaled = run(model.content, inputs)
        assert scaled.shape == (batch, 2)
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, run_torch(made, inputs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize("window", [1, 2, 40])
@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.module])
def test_any_window_and_number_of_seeds_can_be_exported(cell: str, window: int, seeds: int, dataset: Dataset) -> None:
    """Each seed has its own column, in the bundle's order."""
    made = untrained.bundle(dataset, seeds=seeds, cell=cell, window=window, hidden_size=30)
    model = onnx_export.export(made, dataset)
    assert (model.inputs, model.scaled) == ({"inputs": ("batch", window, 2)}, ("batch", seeds))
    inputs = torch.randn(9, window, 2)
    scaled = run(model.content, inputs)
    np.testing.assert_allclose(scaled, run_torch(made, inputs), rtol=0, atol=1e-5)
    assert len(np.unique(scaled[0])) == seeds


def test_the_paper_s_deepest_and_widest_networks_forecast_the_same(dataset: Dataset) -> None:
    """25 layers, and 250 units."""
    for params in ({"num_layers": 25, "hidden_size": 5}, {"hidden_size": 250}):
        made = untrained.bundle(dataset, seeds=1, cell="LSTM", window=20, **params)
        assert onnx_export.export(made, dataset).difference <= onnx_export.TOLERANCE


def test_the_file_describes_itself(dataset: Dataset) -> None:
    """Shapes with a free batch, the opset, and metadata, without a path of the machine."""
    made = untrained.bundle(dataset, window=6)
    content = onnx_export.export(made, dataset).content
    model = onnx_package.load_from_string(content)
    onnx_package.checker.check_model(model, full_check=True)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", onnx_export.OPSET)]
    shapes = {
        each.name: [axis.dim_param or axis.dim_value for axis in each.type.tensor_type.shape.dim]
        for each in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"inputs": ["batch", 6, 2], "scaled": ["batch", 2]}
    metadata = {each.key: each.value for each in model.metadata_props}
    assert metadata == onnx_export.metadata(made)
    assert (json.loads(metadata["features"]), json.loads(metadata["seeds"])) == (["$close", "$volume"], [0, 1])
    assert not any(each.external_data for each in model.graph.initializer)
    for path in (str(Path.cwd()), sys.prefix, ".py"):
        assert path.encode() not in content


def test_the_same_bundle_gives_the_same_bytes(dataset: Dataset) -> None:
    made = untrained.bundle(dataset, cell="GRU", num_layers=2, batch_norm=True)
    assert onnx_export.export(made, dataset).content == onnx_export.export(made, dataset).content


def test_torch_is_left_as_it_was(dataset: Dataset) -> None:
    """Neither its generator nor its threads are touched."""
    made = untrained.bundle(dataset)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    onnx_export.export(made, dataset)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("data", [{}, {"transform": "log"}, {"anchor": "window_mean"}, LOG])
def test_the_metadata_suffice_to_forecast_the_same(data: dict[str, Any]) -> None:
    """With NumPy, ``bundle.json`` and the model, the forecast of the networks in original units."""
    dataset = builders.dataset(builders.definition(data=data))
    made = untrained.bundle(dataset, data=data, window=6, cell="GRU")
    metadata, (numbers,) = onnx_export.metadata(made), made.facts.instruments
    train = samples(dataset, "train", 6)
    with torch.no_grad():
        expected = np.mean([train.original(network(train.inputs())) for network in made.networks()], axis=0)

    raw = builders.frame().values
    log, anchored = "transform" in data, "anchor" in data
    value = np.log(raw[:, 1]) if log else raw[:, 1]
    days = np.lib.stride_tricks.sliding_window_view(np.column_stack([raw[:, 0], value]), 6, axis=0).transpose(0, 2, 1)
    days = days[: len(train)].copy()
    level = days[..., 1].mean(axis=1) if anchored else np.zeros(len(train))
    days[..., 1] -= level[:, None]
    inputs = ((days - numbers.center) / numbers.scale).astype(np.float32)
    scaled = run(onnx_export.export(made, dataset).content, torch.tensor(inputs))
    forecast = scaled * numbers.target_scale + numbers.target_center + level[:, None]
    actual = (np.exp(forecast) if log else forecast).mean(axis=1)

    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    name = "log(target)" if log else "target"
    assert f"x of the target's own column is {name}{' - level' * anchored}" in metadata["inputs"]
    assert metadata["forecast"].startswith("the mean over seeds of exp(" if log else "the mean over seeds of scaled")
    assert metadata.get("level", "") == f"the mean of {name} over the days of the window" * anchored


def test_a_target_that_is_not_a_feature_has_no_column(dataset: Dataset) -> None:
    made = untrained.bundle(dataset, data={"features": ("$close", "$open")})
    assert "own column" not in onnx_export.metadata(made)["inputs"]
