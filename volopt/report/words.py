"""What axes call metrics, parameters and quantities: the name that tables use, and the unit."""

from collections.abc import Mapping

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


def seeds(count: int) -> str:
    """Return ``1 seed`` or ``3 seeds``."""
    return f"{count} seed{'s' * (count != 1)}"


def _with(name: str, unit: str | None) -> str:
    return f"{name}, {unit}" if unit else name
