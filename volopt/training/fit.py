"""The pure training function: ``advance(task, dataset, state, until) -> progress``.

It reads nothing but its arguments and changes nothing but what it returns. Stopping at any epoch and going on from the
returned state gives the numbers of going through, bit for bit on CPU: weights, optimizer and generators are all in the
state, and one thread does the sums.
"""

from collections.abc import Mapping

import numpy as np
from torch import Tensor
from torch.nn.functional import mse_loss

from volopt.errors import TrainingError
from volopt.training.curves import Curves
from volopt.training.device import computing
from volopt.training.network import Network
from volopt.training.progress import Progress
from volopt.training.state import (
    generator_arrays,
    optimizer_arrays,
    restore_generators,
    restore_optimizer,
    to_arrays,
    to_tensors,
)
from volopt.training.task import Fit, State, Task
from volopt.windows import scoring
from volopt.windows.dataset import Array, Dataset
from volopt.windows.split import SPLITS, Split
from volopt.windows.windows import samples


def advance(task: Task, dataset: Dataset, state: State | None, until: int) -> Progress:
    """Train ``task`` up to epoch ``until`` and return how far it came.

    Args:
        task: the fit.
        dataset: the study's data.
        state: from an earlier call for the same task, or None to begin.
        until: the epoch to stop after; at ``task.epochs``, or when early stopping says so, the fit is finished.

    Raises:
        TrainingError: a loss or a weight is no longer finite, or memory ran out.
        DataError: the target cannot be scaled with the task's window.
    """
    return computing(lambda: _advance(task, dataset, state, until), task.device, task.precision, task.config.cell)


def _advance(task: Task, dataset: Dataset, state: State | None, until: int) -> Progress:
    run = _Run(task, dataset, state)
    while run.epoch < until and not run.finished:
        run.train_one_epoch()
    return run.progress()


class _Run:
    """One fit in memory."""

    def __init__(self, task: Task, dataset: Dataset, state: State | None) -> None:
        self.task, self.dataset = task, dataset
        self.data = {split: samples(dataset, split, task.config.window, task.device) for split in SPLITS}
        self.network = Network(task, self.data["train"])
        self.model = self.network.model
        self.epoch, self.stopped = 0, False
        self.curves = Curves()
        self.best: dict[str, Tensor] = {}  # the best epoch's weights; empty without early stopping
        if state is not None:
            self._restore(state)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or early stopping saw enough."""
        return self.stopped or self.epoch >= self.task.epochs

    def train_one_epoch(self) -> None:
        """Go through train once, then score valid."""
        self.epoch += 1
        train = self.network.train_one_epoch()
        forecast = self.network.predict(self.data["valid"])
        valid = float(mse_loss(forecast, self.data["valid"].targets))
        for name, value in (("training", train), ("validation", valid)):
            if not np.isfinite(value):
                raise TrainingError(f"the {name} loss is {value} in epoch {self.epoch}", "try a lower learning rate")
        self._record(train, valid, forecast)

    def progress(self) -> Progress:
        """Return the finished fit, or the state to go on from."""
        if self.finished:
            return Progress(self.curves, fit=self._finish())
        return Progress(self.curves, state=self._capture())

    def _record(self, train: float, valid: float, forecast: Tensor) -> None:
        curves, patience = self.curves, self.task.early_stopping
        curves.train_mse.append(train)
        curves.valid_mse.append(valid)
        is_best = patience is not None and curves.best_epoch() == self.epoch
        if self.epoch == 1 or self.epoch % self.task.rung == 0 or self.epoch == self.task.epochs or is_best:
            self._check_weights()
            scores = self._scores({"valid": self.data["valid"].original(forecast)})
            curves.record(self.model.layer_gradient_norms(), scores)
        if is_best:
            self.best = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.stopped = patience is not None and self.epoch - curves.best_epoch() >= patience

    def _check_weights(self) -> None:
        """Refuse infinite weights: behind a tanh or a gate that is full they may leave the loss finite."""
        if not all(bool(value.isfinite().all()) for value in self.model.state_dict().values()):
            raise TrainingError(f"the weights are not finite in epoch {self.epoch}", "try a lower learning rate")

    def _finish(self) -> Fit:
        if self.best:
            self.model.load_state_dict(self.best)
        best = self.curves.best_epoch() if self.best else self.epoch
        weights = to_arrays("weights", self.model.state_dict())  # before train mode moves batch norm's statistics
        scaled = {
            "valid": self.network.predict(self.data["valid"]),
            "test": self.network.predict(self.data["test"], training_mode=self.task.test_in_train_mode),
        }
        forecasts: dict[Split, Array] = {split: self.data[split].original(scaled[split]) for split in ("valid", "test")}
        losses = {
            "train_mse": self.curves.train_mse[best - 1],
            "valid_mse": self.curves.valid_mse[best - 1],
            "test_mse": float(mse_loss(scaled["test"], self.data["test"].targets)),
        }
        return Fit(
            seed=self.task.seed,
            epochs=self.epoch,
            best_epoch=best,
            metrics=losses | self._scores(forecasts),
            curves=self.curves.to_arrays(),
            forecasts={f"forecast.{split}": forecast for split, forecast in forecasts.items()},
            weights=weights,
        )

    def _scores(self, forecasts: Mapping[Split, Array]) -> dict[str, float]:
        return scoring.score(self.dataset, self.task.config.window, forecasts)

    def _capture(self) -> State:
        arrays = to_arrays("weights", self.model.state_dict()) | to_arrays("best", self.best)
        arrays |= optimizer_arrays(self.network.optimizer) | generator_arrays(self.task.device)
        return State(self.epoch, arrays | self.curves.to_arrays())

    def _restore(self, state: State) -> None:
        self.epoch, self.curves = state.epoch, Curves.from_arrays(state.arrays)
        self.model.load_state_dict(to_tensors("weights", state.arrays))
        self.best = {name: value.to(self.task.device) for name, value in to_tensors("best", state.arrays).items()}
        restore_optimizer(self.network.optimizer, state.arrays)
        restore_generators(self.task.device, state.arrays)
