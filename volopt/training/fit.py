"""The pure training function: ``advance(task, dataset, state, until) -> progress``.

It reads nothing but its arguments and changes nothing but what it returns. Stopping at any epoch and going on from the
returned state gives the numbers of going through, bit for bit on CPU: weights, optimizer and generators are all in the
state, and one thread does the sums.
"""

from collections.abc import Mapping

from torch import Tensor
from torch.nn.functional import mse_loss

from volopt.training.curves import Curves
from volopt.training.device import computing
from volopt.training.history import TrainingHistory
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
from volopt.windows.dataset import Array, Dataset
from volopt.windows.split import SPLITS, Split
from volopt.windows.windows import Samples, samples


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
    run = _RunningFit(task, dataset, state)
    while run.course.epoch < until and not run.course.finished:
        run.train_one_epoch()
    return run.progress()


def every_split(dataset: Dataset, window: int, device: str) -> dict[Split, Samples]:
    """Return the samples of each split; raises DataError where the target cannot be scaled with the window."""
    return {split: samples(dataset, split, window, device) for split in SPLITS}


def finish(task: Task, dataset: Dataset, state: State, data: Mapping[Split, Samples]) -> Fit:
    """Return the fit of which ``state`` is the end, wherever it was trained, with its samples at hand."""
    return _RunningFit(task, dataset, state, data)._finish()


class _RunningFit:
    """One fit in memory."""

    def __init__(
        self, task: Task, dataset: Dataset, state: State | None, data: Mapping[Split, Samples] | None = None
    ) -> None:
        self.task = task
        self.data = data or every_split(dataset, task.config.window, task.device)
        self.network = Network(task, self.data["train"])
        self.model = self.network.model
        self.course = TrainingHistory(task, dataset, self.data["valid"])
        self.best: dict[str, Tensor] = {}  # the best epoch's weights; empty without early stopping
        if state is not None:
            self._restore(state)

    def train_one_epoch(self) -> None:
        """Go through train once, then score valid."""
        train = self.network.train_one_epoch()
        self._forecast = self.network.predict(self.data["valid"])
        valid = float(mse_loss(self._forecast, self.data["valid"].targets))
        if self.course.note(train, valid, self):
            self.best = {name: value.clone() for name, value in self.model.state_dict().items()}

    def progress(self) -> Progress:
        """Return the finished fit, or the state to go on from."""
        curves = self.course.curves
        if self.course.finished:
            return Progress(curves, fit=self._finish())
        return Progress(curves, state=self._capture())

    # What the course asks of its learner.

    def valid_forecast(self) -> Tensor:
        return self._forecast

    def weights_are_finite(self) -> bool:
        return all(bool(value.isfinite().all()) for value in self.model.state_dict().values())

    def layer_gradient_norms(self) -> list[float]:
        return self.model.layer_gradient_norms()

    def _finish(self) -> Fit:
        if self.best:
            self.model.load_state_dict(self.best)
        course, curves = self.course, self.course.curves
        best = curves.best_epoch() if self.best else course.epoch
        weights = to_arrays("weights", self.model.state_dict())  # before train mode moves batch norm's statistics
        scaled = {
            "valid": self.network.predict(self.data["valid"]),
            "test": self.network.predict(self.data["test"], training_mode=self.task.test_in_train_mode),
        }
        forecasts: dict[Split, Array] = {split: self.data[split].original(scaled[split]) for split in ("valid", "test")}
        losses = {
            "train_mse": curves.train_mse[best - 1],
            "valid_mse": curves.valid_mse[best - 1],
            "test_mse": float(mse_loss(scaled["test"], self.data["test"].targets)),
        }
        return Fit(
            seed=self.task.seed,
            epochs=course.epoch,
            best_epoch=best,
            metrics=losses | course.scores(forecasts),
            curves=curves.to_arrays(),
            forecasts={f"forecast.{split}": forecast for split, forecast in forecasts.items()},
            weights=weights,
        )

    def _capture(self) -> State:
        arrays = to_arrays("weights", self.model.state_dict()) | to_arrays("best", self.best)
        arrays |= optimizer_arrays(self.network.optimizer) | generator_arrays(self.task.device)
        return State(self.course.epoch, arrays | self.course.curves.to_arrays())

    def _restore(self, state: State) -> None:
        self.course.curves = Curves.from_arrays(state.arrays)
        self.model.load_state_dict(to_tensors("weights", state.arrays))
        self.best = {name: value.to(self.task.device) for name, value in to_tensors("best", state.arrays).items()}
        restore_optimizer(self.network.optimizer, state.arrays)
        restore_generators(self.task.device, state.arrays)
