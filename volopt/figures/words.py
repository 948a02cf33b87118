"""Write names and numbers for readers: axis titles with units, parameters, counts and warnings."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

SYNTHETIC = "SYNTHETIC SAMPLE: generated data, not a market"

_METRIC_UNITS = {
    "mse": "scaled units squared",
    "log_mse": "squared error of log(target)",
    "log_r2": "share of variance of log(target)",
    "mase": "errors of “same as yesterday” on train",
    "direction": "share of days",
    "flatness": "std(forecast) / std(actual)",
}
_PARAMETER_UNITS = {"hidden_size": "units a layer", "window": "days", "dropout": "share", "batch_size": "windows"}


def metric_title(name: str) -> str:
    """Return the axis title of a metric: ``valid_mse, scaled units squared``."""
    bare = name.removeprefix("ensemble_").removeprefix("train_").removeprefix("valid_").removeprefix("test_")
    return _with_unit(name, _METRIC_UNITS.get(bare))


def parameter_title(name: str) -> str:
    """Return the axis title of a key of ``[space]``: ``window, days``."""
    return _with_unit(name, _PARAMETER_UNITS.get(name))


def quantity_title(expression: str) -> str:
    """Return the axis title of data: ``$volume, original units``."""
    return f"{expression}, original units"


def params(values: Mapping[str, object]) -> str:
    """Return parameters in one line: ``cell=LSTM hidden_size=25``."""
    return " ".join(f"{name}={number(value)}" for name, value in values.items())


def number(value: object) -> str:
    """Return a value as text, a float with 4 digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def period(first: str, last: str) -> str:
    """Return a valid period as ``2015``, or where it is no year as ``2015-01-01 to 2015-06-30``."""
    is_year = first[:4] == last[:4] and first.endswith("-01-01") and last.endswith("-12-31")
    return first[:4] if is_year else f"{first} to {last}"


def data_warnings(*, synthetic: bool) -> tuple[str, ...]:
    """Return the warnings about its data that every figure and report must show."""
    return (f"{SYNTHETIC}.",) if synthetic else ()


def best_baseline_name(name: str) -> str:
    """Return the legend entry of the best baseline."""
    return f"{name}, the best baseline by valid"


def finished_trial(trial: "FrozenTrial", metric: str) -> str:
    """Return how a trial ended, with its value or the reason, and its parameters."""
    from volopt.studies.attributes import REASON  # which imports Optuna; commands that write words only start without

    result = trial.user_attrs.get(REASON) or f"{metric} {trial.value:.5g}"
    return f"trial {trial.number} {trial.state.name}, {result} ({params(trial.params)})"


def forecast_period(first: date, last: date, done: int, total: int) -> str:
    """Return that a period of a walk forward is forecast, and how many are."""
    return f"forecast {first} to {last} ({done}/{total})"


def seeds(count: int) -> str:
    """Return ``1 seed`` or ``3 seeds``."""
    return f"{count} seed{'s' * (count != 1)}"


def _with_unit(name: str, unit: str | None) -> str:
    return f"{name}, {unit}" if unit else name
