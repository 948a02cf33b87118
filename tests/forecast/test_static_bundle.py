"""Bundles and ONNX models of a panel with static inputs: what they hold, and that broken ones are refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.numpy import save

from forecast.conftest import STATIC_UNTIL, StaticRefit, refit_context, ruled
from forecast.test_bundle import edit, replace_file
from volopt.errors import DataError
from volopt.forecast import bundle as bundles
from volopt.forecast import onnx_export
from volopt.forecast.bundle import Bundle
from volopt.forecast.configuration import RefitSource, load_source
from volopt.forecast.refit import refit
from volopt.windows.windows import samples


@pytest.mark.parametrize(("trial", "names"), [("cell=GRU", ["inputs", "static"]), ("cell=none", ["static"])])
def test_an_onnx_model_has_the_entrances_that_its_networks_use(
    static_storage: str, static_source: RefitSource, trial: str, names: list[str]
) -> None:
    chosen = ruled(load_source(static_storage, "static", trial, None, None), "mean", "har")
    result = refit(chosen, STATIC_UNTIL, refit_context(static_source.artifacts / "walks"))
    model = onnx_export.export(result.bundle, result.dataset)
    inputs = len(result.bundle.definition.data.static)
    shapes = {"inputs": ("batch", 8, 3), "static": ("batch", inputs)}
    assert model.inputs == {name: shapes[name] for name in names}
    read = onnx.load_from_string(model.content)
    assert [each.name for each in read.graph.input] == names

    train = samples(result.dataset, "train", 8)
    entrances = dict(zip(("inputs", "static"), train.entrances(torch.arange(50)), strict=True))
    session = onnxruntime.InferenceSession(model.content)
    (scaled,) = session.run(None, {name: entrances[name].numpy() for name in names})
    with torch.no_grad():
        expected = torch.stack([network(*entrances.values()) for network in result.bundle.networks()], dim=1)
    np.testing.assert_allclose(scaled, expected.numpy(), rtol=0, atol=onnx_export.TOLERANCE)

    said = {each.key: each.value for each in read.metadata_props}
    assert ("inputs" in said) == ("inputs" in names)
    assert "Log(Mean($volume,60)) - level" in said["static_read"]
    assert said["not_in_the_model"] == (
        "the combination with pooled_ridge and pooled_lightgbm and HAR on the day after a suspension"
    )


def test_the_metadata_suffice_to_make_the_static_inputs(static_bundle: Bundle, static_refit: StaticRefit) -> None:
    """From the values as read, with the numbers of bundle.json."""
    result = static_refit("stack", "har")
    said = onnx_export.metadata(static_bundle)
    assert static_bundle.facts.static is not None
    dataset = result.dataset
    train = samples(dataset, "train", 8)
    rows = dataset.rows("train", 8, 0)
    assert dataset.static is not None
    values = dataset.static[rows.start - 1 : rows.stop - 1].astype(float)
    log = dataset.series[0].transformed
    level = np.array([log[row - 8 : row].mean() for row in rows])
    anchored = [text.endswith(" - level") for text in json.loads(said["static_read"])]
    scaled = (values - np.outer(level, anchored) - static_bundle.facts.static.center) / static_bundle.facts.static.scale
    found = train.entrances(torch.arange(len(rows)))[1].numpy()
    np.testing.assert_allclose(found, np.clip(scaled, -5, 5), atol=1e-4)


@pytest.fixture(scope="module")
def written(static_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundles") / "forecaster"
    bundles.write(static_bundle, directory, more={}, force=False)
    return directory


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "forecaster"))


def test_a_bundle_with_pooled_baselines_is_read_as_it_was_written(static_bundle: Bundle, written: Path) -> None:
    read = bundles.read(written)
    assert read.facts == static_bundle.facts
    assert read.pooled.keys() == static_bundle.pooled.keys()
    for name, values in static_bundle.pooled.items():
        np.testing.assert_array_equal(read.pooled[name], values)
        assert read.pooled[name].shape == values.shape
    assert "pooled.safetensors" in {path.name for path in written.iterdir()}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda facts: facts["combined"].update(network=0.9), "do not have the sum 1"),
        (lambda facts: facts["combined"].update(network=-1.0), "no valid combined.network"),
        (lambda facts: facts["combined"].pop("network"), "the weights of its members do not fit the study"),
        (lambda facts: facts["combined"].update(lasso=0.0), "the weights of its members do not fit the study"),
        (lambda facts: facts.update(combined={}), "the weights of its members do not fit the study"),
        (lambda facts: facts["definition"].pop("forecast"), "do not fit the study"),
        (lambda facts: facts["instruments"][0]["har"].pop(), "coefficients of HAR of SH600000 do not fit"),
        (lambda facts: facts["instruments"][0]["har"].__setitem__(-1, 0.0), "coefficients of HAR of SH600000 do not"),
        (lambda facts: facts["instruments"][0]["static"].pop(), "static inputs of SH600000 do not fit the study"),
        (lambda facts: facts["instruments"][0]["static"][3].pop(), "static inputs of SH600000 do not fit the study"),
        (lambda facts: facts.pop("static"), "its standardisation does not fit 21 static inputs"),
        (lambda facts: facts["static"]["center"].pop(), "its standardisation does not fit 21 static inputs"),
        (lambda facts: facts["static"]["scale"].__setitem__(2, 0.0), "no valid static.scale.2"),
    ],
)
def test_facts_that_do_not_fit_the_static_study_are_refused(
    copy: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    edit(copy, change)
    with pytest.raises(DataError, match=r"the bundle .* is broken: .*" + why):
        bundles.read(copy)


def set_at(name: str, index: object, value: object) -> Callable[[dict[str, np.ndarray]], object]:
    """Return a change of one number of an array."""
    return lambda arrays: arrays[name].__setitem__(index, value)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.clear(),
        lambda arrays: arrays.pop("floor"),
        lambda arrays: arrays.update({"floor": np.ones(())}),
        lambda arrays: arrays.update({"output.scale": np.ones(6)}),
        lambda arrays: arrays.update({"static.scale": arrays["static.scale"].astype(np.float32)}),
        set_at("static.center", 3, np.nan),
        set_at("static.scale", 3, 0.0),
        set_at("output.scale", 0, -1.0),
        lambda arrays: arrays.pop("pooled_ridge.weights"),
        lambda arrays: arrays.update({"pooled_ridge.weights": np.zeros(20)}),
        lambda arrays: arrays.update({"pooled_ridge.more": np.zeros(20)}),
        set_at("pooled_ridge.intercept", (), np.inf),
        lambda arrays: arrays.pop("pooled_lightgbm.root"),
        set_at("pooled_lightgbm.left", 5, 5),
        set_at("pooled_lightgbm.right", 5, 0),
        set_at("pooled_lightgbm.left", 0, 2**30),
        set_at("pooled_lightgbm.right", 0, -(2**30)),
        set_at("pooled_lightgbm.feature", 0, 21),
        set_at("pooled_lightgbm.feature", 0, -1),
        set_at("pooled_lightgbm.threshold", 0, np.nan),
        set_at("pooled_lightgbm.value", 0, np.inf),
    ],
)
def test_pooled_baselines_of_a_stranger_are_refused(
    static_bundle: Bundle, copy: Path, change: Callable[[dict[str, np.ndarray]], object]
) -> None:
    """Missing or more arrays, other shapes and kinds, no numbers, and trees with cycles or without an end."""
    arrays = {name: values.copy() for name, values in static_bundle.pooled.items()}
    change(arrays)
    replace_file(copy, "pooled.safetensors", save(arrays))
    with pytest.raises(DataError, match=r"is broken: pooled.safetensors does not fit 21 static inputs and 7 instrum"):
        bundles.read(copy)


def test_a_bundle_without_its_pooled_baselines_is_refused(copy: Path) -> None:
    (copy / "pooled.safetensors").unlink()
    with pytest.raises(DataError, match=r"pooled.safetensors is missing"):
        bundles.read(copy)
    sums = (copy / bundles.SUMS).read_text().splitlines()
    (copy / bundles.SUMS).write_text("\n".join(line for line in sums if not line.endswith("pooled.safetensors")))
    with pytest.raises(DataError, match=r"SHA256SUMS does not list pooled.safetensors"):
        bundles.read(copy)
