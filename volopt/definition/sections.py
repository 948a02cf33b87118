"""The tables of a study file without phases: data, model, training, objective, and the published protocol."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from volopt.definition.expressions import parse
from volopt.definition.units import target_kind
from volopt.definition.values import (
    ALL,
    Expression,
    Expressions,
    FileName,
    Flag,
    Instrument,
    Instruments,
    Periods,
    Span,
    StaticExpressions,
    TomlTable,
    number,
    whole,
)
from volopt.models.cells import CELLS

if TYPE_CHECKING:
    CellName = str
else:
    CellName = Literal[tuple(CELLS)]

DIRECTIONS = {"valid_mse": "minimize", "valid_log_mse": "minimize", "valid_log_r2": "maximize"}


def _later(default: Any) -> Any:
    """Return the field of a key that earlier versions did not have: with its default, a definition keeps its digest."""
    return Field(default=default, exclude_if=lambda value: value == default)


class Files(TomlTable):
    """Hold ``[data.files]``: two CSV files of the data directory, which replace a qlib provider."""

    history: FileName
    test: FileName


class StaticInput(NamedTuple):
    """Hold a static input: its expression, the expression to read for it, and whether the level is subtracted."""

    name: str
    read: str
    is_anchored: bool


class Data(TomlTable):
    """Hold ``[data]``: the target, the features, and the days of each split, both ends included.

    ``valid`` has one period or several, in order of time. Each period is forecast by networks that are trained on the
    days before it: the first period on ``train``, the others on all days from the first one of ``train`` on.

    The data have one ``instrument``, or several ``instruments`` that one network learns from, each scaled by itself.
    ``"all"`` means all instruments of the provider except indices.
    """

    instrument: Instrument | None = None
    instruments: Instruments | None = None  # a panel
    features: Expressions
    static: StaticExpressions = _later(())
    target: Expression
    transform: Literal["none", "log"] = "none"
    anchor: Literal["none", "window_mean"] = "none"
    scaling: Literal["minmax", "standard"] = "minmax"
    train: Span | None = None
    valid: Periods | None = None
    test: Span | None = None
    files: Files | None = None

    @property
    def static_inputs(self) -> tuple[StaticInput, ...]:
        """Return the static inputs. Those of the target's kind are transformed and anchored as the target is."""
        log, anchored, target = self.transform == "log", self.anchor == "window_mean", parse(self.target)
        inputs = []
        for name in self.static:
            kind = target_kind(parse(name), target)
            is_anchored = anchored and (kind == "target" or (log and kind == "log target"))
            inputs.append(StaticInput(name, f"Log({name})" if log and kind == "target" else name, is_anchored))
        return tuple(inputs)

    @property
    def valid_span(self) -> tuple[date, date] | None:
        """Return the first and the last day of all valid periods."""
        return (self.valid[0][0], self.valid[-1][1]) if self.valid else None

    @property
    def has_periods(self) -> bool:
        """Return whether there are several valid periods."""
        return len(self.valid or ()) > 1

    @property
    def is_panel(self) -> bool:
        """Return whether one network learns from several instruments."""
        return self.instruments is not None

    @property
    def subject(self) -> str:
        """Return the instruments in a few words."""
        if self.instruments is None:
            return str(self.instrument)
        return "all instruments" if self.instruments == ALL else f"{len(self.instruments)} instruments"


class Published(TomlTable):
    """Hold ``[published]``: mistakes of the paper's notebooks, which volopt repeats to reproduce their figures.

    - ``scale_each_file``: use minimum and maximum of the whole history, valid included, and those of the test file for
      the test. Training then knows the range of future days, and one scaled value means two volumes.
    - ``train_fraction``: train on this fraction of the windows instead of the days before a date. The split then moves
      with the window, so that different windows are compared on different days.
    - ``drop_last_window``: leave out the last window of the history (an off-by-one error).
    - ``test_window``: score the test file with this number of input days, whatever the network was trained on.
    - ``head_outputs``: give the head this number of outputs and use the last one; the others learn nothing.
    - ``test_in_train_mode``: let batch norm use the statistics of the test days, future days among them.
    """

    test_window: Annotated[int, whole(1, 2000)]
    train_fraction: Annotated[float, number("a number between 0 and 1", gt=0, lt=1)]
    scale_each_file: Flag = False
    drop_last_window: Flag = False
    head_outputs: Annotated[int, whole(1, 1000)] = 1
    test_in_train_mode: Flag = False


class Model(TomlTable):
    """Hold ``[model]``: the defaults of the network. ``window`` counts input days; the target is the day after.

    With ``static = "branch"`` the network sees the static inputs beside the window. With ``cell = "none"`` it sees them
    alone: ``hidden_size``, ``num_layers`` and ``batch_norm`` are then not used.
    """

    cell: CellName = "LSTM"
    hidden_size: Annotated[int, whole(1, 4096)] = 5
    num_layers: Annotated[int, whole(1, 100)] = 1
    batch_norm: Flag = False
    dropout: Annotated[float, number("a number from 0 to below 1", ge=0, lt=1)] = 0.0
    window: Annotated[int, whole(1, 2000)] = 20
    static: Literal["none", "branch"] = _later("none")


class Training(TomlTable):
    """Hold ``[training]``: how a configuration is trained.

    - ``huber_delta``: the error beyond which the Huber loss is linear, in units of the scaled target.
    - ``loss_weight``: ``instrument`` weighs each sample by 1 / the variance of its instrument's scaled target on train.
      With ``scaling = "standard"`` these variances are 1, or near it without an anchor.
    - ``schedule``: ``onecycle`` raises the learning rate to ``learning_rate`` and then lowers it to almost 0.
    - ``gradient_clip``: the highest norm of all gradients together.
    - ``early_stopping``: a patience in epochs.
    """

    epochs: Annotated[int, whole(1, 1_000_000)] = 100
    loss: Literal["mse", "huber"] = "mse"
    huber_delta: Annotated[float, number("a number above 0, at most 1000", gt=0, le=1000)] = _later(1.0)
    loss_weight: Literal["none", "instrument"] = _later("none")
    learning_rate: Annotated[float, number("a number above 0, at most 10", gt=0, le=10)] = 0.005
    schedule: Literal["constant", "onecycle"] = _later("constant")
    gradient_clip: Annotated[float, number("a number above 0, at most 1000", gt=0, le=1000)] | Literal["none"] = _later(
        "none"
    )
    batch_size: Annotated[int, whole(1, 1_000_000)] | Literal["full"] = "full"
    optimizer: Literal["adam", "adamw"] = "adam"
    weight_decay: Annotated[float, number("a number from 0 to 10", ge=0, le=10)] = 0.0
    seeds: Annotated[int, whole(1, 1000)] = 3
    early_stopping: Annotated[int, whole(1, 1_000_000)] | Literal["none"] = "none"
    retries: Annotated[int, whole(0, 1000)] = 2


class ForecastRule(TomlTable):
    """Hold ``[forecast]``: what becomes of the networks' forecasts in a backtest and in a bundle. No trial uses it.

    - ``combine``: forecast with the mean of the seeds (``none``), the ``mean`` of the seeds, pooled ridge and pooled
      LightGBM, or with weights of network, ridge and LightGBM that past out-of-sample errors decide (``stack``).
    - ``after_suspension``: what forecasts the day on which a stock resumes trade, the ``network`` or ``har``.
    """

    combine: Literal["none", "mean", "stack"] = "none"
    after_suspension: Literal["network", "har"] = "network"


def _valid_only(metric: object) -> object:
    if isinstance(metric, str) and "test_" in metric:
        raise ValueError(f'found "{metric}", but the test split is not used for selection; write a valid_ metric')
    if isinstance(metric, str) and metric.startswith("train_"):
        raise ValueError(f'found "{metric}", which rewards overfitting; write a valid_ metric')
    return metric


class Objective(TomlTable):
    """Hold ``[objective]``: the metric by which trials are compared. Each metric has one direction."""

    metric: Annotated[Literal["valid_mse", "valid_log_mse", "valid_log_r2"], BeforeValidator(_valid_only)] = "valid_mse"
    direction: Literal["minimize", "maximize"] = Field(default_factory=lambda so_far: _direction(so_far))


def _direction(so_far: dict[str, Any]) -> Any:
    return DIRECTIONS.get(so_far.get("metric", ""))
