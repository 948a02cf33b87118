"""Export the networks of a bundle as one ONNX model, ``network.onnx``, for programs without PyTorch.

1. ``inputs``, float32 (batch, window, features), are scaled windows, oldest day first; the batch may have any size.
   Networks with static inputs take ``static`` too, float32 (batch, static inputs), standardised; those of the cell
   ``none`` take ``static`` alone.
2. ``scaled``, float32 (batch, seeds), are the forecasts of every seed for the day after each window, still scaled: one
   model serves every instrument. ``bundle.json`` has the numbers that scale each instrument. The model's own metadata
   say how to use them, and name features, target, window and seeds. The model is the networks alone, and its metadata
   say so where the bundle's forecast combines them with baselines or falls back to HAR.
3. A model is returned only if onnxruntime's forecasts are PyTorch's within ``TOLERANCE``, on train windows and on
   random ones.
4. The same bundle gives the same bytes, and everything is in them.

The exporter is torch's older one, by tracing: the newer one (``dynamo=True``) unrolls an RNN into a dozen nodes a day
and layer, sixty times the size. torch is pinned to a minor release, and so is what is traced.
"""

import io
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from volopt.errors import OnnxError
from volopt.forecast import onnx_check
from volopt.forecast.bundle import Bundle
from volopt.forecast.walk_forward.combine import MEMBERS
from volopt.models.cells import CELLS
from volopt.models.recurrent import Recurrent
from volopt.training.device import reproducible
from volopt.windows.dataset import Dataset
from volopt.windows.static import LIMIT
from volopt.windows.windows import samples

NAME = "network.onnx"
OPSET = 17
TOLERANCE = 1e-5  # of scaled forecasts; relative beyond a size of 1
TRAIN_WINDOWS = 2048  # that are compared, evenly over train
RANDOM_WINDOWS = 256

_KNOWN_WARNINGS: tuple[tuple[type[Warning], str], ...] = (
    (DeprecationWarning, "You are using the legacy TorchScript-based ONNX export"),  # see above
    (DeprecationWarning, "The feature will be removed. Please remove usage of this function"),  # its own inner call
    (Warning, "Converting a tensor to a Python boolean"),  # torch's RNN tests how many axes and features inputs have
    (UserWarning, "Exporting a model to ONNX with a batch_size other than 1"),  # comes even with a batch of 1, as here
)


@dataclass(frozen=True)
class OnnxModel:
    """Hold a model, and how far its forecasts are from PyTorch's."""

    content: bytes
    inputs: dict[str, tuple[str | int, ...]]  # shape of each
    scaled: tuple[str | int, ...]  # shape
    difference: float  # the largest over ``windows``, of scaled forecasts
    windows: int


class _Seeds(nn.Module):
    """Run the networks of all seeds side by side."""

    def __init__(self, networks: Iterable[Recurrent]) -> None:
        super().__init__()
        self.each = nn.ModuleList(networks)  # the attribute names the weights in the ONNX file

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the scaled forecast of each seed, shape (batch, seeds).

        Args:
            inputs: of the model. A single one stands for both entrances, of which the networks then use one.
        """
        return torch.stack([network(inputs[0], inputs[-1]) for network in self.each], dim=1)


def export(bundle: Bundle, dataset: Dataset) -> OnnxModel:
    """Return the ONNX model of a bundle, checked against its networks.

    Args:
        bundle: in memory.
        dataset: that it was fitted on.

    Raises:
        OnnxError: the model cannot be run, or its forecasts differ from the networks'.
    """
    shapes = _input_shapes(bundle)
    with reproducible("cpu"), torch.no_grad():
        network = _Seeds(bundle.networks()).eval()
        batches = list(_batches(dataset, bundle.config.window, shapes))
        content = _with_metadata(_trace(network, batches[0], list(shapes)), bundle)
        difference = onnx_check.largest_difference(content, network, batches)
    windows = sum(len(inputs) for inputs, *_ in batches)
    if not difference <= TOLERANCE:
        raise OnnxError(
            f"the ONNX model differs from PyTorch by {difference:.1e} on one of {windows} windows, more than "
            f"{TOLERANCE:g}",
            "the networks amplify rounding: name another --trial, or leave --onnx out (fits are stored)",
        )
    inputs: dict[str, tuple[str | int, ...]] = {name: ("batch", *shape) for name, shape in shapes.items()}
    return OnnxModel(content, inputs, ("batch", len(network.each)), difference, windows)


def _input_shapes(bundle: Bundle) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input without the batch; networks of the cell ``none`` see no window."""
    shapes: dict[str, tuple[int, ...]] = {}
    if CELLS[bundle.config.cell].module:
        shapes["inputs"] = bundle.config.window, len(bundle.definition.data.features)
    if bundle.static_inputs:
        shapes["static"] = (bundle.static_inputs,)
    return shapes


def metadata(bundle: Bundle) -> dict[str, str]:
    """Return the metadata of the model.

    Lists are JSON. ``center``, ``scale``, ``target_center`` and ``target_scale`` are those of an instrument in
    ``bundle.json``.
    """
    facts, data = bundle.facts, bundle.definition.data
    log, anchored = data.transform == "log", data.anchor == "window_mean"
    value = "log(target)" if log else "target"
    inputs = _input_shapes(bundle)
    own = f"; x of the target's own column is {value}{' - level' * anchored}" * (data.target in data.features)
    windows = f"(x - center) / scale, x being each feature on each day, oldest first{own}"
    forecast = f"scaled * target_scale + target_center{' + level' * anchored}"
    return {
        "volopt": facts.volopt,
        "study": facts.study,
        "trial": str(facts.trial),
        "until": facts.until,
        "window": str(bundle.config.window),
        "features": json.dumps(data.features),
        "target": data.target,
        "transform": data.transform,
        "anchor": data.anchor,
        "seeds": json.dumps(facts.seeds),
        **({"inputs": windows} if "inputs" in inputs else {}),
        **({"level": f"the mean of {value} over the days of the window"} if anchored else {}),
        **(_static_metadata(bundle) if "static" in inputs else {}),
        "forecast": f"the mean over seeds of {f'exp({forecast})' if log else forecast}",
        **({"not_in_the_model": rest} if (rest := not_in_the_model(bundle)) else {}),
    }


def not_in_the_model(bundle: Bundle) -> str:
    """Return in words what the bundle's forecast has beside the networks; an empty text if it has nothing."""
    rule = bundle.definition.forecast
    parts = []
    if rule.combine != "none":
        parts.append(f"the combination with {' and '.join(MEMBERS[1:])}")
    if rule.after_suspension == "har":
        parts.append("HAR on the day after a suspension")
    return " and ".join(parts)


def _static_metadata(bundle: Bundle) -> dict[str, str]:
    """Return how the static inputs are made; ``center`` and ``scale`` are those of ``static`` in ``bundle.json``."""
    inputs = bundle.definition.data.static_inputs
    return {
        "static": json.dumps([each.name for each in inputs]),
        "static_inputs": f"(x - center) / scale of static, cut at ±{LIMIT:g}, x being each on the window's last day",
        "static_read": json.dumps([f"{each.read}{' - level' * each.is_anchored}" for each in inputs]),
    }


def _trace(network: nn.Module, example: tuple[Tensor, ...], names: list[str]) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        for category, message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message, category)
        torch.onnx.export(
            network,
            example,
            file,  # type: ignore[arg-type]  # typed as a path, but any binary file works
            dynamo=False,
            opset_version=OPSET,
            input_names=names,
            output_names=["scaled"],
            dynamic_axes={name: {0: "batch"} for name in (*names, "scaled")},
        )
    return file.getvalue()


def _with_metadata(content: bytes, bundle: Bundle) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    model.doc_string = "A forecaster of volopt: scaled windows in, the scaled forecast of each seed out."
    onnx.helper.set_model_props(model, metadata(bundle))
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def _batches(dataset: Dataset, window: int, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[Tensor, ...]]:
    """Yield the inputs of a model: of a single window, of random ones, and of train."""
    train, generator = samples(dataset, "train", window), torch.Generator().manual_seed(0)
    noise = [torch.randn(RANDOM_WINDOWS, *shape, generator=generator) for shape in shapes.values()]
    yield tuple(each[:1] for each in noise)
    yield tuple(noise)
    rows = torch.linspace(0, len(train) - 1, min(len(train), TRAIN_WINDOWS)).long()
    of_train = dict(zip(("inputs", "static"), train.entrances(rows), strict=False))
    yield tuple(of_train[name] for name in shapes)
