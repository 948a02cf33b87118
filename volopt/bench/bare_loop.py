"""Train networks with plain torch and nothing else: the bare loop that volopt is measured against.

It imports nothing of volopt, so that its process costs as much as a plain script, without volopt's allocator settings
(``training.allocator``). As a script it trains fits one by one, as the notebooks do, and prints their losses and CPU
seconds as JSON:

    python -m volopt.bench.bare_loop WINDOWS.npz FITS.json [THREADS]

WINDOWS.npz holds ``train``, ``train_targets``, ``valid`` and ``valid_targets``; FITS.json holds a list of ``BareFit``s
as dicts. Without THREADS torch uses its default.
"""

import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

CELLS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}


class Windows(NamedTuple):
    """Hold the windows and targets that a network learns from and is scored on."""

    train: Tensor  # shape: (train days, window, features), scaled
    train_targets: Tensor  # shape: (train days,), scaled
    valid: Tensor  # shape: (valid days, window, features)
    valid_targets: Tensor  # shape: (valid days,)


class BareFit(NamedTuple):
    """Hold one network with its training."""

    cell: str  # a key of ``CELLS``
    hidden_size: int
    num_layers: int
    learning_rate: float
    seed: int
    epochs: int


class BareLosses(NamedTuple):
    """Hold the mean squared errors of each epoch, scaled target: train before the update, valid after it."""

    train: list[float]
    valid: list[float]


class BareNetwork(nn.Module):
    """Stack layers of one cell, with a linear head on the last day."""

    def __init__(self, fit: BareFit, features: int) -> None:
        super().__init__()
        self.recurrent = CELLS[fit.cell](features, fit.hidden_size, fit.num_layers, batch_first=True)
        self.head = nn.Linear(fit.hidden_size, 1)

    def forward(self, inputs: Tensor) -> Tensor:  # shape: (batch, window, features) -> (batch,)
        """Return the forecast for the day after each window."""
        outputs, _ = self.recurrent(inputs)
        forecast: Tensor = self.head(outputs[:, -1])[:, 0]
        return forecast


def train(fit: BareFit, windows: Windows) -> BareLosses:
    """Train on full batches with Adam, and score valid after each epoch."""
    torch.manual_seed(fit.seed)
    network = BareNetwork(fit, windows.train.shape[-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=fit.learning_rate)
    losses = BareLosses([], [])
    for _ in range(fit.epochs):
        network.train()
        optimizer.zero_grad()
        loss = mse_loss(network(windows.train), windows.train_targets)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        optimizer.step()
        losses.train.append(loss.item())
        network.eval()
        with torch.no_grad():
            losses.valid.append(mse_loss(network(windows.valid), windows.valid_targets).item())
    return losses


def read(path: str) -> Windows:
    """Return the windows of an .npz file."""
    with np.load(path) as arrays:
        return Windows(**{name: torch.from_numpy(arrays[name]) for name in Windows._fields})


def main(windows: str, fits: str, threads: str | None = None) -> None:
    """Train the fits one after another and print their losses."""
    if threads is not None:
        torch.set_num_threads(int(threads))
    data = read(windows)
    results = []
    for fit in json.loads(Path(fits).read_text()):
        start = time.process_time()
        losses = train(BareFit(**fit), data)
        results.append(losses._asdict() | {"cpu_seconds": time.process_time() - start})
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
