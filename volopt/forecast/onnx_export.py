"""Export the networks of a bundle as one ONNX model, ``network.onnx``, for programs without PyTorch.

1. ``inputs``, float32 (batch, window, features), are scaled windows, oldest day first; the batch may have any size.
2. ``scaled``, float32 (batch, seeds), are the forecasts of every seed for the day after each window, still scaled: one
   model serves every instrument. ``bundle.json`` has the numbers that scale each instrument. The model's own metadata
   say how to use them, and name features, target, window and seeds.
3. A model is returned only if onnxruntime's forecasts are PyTorch's within ``TOLERANCE``, on train windows and on
   random ones.
4. The same bundle gives the same bytes, and everything is in them.

The exporter is torch's older one, by tracing: the newer one (``dynamo=True``) unrolls an RNN into a dozen nodes a day
and layer, sixty times the size. torch is pinned to a minor release, and so is what is traced.
"""

import io
import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from volopt.errors import OnnxError
from volopt.forecast import onnx_check
from volopt.forecast.bundle import Bundle
from volopt.models.recurrent import Recurrent
from volopt.training.device import reproducible
from volopt.windows.dataset import Dataset
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
    inputs: tuple[str | int, ...]  # shape
    scaled: tuple[str | int, ...]  # shape
    difference: float  # the largest over ``windows``, of scaled forecasts
    windows: int


class _Seeds(nn.Module):
    """Run the networks of all seeds side by side."""

    def __init__(self, networks: Iterable[Recurrent]) -> None:
        super().__init__()
        self.each = nn.ModuleList(networks)  # the attribute names the weights in the ONNX file

    def forward(self, inputs: Tensor) -> Tensor:  # shape: (batch, window, features) -> (batch, seeds)
        """Return the scaled forecast of each seed."""
        return torch.stack([network(inputs) for network in self.each], dim=1)


def export(bundle: Bundle, dataset: Dataset) -> OnnxModel:
    """Return the ONNX model of a bundle, checked against its networks.

    Args:
        bundle: in memory.
        dataset: that it was fitted on.

    Raises:
        OnnxError: the model cannot be run, or its forecasts differ from the networks'.
    """
    window, features = bundle.config.window, len(bundle.definition.data.features)
    with reproducible("cpu"), torch.no_grad():
        network = _Seeds(bundle.networks()).eval()
        content = _with_metadata(_trace(network, window, features), bundle)
        batches = list(_batches(dataset, window))
        difference = onnx_check.largest_difference(content, network, batches)
    windows = sum(map(len, batches))
    if not difference <= TOLERANCE:
        raise OnnxError(
            f"the ONNX model differs from PyTorch by {difference:.1e} on one of {windows} windows, more than "
            f"{TOLERANCE:g}",
            "the networks amplify rounding: name another --trial, or leave --onnx out (fits are stored)",
        )
    return OnnxModel(content, ("batch", window, features), ("batch", len(network.each)), difference, windows)


def metadata(bundle: Bundle) -> dict[str, str]:
    """Return the metadata of the model.

    Lists are JSON. ``center``, ``scale``, ``target_center`` and ``target_scale`` are those of an instrument in
    ``bundle.json``.
    """
    facts, data = bundle.facts, bundle.definition.data
    log, anchored = data.transform == "log", data.anchor == "window_mean"
    value = "log(target)" if log else "target"
    own = f"; x of the target's own column is {value}{' - level' * anchored}" * (data.target in data.features)
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
        "inputs": f"(x - center) / scale, x being each feature on each day, oldest first{own}",
        **({"level": f"the mean of {value} over the days of the window"} if anchored else {}),
        "forecast": f"the mean over seeds of {f'exp({forecast})' if log else forecast}",
    }


def _trace(network: nn.Module, window: int, features: int) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        for category, message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message, category)
        torch.onnx.export(
            network,
            (torch.zeros(1, window, features),),
            file,  # type: ignore[arg-type]  # typed as a path, but any binary file works
            dynamo=False,
            opset_version=OPSET,
            input_names=["inputs"],
            output_names=["scaled"],
            dynamic_axes={"inputs": {0: "batch"}, "scaled": {0: "batch"}},
        )
    return file.getvalue()


def _with_metadata(content: bytes, bundle: Bundle) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    model.doc_string = "A forecaster of volopt: scaled windows in, the scaled forecast of each seed out."
    onnx.helper.set_model_props(model, metadata(bundle))
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def _batches(dataset: Dataset, window: int) -> Iterator[Tensor]:
    """Yield inputs of a single window, of random ones, and of train."""
    train = samples(dataset, "train", window)
    noise = torch.randn(RANDOM_WINDOWS, window, train.features, generator=torch.Generator().manual_seed(0))
    yield noise[:1]
    yield noise
    yield train.inputs(torch.linspace(0, len(train) - 1, min(len(train), TRAIN_WINDOWS)).long())
