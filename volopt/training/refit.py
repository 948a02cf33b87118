"""Train on the train split for a fixed number of epochs, without a valid split.

Like ``training.fit`` this depends only on its arguments, and gives the same numbers on CPU, bit for bit.
"""

import numpy as np

from volopt.errors import TrainingError
from volopt.training.device import computing
from volopt.training.network import Network, predict
from volopt.training.state import to_arrays
from volopt.training.task import Arrays, Task
from volopt.windows.dataset import Dataset
from volopt.windows.split import Split
from volopt.windows.windows import samples

FORMAT = 1  # of stored refits: raise it when the same refit would have other numbers
FORECAST = "forecast"


def refit(task: Task, dataset: Dataset, split: Split | None = None) -> Arrays:
    """Return a network's weights, as in ``training.state``, and its ``forecast`` of a split, in original units.

    Args:
        task: the fit; its patience is not used.
        dataset: with a train split.
        split: to forecast, or None.

    Raises:
        TrainingError: the loss is no longer finite, or memory ran out.
        DataError: the target cannot be scaled with the task's window.
    """
    return computing(lambda: _refit(task, dataset, split), task.device, task.precision, task.config.cell)


def _refit(task: Task, dataset: Dataset, split: Split | None) -> Arrays:
    window = task.config.window
    network = Network(task, samples(dataset, "train", window, task.device))
    for epoch in range(1, task.epochs + 1):
        loss = network.train_one_epoch()
        if not np.isfinite(loss):
            raise TrainingError(
                f"the training loss is {loss} in epoch {epoch}", "choose a trial with a lower learning rate"
            )
    arrays = to_arrays("weights", network.model.state_dict())
    if split is not None:
        forecast_samples = samples(dataset, split, window, task.device)
        arrays[FORECAST] = forecast_samples.original(predict(network.model, forecast_samples))
    return arrays
