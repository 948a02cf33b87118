"""A network and its optimizer, as each kind of training uses them."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import huber_loss, mse_loss
from torch.nn.utils import clip_grad_norm_

from volopt.models.recurrent import Recurrent
from volopt.training.optimizer import Adam, one_cycle
from volopt.training.task import Config, Task
from volopt.windows.windows import Samples

MAX_BATCH = 8192  # windows that are forecast together
MAX_BATCH_BYTES = 2**26  # of these windows; more bytes take as long
# Numbers a unit and day: a layer's outputs, and what its kernel keeps of each gate. Measured with torch 2.13 on CPU: 2
# to 3 for LSTM and RNN, 5 for GRU.
NUMBERS_PER_UNIT = 5
MIN_BATCH = 64  # a multiple of the rows that a kernel takes together, so that each row has the same sum in any batch


class Network:
    """Train one network. Its seed decides weights, dropout and the order of batches.

    Args:
        task: the fit.
        train: samples.
    """

    def __init__(self, task: Task, train: Samples) -> None:
        self.task, self.train = task, train
        self.full = train.entrances() if task.config.batch_size == "full" else None
        self.weights = instrument_weights(train) if task.loss_weight == "instrument" else None
        self.model = seeded(task, train).to(task.device)
        decay = task.config.weight_decay if task.config.optimizer == "adamw" else 0.0  # decay is AdamW's alone
        self.optimizer = Adam(self.model.parameters(), task.config.learning_rate, decay)
        self._steps = task.epochs * (1 if self.full is not None else -(-len(train) // int(task.config.batch_size)))

    def train_one_epoch(self) -> float:
        """Train on all samples once, and return the mean squared error from before each update."""
        self.model.train()
        total = 0.0
        for entrances, targets, weights in self._batches():
            self.optimizer.zero_grad()
            forecast = self.model(*entrances).float()
            loss = self._loss(forecast, targets, weights)
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            self._update()
            is_plain = self.task.loss == "mse" and weights is None
            squared = loss if is_plain else mse_loss(forecast.detach(), targets)
            total += squared.item() * len(targets)
        return total / len(self.train)

    def _batches(self) -> Iterator[tuple[tuple[Tensor, ...], Tensor, Tensor | None]]:
        if self.full is not None:
            yield self.full, self.train.targets, self.weights
            return
        order = torch.randperm(len(self.train)).to(self.task.device)
        for rows in torch.split(order, int(self.task.config.batch_size)):
            weights = None if self.weights is None else self.weights[rows]
            yield self.train.entrances(rows), self.train.targets[rows], weights

    def _loss(self, forecast: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """Return the mean loss of scaled forecasts; all shapes are (batch,)."""
        reduction = "mean" if weights is None else "none"
        if self.task.loss == "huber":
            loss = huber_loss(forecast, targets, reduction=reduction, delta=self.task.huber_delta)
        else:
            loss = mse_loss(forecast, targets, reduction=reduction)
        return loss if weights is None else (weights * loss).mean()

    def _update(self) -> None:
        if self.task.gradient_clip is not None:
            clip_grad_norm_(self.model.parameters(), self.task.gradient_clip)
        if self.task.schedule == "onecycle":
            rate = one_cycle(self.optimizer.steps, self._steps, self.task.config.learning_rate)
            self.optimizer.learning_rate = rate
        self.optimizer.step()


def instrument_weights(train: Samples) -> Tensor:
    """Return the weight of each sample's loss, shape (samples,), with the mean 1.

    It is proportional to 1 / the variance of the scaled targets of the sample's instrument, so that each instrument
    counts by the share of its own variance that is forecast, as it does in skill and R².
    """
    by_instrument = torch.split(train.targets, list(train.counts))
    weights = torch.cat([(1 / targets.var(correction=0)).expand(len(targets)) for targets in by_instrument])
    return weights / weights.mean()


def build(config: Config, features: int, static_inputs: int = 0, head_outputs: int = 1) -> Recurrent:
    """Return an untrained network of a configuration, with weights from torch's generator.

    Args:
        config: of the network.
        features: inputs a day.
        static_inputs: of the data; only a network with a branch has an input for each.
        head_outputs: of the head.
    """
    return Recurrent(
        config.cell,
        features=features,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        batch_norm=config.batch_norm,
        dropout=config.dropout,
        head_outputs=head_outputs,
        static_inputs=static_inputs if config.static == "branch" else 0,
    )


def seeded(task: Task, train: Samples) -> Recurrent:
    """Return the untrained network of a fit, and set torch's generators to the start of its training."""
    torch.manual_seed(task.seed)
    return build(task.config, train.features, train.static_inputs, task.head_outputs)


def predict(model: Recurrent, samples: Samples, *, training_mode: bool = False) -> Tensor:
    """Return a network's scaled forecasts, shape (samples,); in training mode batch norm uses these samples."""
    model.train(training_mode)
    with torch.no_grad():
        batches = list(split_rows(len(samples), _batch_size(model, samples)))
        if len(batches) == 1 or training_mode:
            forecasts: Tensor = model(*samples.entrances()).float()
            return forecasts
        rows = torch.arange(len(samples), device=samples.starts.device)
        # One tensor from the start: small tensors between large temporary ones would keep their memory from being
        # reused.
        forecasts = torch.empty(len(samples), device=samples.starts.device)
        for batch in batches:
            forecasts[batch] = model(*samples.entrances(rows[batch])).float()
        return forecasts


def split_rows(count: int, batch_size: int) -> Iterator[slice]:
    """Yield the rows to forecast together. A small rest joins the batch before it.

    A kernel may add a few rows in another order than the same rows among many.

    Args:
        count: of all rows.
        batch_size: ``MAX_BATCH``, or a part of it.
    """
    for start in range(0, count, MAX_BATCH):
        stop = min(start + MAX_BATCH, count)
        starts = [*range(start, max(stop - batch_size // 2, start + 1), batch_size), stop]
        yield from (slice(*ends) for ends in pairwise(starts))


def _batch_size(model: Recurrent, samples: Samples) -> int:
    """Return how many windows are forecast together: ``MAX_BATCH``, halved until they fit ``MAX_BATCH_BYTES``."""
    days, features = samples.windows.shape[1:]
    window_bytes = 4 * days * (features + NUMBERS_PER_UNIT * model.hidden_size)
    count = MAX_BATCH
    while count > MIN_BATCH and count * window_bytes > MAX_BATCH_BYTES:
        count //= 2
    return count
