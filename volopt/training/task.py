"""A fit before, during and after training, as plain data that can be sent and stored."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from volopt.definition.schema import Definition, Scalar
from volopt.models.cells import CELLS

Arrays = dict[str, NDArray[Any]]
# Settings of later versions. Where one has its default, a fit keeps the key that it had before.
_LATER = ("loss", "packed", "schedule", "gradient_clip", "huber_delta", "loss_weight")
_NOT_PACKED = ("schedule", "gradient_clip", "huber_delta", "loss_weight")  # packs know only the default of these
RUNGS = 10  # a trial reports about as many times
FORMAT = 1  # of stored fits: raise it when the same fit would have other numbers or metrics


@dataclass(frozen=True)
class Config:
    """Hold the configuration of a network and its training: the parameters of one trial."""

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
    static: str = "none"

    @classmethod
    def of(cls, definition: Definition, params: Mapping[str, Scalar]) -> Self:
        """Return the configuration of a trial's parameters; missing keys keep the study's defaults."""
        values = {**definition.defaults(), **params}
        return cls(**{each.name: values[each.name] for each in fields(cls)})


@dataclass(frozen=True)
class Task:
    """Describe one fit: a configuration, a seed, and all other settings that decide its numbers, except the data."""

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
    packed: bool = False  # whether a pack may train it: its results then differ by rounding, and so does its key
    period: int = 0  # index of the study's valid period; its dataset decides the key
    schedule: str = "constant"
    gradient_clip: float | None = None  # highest norm of all gradients
    huber_delta: float = 1.0
    loss_weight: str = "none"

    @property
    def rung(self) -> int:
        """Return the epochs from one report to the next."""
        return rung(self.epochs)

    def key(self, data: tuple[str, list[object]]) -> str:
        """Return the key under which the finished fit is stored.

        Args:
            data: fingerprint and recipe of the dataset of its period.
        """
        settings = asdict(self) | {"device": self.device.partition(":")[0], "data": data, "format": FORMAT}
        del settings["metric"], settings["period"]
        for name in _LATER:
            if settings[name] == getattr(Task, name):
                del settings[name]
        unused = ["static"] if self.config.static == "none" else []
        if CELLS[self.config.cell].module is None:  # so a grid over them trains this network once
            unused += ["hidden_size", "num_layers", "batch_norm"]
        settings["config"] = {name: value for name, value in settings["config"].items() if name not in unused}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass
class Curves:
    """Hold a loss for each epoch, and records of some epochs: the first, the rungs, and each best one so far.

    ``train_mse`` is from before the epoch's update, as the paper's notebooks print it, ``valid_mse`` from after it.
    Only early stopping records the best epochs.
    """

    train_mse: list[float] = field(default_factory=list)
    valid_mse: list[float] = field(default_factory=list)
    record_epoch: list[int] = field(default_factory=list)
    gradient_norm: list[list[float]] = field(default_factory=list)  # shape: (records, layers), first layer first
    valid_log_mse: list[float] = field(default_factory=list)
    valid_log_r2: list[float] = field(default_factory=list)

    def best_epoch(self, until: int | None = None) -> int:
        """Return the first epoch with the lowest valid_mse, counted from 1, of all epochs or those up to ``until``."""
        return int(np.argmin(self.valid_mse[:until])) + 1

    def value(self, metric: str, epoch: int, keeps_best: bool) -> float:
        """Return a metric at a recorded epoch; where the best weights are kept, at the best epoch up to it."""
        at = self.best_epoch(epoch) if keeps_best else epoch
        if metric == "valid_mse":
            return self.valid_mse[at - 1]
        return float(getattr(self, metric)[self.record_epoch.index(at)])

    def record(self, gradient_norm: list[float], log_scores: Mapping[str, float]) -> None:
        """Record the latest epoch.

        Args:
            gradient_norm: of each recurrent layer, first layer first; without such layers nothing of it is recorded.
            log_scores: with ``valid_log_mse`` and ``valid_log_r2``.
        """
        self.record_epoch.append(len(self.train_mse))
        if gradient_norm:
            self.gradient_norm.append(gradient_norm)
        self.valid_log_mse.append(log_scores["valid_log_mse"])
        self.valid_log_r2.append(log_scores["valid_log_r2"])

    def to_arrays(self) -> Arrays:
        """Return the curves as arrays named ``curve.<name>``."""
        return {f"curve.{name}": np.asarray(values) for name, values in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Curves":
        """Return the curves of the arrays that ``to_arrays`` returned."""
        prefix = "curve."
        return cls(**{k.removeprefix(prefix): v.tolist() for k, v in arrays.items() if k.startswith(prefix)})


@dataclass(frozen=True, kw_only=True)
class _FitArrays:
    """Hold named arrays, with JSON-able facts in the other fields."""

    arrays: Arrays

    @property
    def curves(self) -> Curves:
        """Return the learning curves."""
        return Curves.from_arrays(self.arrays)

    def pack(self) -> tuple[Arrays, dict[str, object]]:
        """Return the arrays and the facts."""
        return self.arrays, {name: value for name, value in vars(self).items() if name != "arrays"}

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Self:
        """Return the object of ``pack``'s results; raises TypeError where they are of another kind."""
        return cls(arrays=dict(arrays), **facts)


@dataclass(frozen=True)
class State(_FitArrays):
    """Hold a fit between two epochs: weights, optimizer, generators, curves, and the best epoch's weights."""

    epoch: int


@dataclass(frozen=True)
class Fit(_FitArrays):
    """Hold a finished fit.

    Arrays have the names of ``Curves`` and ``training.state``: ``curve.valid_mse``, ``weights.head.bias``.
    The forecasts ``forecast.valid`` and ``forecast.test`` are in original units.
    """

    seed: int
    epochs: int  # that were trained
    best_epoch: int  # of these weights
    metrics: dict[str, float]


def rung(epochs: int) -> int:
    """Return the epochs from one report of a fit to the next."""
    return max(1, epochs // RUNGS)


def tasks(
    definition: Definition,
    params: Mapping[str, Scalar],
    device: str,
    precision: str,
    *,
    packed: bool = False,
    periods: int = 1,
) -> list[Task]:
    """Return the fits of one trial, one a seed and period: those of the first seed by period, then of the second.

    Args:
        definition: the study's.
        params: the trial's parameters; missing keys keep their defaults.
        device: resolved.
        precision: ``highest`` or ``medium``; a fit that ``medium`` would not speed up has ``highest``.
        packed: whether packs train the fits that can be packed.
        periods: valid periods of the dataset.
    """
    training, published = definition.training, definition.published
    config = Config.of(definition, params)
    task = Task(
        config,
        0,
        int({**definition.defaults(), **params}["epochs"]),
        None if training.early_stopping == "none" else int(training.early_stopping),
        definition.objective.metric,
        loss=training.loss,
        head_outputs=published.head_outputs if published else 1,
        test_in_train_mode=published.test_in_train_mode if published else False,
        device=device,
        precision=precision if packed else _precision(config, device, precision),
        schedule=training.schedule,
        gradient_clip=None if training.gradient_clip == "none" else float(training.gradient_clip),
        huber_delta=training.huber_delta,
        loss_weight=training.loss_weight,
    )
    task = replace(task, packed=packed and is_packable(task))
    return [replace(task, seed=seed, period=period) for seed in range(training.seeds) for period in range(periods)]


def is_packable(task: Task) -> bool:
    """Return whether a pack can train a fit.

    Its network has no batch norm and no static branch, its cell has a packed form, and its training has no option that
    packs do not know.
    """
    config = task.config
    can_train = all(getattr(task, name) == getattr(Task, name) for name in _NOT_PACKED)
    return can_train and not config.batch_norm and config.static == "none" and CELLS[config.cell].packing is not None


def _precision(config: Config, device: str, precision: str) -> str:
    """Return the precision of a fit that is not packed. On a CPU a small network keeps the highest."""
    units = CELLS[config.cell].bfloat16_from
    return "highest" if device == "cpu" and (units is None or config.hidden_size < units) else precision
