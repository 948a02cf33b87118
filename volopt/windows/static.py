"""Static inputs: numbers that are known at the close of a window's last day, one row a day and not one a window.

Those of the target's kind, such as ``Mean($volume, 60)``, are anchored as the target is: the level of the window is
subtracted. All are standardised over the train days of all series together, because calendar and market are the same
for all, and cut at ``LIMIT`` standard deviations. A change of a value on or after a target day changes no static input
of that day, except through the standardisation where that day belongs to train.
"""

import numpy as np
from numpy.typing import NDArray

from volopt.errors import DataError
from volopt.metrics import Array
from volopt.windows.dataset import Dataset, levels, numbers
from volopt.windows.scaling import ROUNDING, Scaling

LIMIT = 5.0
NOISE = 1e-5  # of the largest value: a hundred times what float32 rounds it by


def deviations(dataset: Dataset, index: int, targets: range, window: int) -> Array:
    """Return the static inputs for target rows of series ``index``, anchored but not standardised, float64.

    Args:
        dataset: with static inputs.
        index: of the series.
        targets: rows, ``window`` or more.
        window: input days, whose mean target is the level.

    Returns:
        Shape (target rows, inputs).
    """
    assert dataset.static is not None
    series, rows = dataset.series[index], numbers(targets)
    values: Array = dataset.static[series.first_row + rows - 1].astype(np.float64)
    values -= levels(dataset, series, rows, window)[:, None] * np.array(dataset.static_anchored)
    return values


def static_scaling(dataset: Dataset, window: int) -> Scaling:
    """Return mean and population standard deviation of the anchored static inputs over train, shape (inputs,) each.

    They are computed series by series, by the formula of Chan, Golub and LeVeque (1979), so that memory stays small.

    An input that equals the level, such as the mean of as many days as the window has, differs from it by rounding
    alone. Its scale has a lower bound, so that it stays near 0 and the rounding is not blown up to an input.
    """
    assert dataset.static is not None
    count, mean, squares, size = 0, *np.zeros((3, len(dataset.static_names)))
    for index in range(len(dataset.series)):
        if targets := dataset.rows("train", window, index):
            values = deviations(dataset, index, targets, window)
            total = count + len(values)
            change = values.mean(axis=0) - mean
            squares += values.var(axis=0) * len(values) + change**2 * count * len(values) / total
            mean, count = mean + change * len(values) / total, total
            first = dataset.series[index].first_row - 1
            size = np.maximum(size, np.abs(dataset.static[first + targets.start : first + targets.stop]).max(axis=0))
    return Scaling(mean, np.maximum(np.sqrt(squares / max(count, 1)), NOISE * size * np.array(dataset.static_anchored)))


def standardised(dataset: Dataset, index: int, targets: range, window: int, scaling: Scaling) -> NDArray[np.float32]:
    """Return the static inputs for target rows of series ``index`` as networks see them, shape (target rows, inputs).

    Args:
        dataset: with static inputs.
        index: of the series.
        targets: rows, ``window`` or more.
        window: input days.
        scaling: from ``static_scaling``.
    """
    scaled = scaling.apply(deviations(dataset, index, targets, window))
    return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)


def check_static(dataset: Dataset, window: int) -> None:
    """Refuse static inputs that are constant over train.

    Raises:
        DataError: one of them is.
    """
    if dataset.static is None:
        return
    center, scale = static_scaling(dataset, window)
    for name, mean, deviation in zip(dataset.static_names, center.tolist(), scale.tolist(), strict=True):
        if deviation <= ROUNDING * abs(mean):
            raise DataError(
                f"the static input {name} is constant ({mean:g}) over train and cannot be standardised",
                "remove it from static in [data], or choose another train split",
            )
