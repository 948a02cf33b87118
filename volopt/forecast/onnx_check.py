"""Check that an ONNX model is sound, and that its forecasts are those of the networks that it was made of."""

from collections.abc import Iterable

import numpy as np
from torch import Tensor, nn

from volopt.errors import OnnxError, UsageError


def check_installed() -> None:
    """Refuse to begin without the packages of the extra.

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


def largest_difference(content: bytes, network: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> float:
    """Return the largest difference of scaled forecasts: absolute up to a size of 1, relative beyond.

    Args:
        content: of the model.
        network: in eval mode, without gradients.
        batches: the inputs of both, in the model's order.

    Raises:
        OnnxError: the model is not sound, or cannot be run.
    """
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: its warnings are about the machine
    try:
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model, full_check=True)
        names = [each.name for each in model.graph.input]
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        forecasts = [(session.run(None, _named(names, batch))[0], network(*batch).numpy()) for batch in batches]
    except Exception as error:  # the two packages' errors have no class in common
        reason, _, _ = str(error).strip().partition("\n")
        raise OnnxError(
            f"the ONNX model cannot be used ({type(error).__name__}: {reason})",
            "update its packages, pip install -U 'volopt[onnx]', or leave --onnx out",
        ) from error
    return float(np.max([_difference(scaled, expected) for scaled, expected in forecasts]))  # NaN if one is


def _named(names: Iterable[str], batch: tuple[Tensor, ...]) -> dict[str, np.ndarray]:
    return {name: values.numpy() for name, values in zip(names, batch, strict=True)}


def _difference(scaled: np.ndarray, expected: np.ndarray) -> float:
    if scaled.shape != expected.shape:
        return float("inf")
    return float((np.abs(scaled - expected) / np.maximum(np.abs(expected), 1)).max())
