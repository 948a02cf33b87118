"""The tensors of a pack: networks, optimizer and samples of all slots, and the steps that train them together.

What a step does is recorded as the pack is made, before anything is in its slots; they are filled and emptied without
another recording, since everything stays where it is in memory. Numbers are read once an epoch.
"""

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from volopt.packs.adam import PackedAdam
from volopt.packs.cuda_graphs import GraphRecorder
from volopt.packs.dropout import PackedDropout
from volopt.packs.layout import WeightLayout
from volopt.packs.network import PackedRecurrent
from volopt.packs.samples import PackedSamples
from volopt.packs.shape import Data, PackCapacity, PackShape
from volopt.training.task import Config

Found = TypeVar("Found")
Work = Callable[["PackedNetwork", Tensor], None]

VALID_AT_ONCE = 1024  # samples of each slot that are forecast together


class PackedNetwork:
    """The slots of a pack.

    Args:
        shape: of what stands in them.
        room: how many, and for which sizes.
        like: the samples of any fit of the shape.
    """

    def __init__(self, shape: PackShape, room: PackCapacity, like: Data) -> None:
        self._shape, slots, device = shape, room.slots, shape.device
        size = {"features": shape.features, "hidden_size": room.hidden_size, "num_layers": shape.num_layers}
        self.layout = WeightLayout(shape.cell, **size, head_outputs=shape.head_outputs)
        self._model = PackedRecurrent(shape.cell, self.layout, slots, device)
        self._adam = PackedAdam(self._model.rows)
        self._best, self._gradient = torch.zeros_like(self._model.rows), torch.zeros_like(self._model.rows)
        self._train, self._valid = (PackedSamples(like[split], slots, room.window) for split in ("train", "valid"))
        self._mixed = room.mixed
        self._dropout = PackedDropout(room.window, max(shape.sizes), room.hidden_size, device) if room.drops else None
        self._rate = torch.zeros(slots, device=device)  # of dropout
        self._seed = torch.zeros(slots, dtype=torch.int64, device=device)
        self._losses = torch.zeros(2, slots, dtype=torch.float64, device=device)  # of train and valid
        self._forecast = torch.zeros(slots, shape.valid, device=device)  # of valid, scaled
        order = torch.arange(shape.train).repeat(slots, 1)
        # of each slot's samples in the next epoch
        self.order = order.pin_memory() if torch.device(device).type == "cuda" else order
        self._order = order.to(device, copy=True)
        every = torch.arange(shape.valid, device=device).expand(slots, -1)
        self._valid_rows = torch.split(every, VALID_AT_ONCE, dim=1)
        self._read: dict[str, Any] = {}  # what was read since the last epoch
        self._record = GraphRecorder(device)
        self._steps = self._recorded(PackedNetwork._step, torch.split(self._order, max(shape.sizes), dim=1))
        self._scores = self._recorded(PackedNetwork._forecast_valid, self._valid_rows)

    def put(self, slot: int, config: Config, seed: int, data: Data, rows: Tensor, steps: float) -> None:
        """Fill a slot.

        Args:
            slot: to fill.
            config: of the fit.
            seed: of the fit.
            data: its samples.
            rows: its weights, first and second moments and best weights, shape (4, size).
            steps: its updates so far.
        """
        adam = self._adam
        for to, row in zip((self._model.rows, adam.first, adam.second, self._best), rows, strict=True):
            to[slot] = row
        adam.steps[slot], adam.rate[slot] = steps, config.learning_rate
        adam.decay[slot] = config.weight_decay if config.optimizer == "adamw" else 0.0
        self._seed[slot], self._rate[slot] = seed, config.dropout
        self._train.put(slot, data["train"])
        self._valid.put(slot, data["valid"])

    def launch(self) -> None:
        """Have the device go through train once, in ``order``, and score valid; nothing is waited for."""
        self._read.clear()
        with self._record.apart():
            self._losses.zero_()
            self._order.copy_(self.order, non_blocking=True)
            for rows in torch.split(self._order, max(self._shape.sizes), dim=1):
                self._steps[rows.shape[1]](rows)
            for rows in self._valid_rows:
                self._scores[rows.shape[1]](rows)

    def losses(self) -> tuple[list[float], list[float]]:
        """Wait for what was launched, and return each slot's losses: of train before its updates, of valid after."""
        self._record.join()
        train, valid = self._losses.tolist()
        return train, valid

    def keep_best(self, slots: list[int]) -> None:
        """Note the weights of some slots as the best of their fits so far."""
        if slots:
            self._best[slots] = self._model.rows[slots]

    def rows(self, slot: int) -> tuple[Tensor, float]:
        """Return what ``put`` was given: a slot's rows, and its count of updates."""
        adam = self._adam
        kinds = (self._model.rows, adam.first, adam.second, self._best)
        rows = self._once("rows", lambda: torch.stack(kinds).cpu())  # of all slots: one journey for a whole rung
        return rows[:, slot], self._once("steps", adam.steps.tolist)[slot][0]

    def forecast(self, slot: int) -> Tensor:
        """Return a slot's scaled forecast of valid, shape (samples,)."""
        return self._once("forecast", self._forecast.cpu)[slot]

    def is_finite(self, slot: int) -> bool:
        """Return whether all weights of a slot are."""
        return bool(self._once("finite", lambda: self._model.rows.isfinite().all(dim=1).tolist())[slot])

    def gradient_norms(self, slot: int) -> list[float]:
        """Return the norms of the last gradient of each recurrent layer's weights in a slot, first layer first."""
        norms: list[list[float]] = self._once("norms", lambda: self._norms().tolist())
        return norms[slot]

    def _once(self, name: str, read: Callable[[], Found]) -> Found:
        if name not in self._read:
            self._read[name] = read()
        found: Found = self._read[name]
        return found

    def _norms(self) -> Tensor:  # shape: (slots, layers)
        layers = range(self._shape.num_layers)
        return torch.stack([self._gradient[:, self.layout.layer(layer)].norm(dim=1) for layer in layers], dim=1)

    def _step(self, rows: Tensor) -> None:
        """One update of every slot with a batch of its samples, shape (slots, batch)."""
        alive = self._train.alive if self._mixed else None
        targets = self._train.targets(rows)
        forecast = self._model(self._train.inputs(rows), alive, self._drop if self._dropout else None)
        squared = (forecast - targets).square().mean(dim=1)
        loss = squared if self._shape.loss == "mse" else huber_loss(forecast, targets, reduction="none").mean(dim=1)
        gradients = torch.autograd.grad(loss.sum(), list(self._model.parameters.values()))
        torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self._gradient)
        self._adam.step(self._gradient)
        self._losses[0] += squared.detach().double() * (rows.shape[1] / self._shape.train)

    def _drop(self, outputs: Tensor, layer: int) -> Tensor:
        assert self._dropout is not None
        return self._dropout(outputs, self._rate, self._seed, self._adam.steps[:, 0].long(), layer)

    @torch.no_grad()
    def _forecast_valid(self, rows: Tensor) -> None:
        """Forecast a batch of valid for every slot, and add up the loss; rows as those of ``_step``."""
        forecast = self._model(self._valid.inputs(rows), self._valid.alive if self._mixed else None)
        self._forecast.scatter_(1, rows, forecast)
        squared = (forecast - self._valid.targets(rows)).square().mean(dim=1)
        self._losses[1] += squared.double() * (rows.shape[1] / self._shape.valid)

    def _recorded(self, work: Work, batches: Sequence[Tensor]) -> dict[int, Callable[[Tensor], None]]:
        """Return a work on rows, recorded for each size of batch."""
        own: Any = weakref.proxy(self)  # no cycle: the memory of a pack that is let go of is free at once
        return {rows.shape[1]: self._record(partial(work, own), rows) for rows in batches[:: max(1, len(batches) - 1)]}
