"""Write a refitted forecaster: the bundle and, if it is wanted, its ONNX model."""

from pathlib import Path

from volopt.forecast import bundle, onnx_check, onnx_export
from volopt.forecast.onnx_export import OnnxModel
from volopt.forecast.refit import RefitResult


def check_output(directory: Path, *, force: bool, onnx: bool) -> None:
    """Refuse what ``write_forecaster`` would refuse, before anything is trained.

    Raises:
        DataError: ``directory`` exists and is not replaced.
        UsageError: the packages of ONNX are missing.
    """
    bundle.check_destination(directory, force=force)
    if onnx:
        onnx_check.check_installed()


def write_forecaster(result: RefitResult, directory: Path, *, force: bool, onnx: bool) -> OnnxModel | None:
    """Write the bundle of a refit, and return its ONNX model if it has one.

    Raises:
        DataError: ``directory`` exists and is not replaced, or cannot be written.
        OnnxError: the model's forecasts differ from those of its networks.
    """
    model = onnx_export.export(result.bundle, result.dataset) if onnx else None
    bundle.write(result.bundle, directory, more={onnx_export.NAME: model.content} if model else {}, force=force)
    return model
