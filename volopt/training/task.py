"""What one fit is, how far it has come, and what it leaves: plain data that can travel and be stored."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from volopt.definition.schema import Definition, Scalar
from volopt.models.cells import CELLS

Arrays = dict[str, NDArray[Any]]
RUNGS = 10  # a trial reports about this many times
FORMAT = 1  # of kept fits: raise it when the same fit would come out with other numbers or metrics


@dataclass(frozen=True)
class Config:
    """The configuration of a network and its training: the values of one trial."""

    cell: str
    hidden_size: int
    num_layers: int
    batch_norm: bool
    dropout: float
    window: int
    learning_rate: float
    batch_size: int | str
    optimizer: str
    weight_decay: float


@dataclass(frozen=True)
class Task:
    """One fit: a configuration and a seed, with all that decides its numbers but the data."""

    config: Config
    seed: int
    epochs: int
    early_stopping: int | None  # patience in epochs
    metric: str  # the objective's, read from the curves
    loss: str = "mse"
    head_outputs: int = 1
    test_in_train_mode: bool = False
    device: str = "cpu"
    precision: str = "highest"
    packed: bool = False  # whether it may be trained in a pack: it has other last digits then, and another key

    @property
    def rung(self) -> int:
        """Epochs from one report to the next."""
        return max(1, self.epochs // RUNGS)

    def key(self, data: tuple[str, list[object]]) -> str:
        """Return the name under which the finished fit is kept.

        Args:
            data: fingerprint and recipe of the dataset.
        """
        decides = asdict(self) | {"device": self.device.partition(":")[0], "data": data, "format": FORMAT}
        del decides["metric"]
        if self.loss == "mse":  # as before there was another
            del decides["loss"]
        if not self.packed:  # as before there were packs
            del decides["packed"]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class State:
    """A fit stopped between two epochs: weights, optimizer, generators, curves, and the best epoch's weights."""

    epoch: int
    arrays: Arrays

    def pack(self) -> tuple[Arrays, dict[str, object]]:
        """Return the state as named arrays and JSON-able facts."""
        return self.arrays, {"epoch": self.epoch}

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> "State":
        """Return the state that ``pack`` took; raises KeyError or TypeError where it is none."""
        return cls(int(facts["epoch"]), dict(arrays))


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Arrays bear the names of ``training.curves`` and ``training.state``: ``curve.valid_mse``, ``weights.head.bias``.
    Forecasts, ``forecast.valid`` and ``forecast.test``, are in the target's original units.
    """

    seed: int
    epochs: int  # trained
    best_epoch: int  # whose weights these are
    metrics: dict[str, float]
    curves: Arrays
    forecasts: Arrays
    weights: Arrays

    def pack(self) -> tuple[Arrays, dict[str, object]]:
        """Return the fit as named arrays and JSON-able facts."""
        facts = {
            "seed": self.seed,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "metrics": self.metrics,
        }
        return self.curves | self.forecasts | self.weights, facts

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> "Fit":
        """Return the fit that ``pack`` took."""
        curves, forecasts, weights = (
            {name: values for name, values in arrays.items() if name.startswith(prefix)}
            for prefix in ("curve.", "forecast.", "weights.")
        )
        return cls(**facts, curves=curves, forecasts=forecasts, weights=weights)


def tasks(
    definition: Definition, params: Mapping[str, Scalar], device: str, precision: str, *, packed: bool = False
) -> list[Task]:
    """Return the fits of one trial, one a seed.

    Args:
        definition: the study's.
        params: the trial's values; keys that are missing stay at the baseline.
        device: resolved.
        precision: ``highest`` or ``medium``, which stays ``highest`` where it would not pay one by one.
        packed: whether fits are trained in packs; those with batch norm, whose statistics are not packed, never are.
    """
    training, published = definition.training, definition.published
    config = Config(**{**definition.baseline(), **params})
    patience = None if training.early_stopping == "none" else int(training.early_stopping)
    return [
        Task(
            config,
            seed,
            training.epochs,
            patience,
            definition.objective.metric,
            loss=training.loss,
            head_outputs=published.head_outputs if published else 1,
            test_in_train_mode=published.test_in_train_mode if published else False,
            device=device,
            precision=precision if packed else _precision(config, device, precision),
            packed=packed and is_packable(config),
        )
        for seed in range(training.seeds)
    ]


def is_packable(config: Config) -> bool:
    """Return whether a pack can train the configuration: it has no batch norm, and its cell has a packed form."""
    return not config.batch_norm and CELLS[config.cell].packing is not None


def _precision(config: Config, device: str, said: str) -> str:
    """Return the precision of a fit by itself: on a CPU a small network's is full, and the fit is kept as such."""
    units = CELLS[config.cell].bfloat16_from
    return "highest" if device == "cpu" and (units is None or config.hidden_size < units) else said
