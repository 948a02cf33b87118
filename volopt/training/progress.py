"""What the training function returns."""

from dataclasses import dataclass

from volopt.training.curves import Curves
from volopt.training.task import Fit, State


@dataclass(frozen=True)
class Progress:
    """How far a fit has come: the state to go on from, or the finished fit."""

    curves: Curves
    state: State | None = None
    fit: Fit | None = None
