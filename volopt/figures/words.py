"""How people read names and numbers: at axes, with their units, in tables and in sentences."""

from collections.abc import Mapping

SYNTHETIC = "SYNTHETIC SAMPLE: generated data, not a market"

_UNITS = {
    "mse": "scaled units squared",
    "log_mse": "squared error of log(target)",
    "log_r2": "share of variance of log(target)",
    "mase": "errors of “same as yesterday” on train",
    "direction": "share of days",
    "flatness": "std(forecast) / std(actual)",
}
_PARAMETERS = {
    "hidden_size": "units a layer",
    "window": "days",
    "dropout": "share",
    "batch_size": "windows",
}


def metric(name: str) -> str:
    """Return the title of an axis of a metric: ``valid_mse, scaled units squared``."""
    bare = name.removeprefix("ensemble_").removeprefix("train_").removeprefix("valid_").removeprefix("test_")
    return _with(name, _UNITS.get(bare))


def parameter(name: str) -> str:
    """Return the title of an axis of a key of ``[space]``: ``window, days``."""
    return _with(name, _PARAMETERS.get(name))


def quantity(expression: str) -> str:
    """Return the title of an axis of data: ``$volume, original units``."""
    return f"{expression}, original units"


def params(values: Mapping[str, object]) -> str:
    """Return parameters in one line, as tables write them: ``cell=LSTM hidden_size=25``."""
    return " ".join(f"{name}={number(value)}" for name, value in values.items())


def number(value: object) -> str:
    """Return a value as tables write it: a number with 4 digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def warnings(*, synthetic: bool) -> tuple[str, ...]:
    """Return what every figure and report must say of its data."""
    return (f"{SYNTHETIC}.",) if synthetic else ()


def best_baseline(name: str) -> str:
    """Return what a legend calls it."""
    return f"{name}, the best baseline by valid"


def seeds(count: int) -> str:
    """Return ``1 seed`` or ``3 seeds``."""
    return f"{count} seed{'s' * (count != 1)}"


def _with(name: str, unit: str | None) -> str:
    return f"{name}, {unit}" if unit else name
