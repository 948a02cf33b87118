"""The tensors of a pack: networks, optimizer and samples of all slots, and the steps that train them together.

The steps are recorded when the pack is made, with empty slots. Slots are filled and emptied without another recording,
because all tensors keep their place in memory. Results are read once an epoch.
"""

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from volopt.packs.adam import PackedAdam
from volopt.packs.cuda_graphs import GraphRecorder
from volopt.packs.dropout import PackedDropout
from volopt.packs.recurrent import PackedRecurrent
from volopt.packs.samples import PackedSamples
from volopt.packs.shape import Data, PackCapacity, PackShape
from volopt.training.history import EpochResult
from volopt.training.task import Task

VALID_BATCH = 1024  # valid samples of each slot that are forecast together


class PackedNetwork:
    """Hold the networks of all slots. The example is the samples of any fit of the shape."""

    def __init__(self, shape: PackShape, capacity: PackCapacity, example: Data) -> None:
        self._shape, slots, device = shape, capacity.slots, shape.device
        self.layout = shape.layout(capacity.hidden_size)
        self._model = PackedRecurrent(shape.cell, self.layout, slots, device)
        self._adam = PackedAdam(self._model.rows)
        self._best, self._gradient = torch.zeros_like(self._model.rows), torch.zeros_like(self._model.rows)
        self._rows = self._model.rows, self._adam.first, self._adam.second, self._best
        self._train = PackedSamples(example["train"], slots, capacity.window)
        self._valid = PackedSamples(example["valid"], slots, capacity.window)
        self._masks_windows = capacity.has_shorter_windows
        size = capacity.window, shape.max_batch, capacity.hidden_size
        self._dropout = PackedDropout(*size, self._adam.steps) if capacity.has_dropout else None
        self._losses = torch.zeros(2, slots, dtype=torch.float64, device=device)  # of train and valid
        self._forecast = torch.zeros(slots, shape.valid, device=device)  # of valid, scaled
        order = torch.arange(shape.train).repeat(slots, 1)
        # The order of each slot's train samples in the next epoch, on the CPU and on the device.
        self.order = order.pin_memory() if torch.device(device).type == "cuda" else order
        self._device_order = order.to(device, copy=True)
        valid_rows = torch.arange(shape.valid, device=device).expand(slots, -1)
        self._results: dict[str, Any] = {}  # read since the last launch
        self._graphs = GraphRecorder(device)
        self._steps = [
            *self._recorded(PackedNetwork._train_step, torch.split(self._device_order, shape.max_batch, dim=1)),
            *self._recorded(PackedNetwork._valid_step, torch.split(valid_rows, VALID_BATCH, dim=1)),
        ]

    def put(self, slot: int, task: Task, data: Data, rows: Tensor, updates: float) -> None:
        """Fill a slot with a fit, its samples, and its number of updates so far.

        The rows are its weights, first and second moments and best weights, shape (4, size).
        """
        adam, config = self._adam, task.config
        for matrix, row in zip(self._rows, rows, strict=True):
            matrix[slot] = row
        adam.steps[slot], adam.rate[slot] = updates, config.learning_rate
        adam.decay[slot] = config.weight_decay if config.optimizer == "adamw" else 0.0
        if self._dropout is not None:
            self._dropout.rate[slot], self._dropout.seed[slot] = config.dropout, task.seed
        self._train.put(slot, data["train"])
        self._valid.put(slot, data["valid"])

    def launch(self) -> None:
        """Start one epoch on train, in ``order``, and the forecast of valid; do not wait for the device."""
        self._results.clear()
        with self._graphs.in_stream():
            self._losses.zero_()
            self._device_order.copy_(self.order, non_blocking=True)
            for step in self._steps:
                step()

    def losses(self) -> tuple[list[float], list[float]]:
        """Wait for the launched epoch, and return each slot's losses: train before its updates, valid after them."""
        self._graphs.join()
        train, valid = self._losses.tolist()
        return train, valid

    def keep_best(self, slots: list[int]) -> None:
        """Keep the weights of some slots as the best of their fits so far."""
        if slots:
            self._best[slots] = self._model.rows[slots]

    def rows(self, slot: int) -> tuple[Tensor, float]:
        """Return a slot's rows, on the CPU, and its number of updates, as ``put`` takes them."""
        rows, updates = self._read("rows", lambda: (torch.stack(self._rows).cpu(), self._adam.steps.tolist()))
        return rows[:, slot], updates[slot][0]

    def result(self, slot: int) -> EpochResult:
        """Return what is recorded of the latest epoch of a slot."""
        finite, forecasts, norms = self._read("result", self._read_result)
        return EpochResult(finite[slot], forecasts[slot], norms[slot])

    def _read_result(self) -> tuple[list[bool], Tensor, list[list[float]]]:
        spans = [self.layout.layer_span(layer) for layer in range(self._shape.num_layers)]
        norms = torch.stack([self._gradient[:, span].norm(dim=1) for span in spans], dim=1)
        return self._model.rows.isfinite().all(dim=1).tolist(), self._forecast.cpu(), norms.tolist()

    def _read(self, name: str, read: Callable[[], Any]) -> Any:
        """Return a result of all slots. It is read once per launch, so that all slots share one transfer."""
        if name not in self._results:
            self._results[name] = read()
        return self._results[name]

    def _train_step(self, rows: Tensor) -> None:
        """Update every slot with a batch of its samples, shape (slots, batch)."""
        mask = self._train.window_mask if self._masks_windows else None
        targets = self._train.targets(rows)
        forecast = self._model(self._train.inputs(rows), mask, self._dropout)
        squared = (forecast - targets).square().mean(dim=1)
        loss = squared if self._shape.loss == "mse" else huber_loss(forecast, targets, reduction="none").mean(dim=1)
        gradients = torch.autograd.grad(loss.sum(), list(self._model.parameters.values()))
        torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self._gradient)
        self._adam.step(self._gradient)
        self._losses[0] += squared.detach().double() * (rows.shape[1] / self._shape.train)

    @torch.no_grad()
    def _valid_step(self, rows: Tensor) -> None:
        """Forecast a batch of valid samples of every slot, shape (slots, batch), and add its loss."""
        forecast = self._model(self._valid.inputs(rows), self._valid.window_mask if self._masks_windows else None)
        self._forecast.scatter_(1, rows, forecast)
        squared = (forecast - self._valid.targets(rows)).square().mean(dim=1)
        self._losses[1] += squared.double() * (rows.shape[1] / self._shape.valid)

    def _recorded(
        self, step: Callable[["PackedNetwork", Tensor], None], batches: Sequence[Tensor]
    ) -> list[Callable[[], None]]:
        """Return the calls of a step on each batch of rows, with one recording for each batch size."""
        proxy: Any = weakref.proxy(self)  # without a reference cycle the memory of a dropped pack is free at once
        examples = {rows.shape[1]: rows for rows in batches}
        recorded = {size: self._graphs.record(partial(step, proxy), rows) for size, rows in examples.items()}
        return [partial(recorded[rows.shape[1]], rows) for rows in batches]
