"""The baselines that learn from all series together: a ridge regression and boosted trees on the static inputs.

The inputs are the static inputs as networks see them. The output of a row is (log target − level) / s: the level is the
mean log target of the window, and s the standard deviation of log target − level over the train rows of the series.
Squared errors of this output weigh a series by 1 / s², as skill does. A row's forecast is e^(level + s · output).

The window is ``[model] window``, so that all trials of a study are compared with the same baselines. Only where the
train rows move with the window of a trial is it the trial's.

A fitted model is named arrays, which a bundle can hold; ``output`` reads them as if a stranger had sent them.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from volopt.baselines import trees
from volopt.baselines.forecasts import SCORED, log_target
from volopt.baselines.methods import from_log, lagged
from volopt.errors import DataError
from volopt.metrics import Array
from volopt.windows.dataset import Dataset, numbers
from volopt.windows.scaling import is_constant
from volopt.windows.split import Split
from volopt.windows.static import standardised, static_scaling

MAX_OUTPUT = 4.0  # standard deviations; larger outputs are cut to it in train
PENALTY = 1000.0  # of the ridge regression, in squared standard deviations of the inputs

Arrays = dict[str, NDArray[Any]]
Inputs = NDArray[np.float32]  # shape: (rows, inputs), standardised


class Outputs(NamedTuple):
    """Hold what turns the output of a model for a series into a forecast."""

    level: Array  # shape: (days,), the mean log target of the window before each row
    scale: float  # s

    def forecast(self, output: Array, rows: range) -> Array:
        """Return the forecast of some rows, original units, from the output of a model for them."""
        return from_log(self.level[rows.start : rows.stop] + self.scale * output)


def forecasts(
    dataset: Dataset, window: int, lags: int, splits: Sequence[Split] = SCORED
) -> dict[str, dict[Split, Array]]:
    """Return the forecasts of the pooled baselines, as ``baselines.forecasts.forecasts`` does for all of them."""
    own = range(len(dataset.series))
    moves = any(dataset.rows("train", window, index) != dataset.rows("train", lags, index) for index in own)
    train_window = window if moves else lags
    models, scaling = pooled_models(dataset, train_window), static_scaling(dataset, train_window)
    by_name: dict[str, dict[Split, Array]] = {name: {} for name in models}
    for split in splits:
        own_window = dataset.rule.window_of(split, train_window)
        parts: dict[str, list[Array]] = {name: [] for name in models}
        for index in own:
            if rows := dataset.rows(split, window, index):
                inputs = standardised(dataset, index, rows, own_window, scaling)
                outputs = outputs_of(dataset, index, train_window)
                for name, arrays in models.items():
                    parts[name].append(outputs.forecast(output(name, arrays, inputs), rows))
        for name in models:
            by_name[name][split] = np.concatenate(parts[name])
    return by_name


def outputs_of(dataset: Dataset, index: int, window: int) -> Outputs:
    """Return level and scale of series ``index``; a series without train rows has the scale of its teacher."""
    level, teacher = _level(dataset, index, window), dataset.teacher(window, index)
    rows = dataset.rows("train", window, teacher)
    deviation = (log_target(dataset, window, teacher) - _level(dataset, teacher, window))[rows.start : rows.stop]
    return Outputs(level, 1.0 if is_constant(deviation) else float(deviation.std()))


def _level(dataset: Dataset, index: int, window: int) -> Array:
    level: Array = lagged(log_target(dataset, window, index), window).mean(axis=1)
    return level


class TrainSeries:
    """Offer inputs and outputs of the train rows, one series at a time, so that memory stays small.

    Args:
        dataset: with static inputs.
        window: input days.
    """

    def __init__(self, dataset: Dataset, window: int) -> None:
        self._dataset, self._window = dataset, window
        self._scaling = static_scaling(dataset, window)
        own = range(len(dataset.series))
        self.rows = {index: rows for index in own if (rows := dataset.rows("train", window, index))}
        self._read: tuple[int, Inputs] | None = None

    def inputs(self, index: int) -> Inputs:
        """Return the inputs of series ``index``; the last ones are kept."""
        if self._read is None or self._read[0] != index:
            arguments = self._dataset, index, self.rows[index], self._window, self._scaling
            self._read = index, standardised(*arguments)
        return self._read[1]

    def output(self, index: int) -> Array:
        """Return the output of series ``index``, cut at ``MAX_OUTPUT`` on both sides, shape (rows,)."""
        rows = numbers(self.rows[index])
        level, scale = outputs_of(self._dataset, index, self._window)
        deviation = log_target(self._dataset, self._window, index)[rows] - level[rows]
        return np.clip(deviation / scale, -MAX_OUTPUT, MAX_OUTPUT)


def pooled_models(dataset: Dataset, window: int) -> dict[str, Arrays]:
    """Return the fitted arrays of each pooled baseline by its name.

    Args:
        dataset: with static inputs.
        window: input days, whose mean log target is the level; it decides the train rows.
    """
    train = TrainSeries(dataset, window)
    return {name: model.fit(train) for name, model in MODELS.items()}


def output(name: str, arrays: Arrays, inputs: Inputs) -> Array:
    """Return the output of a pooled baseline, in standard deviations, shape (rows,).

    Args:
        name: ``pooled_ridge`` or ``pooled_lightgbm``.
        arrays: as ``pooled_models`` returns them; they may come from a stranger.
        inputs: standardised, shape (rows, inputs).

    Raises:
        DataError: the arrays are no such model of these inputs.
    """
    model = MODELS[name]
    if not model.is_valid(arrays, inputs.shape[1]):
        raise DataError(f"the arrays of {name} are no model of {inputs.shape[1]} static inputs", "fit it again")
    return model.predict(arrays, inputs)


def _fit_ridge(train: TrainSeries) -> Arrays:
    """Return the ridge regression with ``PENALTY`` on the weights and none on the intercept.

    With means x̄ and ȳ: (Σ (x − x̄)(x − x̄)ᵀ + penalty · I) w = Σ (x − x̄)(y − ȳ), and the intercept is ȳ − w · x̄.
    """
    products = np.zeros(())
    for index in train.rows:
        inputs, outputs = train.inputs(index), train.output(index)
        columns = np.column_stack([np.ones(len(outputs)), inputs, outputs])
        products = products + columns.T @ columns
    count, sums = products[0, 0], products[0, 1:]
    squares = products[1:, 1:] - np.outer(sums, sums) / count
    weights = np.linalg.solve(squares[:-1, :-1] + PENALTY * np.eye(len(squares) - 1), squares[:-1, -1])
    return {"weights": weights, "intercept": np.array((sums[-1] - weights @ sums[:-1]) / count)}


def _is_ridge(arrays: Arrays, inputs: int) -> bool:
    shapes = {"weights": (inputs,), "intercept": ()}
    return {name: values.shape for name, values in arrays.items()} == shapes and all(
        values.dtype == np.float64 and np.isfinite(values).all() for values in arrays.values()
    )


def _ridge_output(arrays: Arrays, inputs: Inputs) -> Array:
    forecast: Array = inputs.astype(np.float64) @ arrays["weights"] + arrays["intercept"]
    return forecast


def _fit_trees(train: TrainSeries) -> Arrays:
    outputs = np.concatenate([train.output(index) for index in train.rows])
    return trees.fit(train.inputs, {index: len(rows) for index, rows in train.rows.items()}, outputs)


class _Model(NamedTuple):
    fit: Callable[[TrainSeries], Arrays]
    is_valid: Callable[[Arrays, int], bool]
    predict: Callable[[Arrays, Inputs], Array]


MODELS = {
    "pooled_ridge": _Model(_fit_ridge, _is_ridge, _ridge_output),
    "pooled_lightgbm": _Model(_fit_trees, trees.is_valid, trees.predict),
}
