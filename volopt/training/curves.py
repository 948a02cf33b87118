"""Learning curves of one fit, as they grow, and what a fit is worth at an epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from volopt.training.task import Arrays


@dataclass
class Curves:
    """A loss an epoch, and records of some epochs: the first, the rungs and, with early stopping, each best so far.

    ``train_mse`` is from before the epoch's update, as the paper's notebooks print it, ``valid_mse`` from after it.
    """

    train_mse: list[float] = field(default_factory=list)
    valid_mse: list[float] = field(default_factory=list)
    record_epoch: list[int] = field(default_factory=list)
    gradient_norm: list[list[float]] = field(default_factory=list)  # shape: (records, layers), first layer first
    valid_log_mse: list[float] = field(default_factory=list)
    valid_log_r2: list[float] = field(default_factory=list)

    def best_epoch(self, until: int | None = None) -> int:
        """Return the first epoch with the lowest valid_mse, counted from 1, among all or those up to ``until``."""
        return int(np.argmin(self.valid_mse[:until])) + 1

    def value(self, metric: str, epoch: int, keeps_best: bool) -> float:
        """Return a metric at a recorded epoch, or at the best one up to it where the best epoch's weights are kept."""
        at = self.best_epoch(epoch) if keeps_best else epoch
        if metric == "valid_mse":
            return self.valid_mse[at - 1]
        return float(getattr(self, metric)[self.record_epoch.index(at)])

    def record(self, gradient_norm: list[float], log_scores: Mapping[str, float]) -> None:
        """Record the latest epoch.

        Args:
            gradient_norm: of each recurrent layer, first layer first.
            log_scores: with ``valid_log_mse`` and ``valid_log_r2``.
        """
        self.record_epoch.append(len(self.train_mse))
        self.gradient_norm.append(gradient_norm)
        self.valid_log_mse.append(log_scores["valid_log_mse"])
        self.valid_log_r2.append(log_scores["valid_log_r2"])

    def to_arrays(self) -> Arrays:
        """Return the curves as arrays named ``curve.<name>``."""
        return {f"curve.{name}": np.asarray(values) for name, values in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Curves":
        """Return the curves that ``to_arrays`` took."""
        prefix = "curve."
        return cls(**{k.removeprefix(prefix): v.tolist() for k, v in arrays.items() if k.startswith(prefix)})
