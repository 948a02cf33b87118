"""The course of one fit: its losses as they come, what is recorded of them, and when it is over."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from torch import Tensor

from volopt.errors import TrainingError
from volopt.training.curves import Curves
from volopt.training.task import Task
from volopt.windows import scoring
from volopt.windows.dataset import Array, Dataset
from volopt.windows.split import Split
from volopt.windows.windows import Samples


class Learner(Protocol):
    """What is asked of a network after an epoch that is recorded."""

    def valid_forecast(self) -> Tensor:
        """Return the scaled forecast of valid, shape (samples,)."""

    def weights_are_finite(self) -> bool:
        """Return whether no weight is infinite or undefined."""

    def layer_gradient_norms(self) -> list[float]:
        """Return the norm of the last gradient of each recurrent layer's weights, first layer first."""


class TrainingHistory:
    """How far a fit has come.

    Args:
        task: the fit.
        dataset: the study's data.
        valid: its samples.
        curves: from an earlier state, or new ones.
    """

    def __init__(self, task: Task, dataset: Dataset, valid: Samples, curves: Curves | None = None) -> None:
        self.task, self._dataset, self._valid = task, dataset, valid
        self.curves = Curves() if curves is None else curves

    @property
    def epoch(self) -> int:
        """Return the epochs trained."""
        return len(self.curves.train_mse)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or early stopping saw enough."""
        return self.epoch >= self.task.epochs or self._stopped()

    def note(self, train: float, valid: float, learner: Learner) -> bool:
        """Note the losses of one more epoch, and return whether its weights are to be kept as the best so far.

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
            self._record(learner)
        return is_best

    def scores(self, forecasts: Mapping[Split, Array]) -> dict[str, float]:
        """Return ``scoring.score`` of forecasts in original units."""
        return scoring.score(self._dataset, self.task.config.window, forecasts)

    def _record(self, learner: Learner) -> None:
        if not learner.weights_are_finite():  # behind a tanh or a gate that is full they may leave the loss finite
            raise TrainingError(f"the weights are not finite in epoch {self.epoch}", "try a lower learning rate")
        scores = self.scores({"valid": self._valid.original(learner.valid_forecast())})
        self.curves.record(learner.layer_gradient_norms(), scores)

    def _stopped(self) -> bool:
        patience = self.task.early_stopping
        return patience is not None and self.epoch > 0 and self.epoch - self.curves.best_epoch() >= patience
