"""The pure training function: ``advance(dataset, task, state, until) -> State | Fit``.

It depends only on its arguments and has no side effects. A fit that stops at any epoch and continues from the returned
state has the numbers of an uninterrupted fit, bit for bit on CPU: the state contains weights, optimizer and generators,
and one thread does all sums.
"""

from collections.abc import Mapping

from torch import Tensor
from torch.nn.functional import mse_loss

from volopt.metrics import Array
from volopt.training.device import computing
from volopt.training.history import EpochResult, TrainingHistory
from volopt.training.network import Network, predict
from volopt.training.state import generator_arrays, restore_generators, to_arrays, to_tensors
from volopt.training.task import Curves, Fit, State, Task
from volopt.windows.dataset import Dataset
from volopt.windows.split import SPLITS, Split
from volopt.windows.windows import Samples, samples_of


def advance(dataset: Dataset, task: Task, state: State | None, until: int) -> State | Fit:
    """Train ``task`` up to epoch ``until``, and return the finished fit or the state from which it continues.

    Args:
        dataset: the study's data; the fit learns from and forecasts those of its period.
        task: the fit.
        state: from an earlier call for the same task, or None to begin.
        until: the epoch to stop after; the fit is finished at ``task.epochs``, or when early stopping ends it.

    Raises:
        TrainingError: a loss or a weight is no longer finite, or memory ran out.
        DataError: the target cannot be scaled with the task's window.
    """

    def train() -> State | Fit:
        run = _RunningFit(task, dataset.periods[task.period], state)
        while run.history.epoch < until and not run.history.finished:
            run.train_one_epoch()
        return run.finish() if run.history.finished else run.state()

    return computing(train, task.device, task.precision, task.config.cell)


def every_split(dataset: Dataset, window: int, device: str) -> dict[Split, Samples]:
    """Return the samples of each split of a period; raises DataError where the window's target cannot be scaled."""
    return samples_of(dataset, SPLITS, window, device)


def finish(task: Task, dataset: Dataset, state: State, data: Mapping[Split, Samples]) -> Fit:
    """Return the finished fit of a state after its last epoch, wherever it was trained."""
    return _RunningFit(task, dataset, state, data).finish()


class _RunningFit:
    """Hold one fit in memory."""

    def __init__(
        self, task: Task, dataset: Dataset, state: State | None, data: Mapping[Split, Samples] | None = None
    ) -> None:
        self.task = task
        self.data = data or every_split(dataset, task.config.window, task.device)
        self.network = Network(task, self.data["train"])
        self.model = self.network.model
        self.history = TrainingHistory(task, dataset, self.data["valid"], state.curves if state else Curves())
        self.best: dict[str, Tensor] = {}  # the best epoch's weights; empty without early stopping
        if state is not None:
            self.model.load_state_dict(to_tensors("weights", state.arrays))
            self.best = {name: value.to(task.device) for name, value in to_tensors("best", state.arrays).items()}
            self.network.optimizer.restore(state.arrays)
            restore_generators(task.device, state.arrays)

    def train_one_epoch(self) -> None:
        """Train on all samples once, then score valid."""
        train = self.network.train_one_epoch()
        forecast = predict(self.model, self.data["valid"])

        def read_result() -> EpochResult:
            is_finite = all(bool(value.isfinite().all()) for value in self.model.state_dict().values())
            return EpochResult(is_finite, forecast, self.model.layer_gradient_norms())

        if self.history.add(train, float(mse_loss(forecast, self.data["valid"].targets)), read_result):
            self.best = {name: value.clone() for name, value in self.model.state_dict().items()}

    def state(self) -> State:
        """Return the state from which the fit continues."""
        arrays = to_arrays("weights", self.model.state_dict()) | to_arrays("best", self.best)
        arrays |= self.network.optimizer.arrays() | generator_arrays(self.task.device)
        return State(self.history.epoch, arrays=arrays | self.history.curves.to_arrays())

    def finish(self) -> Fit:
        """Return the finished fit, with the best epoch's weights under early stopping."""
        if self.best:
            self.model.load_state_dict(self.best)
        history, curves = self.history, self.history.curves
        best = curves.best_epoch() if self.best else history.epoch
        weights = to_arrays("weights", self.model.state_dict())  # before train mode moves batch norm's statistics
        scaled = {
            "valid": predict(self.model, self.data["valid"]),
            "test": predict(self.model, self.data["test"], training_mode=self.task.test_in_train_mode),
        }
        forecasts: dict[Split, Array] = {split: self.data[split].original(scaled[split]) for split in ("valid", "test")}
        losses = {
            "train_mse": curves.train_mse[best - 1],
            "valid_mse": curves.valid_mse[best - 1],
            "test_mse": float(mse_loss(scaled["test"], self.data["test"].targets)),
        }
        arrays = {f"forecast.{split}": forecast for split, forecast in forecasts.items()} | weights
        metrics = losses | history.scores(forecasts)
        return Fit(self.task.seed, history.epoch, best, metrics, arrays=curves.to_arrays() | arrays)
