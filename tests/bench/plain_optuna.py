"""Train the same fits with a plain Optuna script: one process, a SQLite file, a report every epoch.

    python tests/bench/plain_optuna.py WINDOWS.npz FITS.json FILE.db

A reference for grid.py. It prints the losses as `volopt.bench.bare_loop` does, and uses torch's default threads.
"""

import json
import sys
from pathlib import Path

import optuna
import torch
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

from volopt.bench.bare_loop import BareFit, BareLosses, BareNetwork, Windows, read


def train(fit: BareFit, windows: Windows, trial: optuna.Trial) -> BareLosses:
    torch.manual_seed(fit.seed)
    network = BareNetwork(fit, windows.train.shape[-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=fit.learning_rate)
    train_loader = DataLoader(TensorDataset(windows.train, windows.train_targets), batch_size=len(windows.train))
    valid_loader = DataLoader(TensorDataset(windows.valid, windows.valid_targets), batch_size=len(windows.valid))
    losses = BareLosses([], [])
    for epoch in range(fit.epochs):
        network.train()
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            loss = mse_loss(network(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.train.append(loss.item())
        network.eval()
        with torch.no_grad():
            for inputs, targets in valid_loader:
                losses.valid.append(mse_loss(network(inputs), targets).item())
        trial.report(losses.valid[-1], epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return losses


def main(windows: str, fits: str, database: str) -> None:
    data = read(windows)
    queued = [BareFit(**fit) for fit in json.loads(Path(fits).read_text())]
    results = []

    def objective(trial: optuna.Trial) -> float:
        cell = trial.suggest_categorical("cell", ["RNN", "LSTM"])
        hidden_size = trial.suggest_categorical("hidden_size", [5, 25, 125, 250])
        num_layers = trial.suggest_categorical("num_layers", [1, 5, 15, 25])
        fit = BareFit(cell, hidden_size, num_layers, queued[0].learning_rate, queued[0].seed, queued[0].epochs)
        results.append(train(fit, data, trial))
        return results[-1].valid[-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=f"sqlite:///{database}", pruner=optuna.pruners.NopPruner())
    for fit in queued:
        study.enqueue_trial({"cell": fit.cell, "hidden_size": fit.hidden_size, "num_layers": fit.num_layers})
    study.optimize(objective, n_trials=len(queued))
    print(json.dumps([losses._asdict() for losses in results]))


if __name__ == "__main__":
    main(*sys.argv[1:])
