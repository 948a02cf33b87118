"""A network and its optimizer on the way through the train samples: what every way of training shares."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import huber_loss, mse_loss

from volopt.models.recurrent import Recurrent
from volopt.training.task import Config, Task
from volopt.windows.windows import Samples

# Of scaled forecasts and targets; torch's Huber loss is quadratic within 1 and linear beyond, with the mean over days.
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": mse_loss, "huber": huber_loss}
AT_ONCE = 8192  # windows that are forecast together: memory grows with days, not with days times window
MOST_BYTES = 2**28  # that these may take, or fewer are
# A number a unit and day: a layer's outputs, and what its kernel keeps of each gate. Measured with torch 2.13 on CPU:
# 2 to 3 for LSTM and RNN, 5 for GRU.
PER_UNIT = 5
FEWEST = 64  # a multiple of the rows a kernel takes at once, so that each row's sum is the same in any number of them


class Network:
    """One network being trained; its seed decides weights, dropout and the order of batches.

    Args:
        task: the fit.
        train: what it learns from.
    """

    def __init__(self, task: Task, train: Samples) -> None:
        self.task, self.train = task, train
        self.full = train.inputs() if task.config.batch_size == "full" else None
        self.model = seeded(task, train.features).to(task.device)
        self.optimizer = _optimizer(task, self.model)
        self.loss = LOSSES[task.loss]

    def train_one_epoch(self) -> float:
        """Go through train once, and return the mean squared error from before each update."""
        self.model.train()
        total = 0.0
        for inputs, targets in self._batches():
            self.optimizer.zero_grad(set_to_none=True)
            forecast = self.model(inputs).float()
            loss = self.loss(forecast, targets)
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            self.optimizer.step()
            squared = loss if self.loss is mse_loss else mse_loss(forecast.detach(), targets)
            total += squared.item() * len(targets)
        return total / len(self.train)

    def predict(self, samples: Samples, *, training_mode: bool = False) -> Tensor:
        """Return scaled forecasts, shape (samples,)."""
        return predict(self.model, samples, training_mode=training_mode)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        if self.full is not None:
            yield self.full, self.train.targets
            return
        order = torch.randperm(len(self.train)).to(self.task.device)
        for rows in torch.split(order, int(self.task.config.batch_size)):
            yield self.train.inputs(rows), self.train.targets[rows]


def build(config: Config, features: int, head_outputs: int = 1) -> Recurrent:
    """Return an untrained network of a configuration; torch's generator decides its weights."""
    return Recurrent(
        config.cell,
        features=features,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        batch_norm=config.batch_norm,
        dropout=config.dropout,
        head_outputs=head_outputs,
    )


def seeded(task: Task, features: int) -> Recurrent:
    """Return the untrained network of a fit, and leave torch's generators where its training takes them up."""
    torch.manual_seed(task.seed)
    return build(task.config, features, task.head_outputs)


def predict(model: Recurrent, samples: Samples, *, training_mode: bool = False) -> Tensor:
    """Return a network's scaled forecasts, shape (samples,); in training mode batch norm takes these samples' own."""
    model.train(training_mode)
    with torch.no_grad():
        parts = list(in_parts(len(samples), _at_once(model, samples)))
        if len(parts) == 1 or training_mode:
            whole: Tensor = model(samples.inputs()).float()
            return whole
        rows = torch.arange(len(samples), device=samples.starts.device)
        # Made at once: small tensors between large ones that come and go would keep their memory from being used again.
        forecast = torch.empty(len(samples), device=samples.starts.device)
        for some in parts:
            forecast[some] = model(samples.inputs(rows[some])).float()
        return forecast


def in_parts(count: int, at_once: int) -> Iterator[slice]:
    """Yield the rows to forecast together; the last few of ``AT_ONCE`` are not left to themselves.

    A kernel may add up a handful of rows in another order than the same rows among many.

    Args:
        count: of all rows.
        at_once: ``AT_ONCE``, or a part of it.
    """
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        starts = [*range(start, max(stop - at_once // 2, start + 1), at_once), stop]
        yield from (slice(*each) for each in pairwise(starts))


def _at_once(model: Recurrent, samples: Samples) -> int:
    """Return how many windows are forecast together: ``AT_ONCE``, halved until they take ``MOST_BYTES`` at most."""
    days, features = samples.windows.shape[1:]
    window_bytes = 4 * days * (features + PER_UNIT * model.hidden_size)
    count = AT_ONCE
    while count > FEWEST and count * window_bytes > MOST_BYTES:
        count //= 2
    return count


def _optimizer(task: Task, model: Recurrent) -> torch.optim.Optimizer:
    config = task.config
    if config.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)  # decay is AdamW's alone
