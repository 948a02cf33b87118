"""Whether an ONNX model is sound, and how near its forecasts come to those of the networks that it was made of."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from torch import Tensor, nn

from volopt.errors import OnnxError, UsageError

Run = Callable[[np.ndarray], np.ndarray]  # shape: (batch, window, features) -> (batch, seeds)


def check_installed() -> None:
    """Refuse to begin where the packages of the extra are not there.

    Raises:
        UsageError: one of them cannot be imported.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"an ONNX model needs the packages onnx and onnxruntime, and one of them cannot be imported ({error})",
            "pip install 'volopt[onnx]'",
        ) from error


def difference(content: bytes, network: nn.Module, batches: Iterable[Tensor]) -> float:
    """Return by how much scaled forecasts differ at most: absolutely up to a size of 1, and relative to it beyond.

    Args:
        content: of the model.
        network: in eval mode, where no gradients are kept.
        batches: scaled inputs, each of shape (batch, window, features).

    Raises:
        OnnxError: the model is not sound, or cannot be run.
    """
    import onnx

    try:
        onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
        run = _session(content)
        found = [(run(inputs.numpy()), network(inputs).numpy()) for inputs in batches]
    except Exception as error:  # those of the two packages have no class in common
        first, _, _ = str(error).strip().partition("\n")
        raise OnnxError(
            f"the ONNX model cannot be used ({type(error).__name__}: {first})",
            "bring its packages up to date, pip install -U 'volopt[onnx]', or leave --onnx out",
        ) from error
    return max((_apart(there, here) for there, here in found), key=lambda value: (np.isnan(value), value))


def _session(content: bytes) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors: its warnings are about the machine
    session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(inputs: np.ndarray) -> np.ndarray:
        (scaled,) = session.run(None, {"inputs": inputs})
        found: np.ndarray = scaled
        return found

    return run


def _apart(there: np.ndarray, here: np.ndarray) -> float:
    if there.shape != here.shape:
        return float("inf")
    return float((np.abs(there - here) / np.maximum(np.abs(here), 1)).max())
