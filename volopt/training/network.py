"""A network and its optimizer on the way through the train samples: what every way of training shares."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import huber_loss, mse_loss

from volopt.models.recurrent import Recurrent
from volopt.training.task import Config, Task
from volopt.windows.windows import Samples

# Of scaled forecasts and targets; torch's Huber loss is quadratic within 1 and linear beyond, with the mean over days.
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": mse_loss, "huber": huber_loss}
AT_ONCE = 8192  # windows that are forecast together: memory grows with days, not with days times window


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
        if len(samples) <= AT_ONCE or training_mode:
            forecast: Tensor = model(samples.inputs()).float()
            return forecast
        rows = torch.arange(len(samples), device=samples.starts.device)
        return torch.cat([model(samples.inputs(some)).float() for some in torch.split(rows, AT_ONCE)])


def _optimizer(task: Task, model: Recurrent) -> torch.optim.Optimizer:
    config = task.config
    if config.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.Adam(model.parameters(), lr=config.learning_rate)  # decay is AdamW's alone
