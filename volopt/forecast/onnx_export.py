"""The networks of a bundle as one ONNX model, ``network.onnx``, for programs that have no PyTorch.

1. ``inputs``, float32 (batch, window, features), are scaled windows, oldest day first; the batch may have any size.
2. ``scaled``, float32 (batch, seeds), are the forecasts of every seed for the day after each window, still scaled: one
   model serves every instrument. The numbers that scale each are in ``bundle.json``; the model's own metadata say how
   to use them, and name features, target, window and seeds.
3. No model leaves here whose forecasts are not PyTorch's within ``NEAR``, by onnxruntime, on windows of train and on
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
from volopt.forecast.networks import networks
from volopt.models.recurrent import Recurrent
from volopt.training.device import reproducible
from volopt.windows.dataset import Dataset
from volopt.windows.windows import samples

NAME = "network.onnx"
OPSET = 17
NEAR = 1e-5  # of scaled forecasts; beyond 1 of their size
OF_TRAIN = 2048  # windows that are compared, evenly over train
AT_RANDOM = 256

_KNOWN_WARNINGS: tuple[tuple[type[Warning], str], ...] = (
    (DeprecationWarning, "You are using the legacy TorchScript-based ONNX export"),  # see above
    (DeprecationWarning, "The feature will be removed. Please remove usage of this function"),  # its own inner call
    (Warning, "Converting a tensor to a Python boolean"),  # torch's RNN looks how many axes and features inputs have
    (UserWarning, "Exporting a model to ONNX with a batch_size other than 1"),  # said at a batch of 1, as here, too
)


@dataclass(frozen=True)
class OnnxModel:
    """A model, and how near it came to PyTorch."""

    content: bytes
    inputs: tuple[str | int, ...]  # shape
    scaled: tuple[str | int, ...]  # shape
    difference: float  # the largest over ``windows``, of scaled forecasts
    windows: int


class _Seeds(nn.Module):
    """The networks of all seeds side by side."""

    def __init__(self, each: Iterable[Recurrent]) -> None:
        super().__init__()
        self.each = nn.ModuleList(each)

    def forward(self, inputs: Tensor) -> Tensor:  # shape: (batch, window, features) -> (batch, seeds)
        """Return the scaled forecast of each seed."""
        return torch.stack([network(inputs) for network in self.each], dim=1)


def convert(bundle: Bundle, learned: Dataset) -> OnnxModel:
    """Return the ONNX model of a bundle, checked against its networks.

    Args:
        bundle: in memory.
        learned: what it was fitted on.

    Raises:
        OnnxError: the model cannot be run, or does not forecast what the networks do.
    """
    window, features = bundle.window, len(bundle.definition.data.features)
    with reproducible("cpu", "highest", "RNN"), torch.no_grad():
        network = _Seeds(networks(bundle)).eval()
        content = _described(_traced(network, window, features), bundle)
        batches = list(_batches(learned, window))
        difference = onnx_check.difference(content, network, batches)
    windows = sum(map(len, batches))
    if not difference <= NEAR:
        raise OnnxError(
            f"the ONNX model differs from PyTorch by {difference:.1e} on one of {windows} windows, more than {NEAR:g}",
            "networks that amplify rounding have none: name another --trial, or leave --onnx out (fits are kept)",
        )
    return OnnxModel(content, ("batch", window, features), ("batch", len(network.each)), difference, windows)


def metadata(bundle: Bundle) -> dict[str, str]:
    """Return what the model says of itself.

    Lists are JSON; ``center``, ``scale``, ``target_center`` and ``target_scale`` are those of an instrument in
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
        "window": str(bundle.window),
        "features": json.dumps(data.features),
        "target": data.target,
        "transform": data.transform,
        "anchor": data.anchor,
        "seeds": json.dumps(facts.seeds),
        "inputs": f"(x - center) / scale, x being each feature on each day, oldest first{own}",
        **({"level": f"the mean of {value} over the days of the window"} if anchored else {}),
        "forecast": f"the mean over seeds of {f'exp({forecast})' if log else forecast}",
    }


def _traced(network: nn.Module, window: int, features: int) -> bytes:
    found = io.BytesIO()
    with warnings.catch_warnings():
        for category, message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message, category)
        torch.onnx.export(
            network,
            (torch.zeros(1, window, features),),
            found,  # type: ignore[arg-type]  # typed as a path, and written to like any file
            dynamo=False,
            opset_version=OPSET,
            input_names=["inputs"],
            output_names=["scaled"],
            dynamic_axes={"inputs": {0: "batch"}, "scaled": {0: "batch"}},
        )
    return found.getvalue()


def _described(content: bytes, bundle: Bundle) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    model.doc_string = "A forecaster of volopt: scaled windows in, the scaled forecast of each seed out."
    onnx.helper.set_model_props(model, metadata(bundle))
    described: bytes = model.SerializeToString(deterministic=True)
    return described


def _batches(learned: Dataset, window: int) -> Iterator[Tensor]:
    """Yield inputs of a single window, of random ones, and of train."""
    train = samples(learned, "train", window)
    some = torch.randn(AT_RANDOM, window, train.features, generator=torch.Generator().manual_seed(0))
    yield some[:1]
    yield some
    yield train.inputs(torch.linspace(0, len(train) - 1, min(len(train), OF_TRAIN)).long())
