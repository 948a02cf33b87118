"""The training history of one fit: its losses, its records, and when it is finished."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from torch import Tensor

from volopt.errors import TrainingError
from volopt.metrics import Array
from volopt.training.task import Curves, Task
from volopt.windows import scoring
from volopt.windows.dataset import Dataset
from volopt.windows.split import Split
from volopt.windows.windows import Samples


class EpochResult(NamedTuple):
    """Hold what is recorded of an epoch, beside its losses."""

    weights_are_finite: bool
    valid_forecast: Tensor  # scaled, shape (samples,)
    layer_gradient_norms: list[float]  # of the last gradient of each recurrent layer's weights, first layer first


class TrainingHistory:
    """Collect the losses of a fit.

    Args:
        task: the fit.
        dataset: the study's data.
        valid: its samples.
        curves: so far.
    """

    def __init__(self, task: Task, dataset: Dataset, valid: Samples, curves: Curves) -> None:
        self.task, self._dataset, self._valid, self.curves = task, dataset, valid, curves

    @property
    def epoch(self) -> int:
        """Return the number of trained epochs."""
        return len(self.curves.train_mse)

    @property
    def finished(self) -> bool:
        """Return whether all epochs are trained, or early stopping ended the fit."""
        patience = self.task.early_stopping
        stopped = patience is not None and self.epoch > 0 and self.epoch - self.curves.best_epoch() >= patience
        return stopped or self.epoch >= self.task.epochs

    def add(self, train: float, valid: float, read_result: Callable[[], EpochResult]) -> bool:
        """Add the losses of an epoch, and return whether its weights are the best so far and should be kept.

        ``read_result`` is called only for epochs that are recorded.

        Raises:
            TrainingError: a loss or a weight is not finite.
        """
        for name, value in (("training", train), ("validation", valid)):
            if not np.isfinite(value):
                raise TrainingError(
                    f"the {name} loss is {value} in epoch {self.epoch + 1}", "try a lower learning rate"
                )
        curves, task = self.curves, self.task
        curves.train_mse.append(train)
        curves.valid_mse.append(valid)
        is_best = task.early_stopping is not None and curves.best_epoch() == self.epoch
        if self.epoch == 1 or self.epoch % task.rung == 0 or self.epoch == task.epochs or is_best:
            result = read_result()
            if not result.weights_are_finite:  # behind a saturated tanh or gate the loss can stay finite
                raise TrainingError(f"the weights are not finite in epoch {self.epoch}", "try a lower learning rate")
            scores = self.scores({"valid": self._valid.original(result.valid_forecast)})
            curves.record(result.layer_gradient_norms, scores)
        return is_best

    def scores(self, forecasts: Mapping[Split, Array]) -> dict[str, float]:
        """Return the mean scores of forecasts over the series; the forecasts are in original units."""
        return scoring.mean(scoring.by_series(self._dataset, self.task.config.window, forecasts))
