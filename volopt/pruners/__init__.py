"""The pruners of a phase: one file each, under the name that the study file uses.

To add a pruner, write ``volopt/pruners/NAME.py`` with a ``PRUNER``. Nothing else names it. Optuna is imported only when
a pruner is made, because reading a study file does not need it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules, resolve_name
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from optuna.pruners import BasePruner


@dataclass(frozen=True)
class Pruner:
    """Describe a pruner.

    Args:
        optuna_class: as ``module:name``.
        options: returns the keyword arguments of the class, given the epochs of a rung and of a whole fit.
        seeds: how the seeds of a trial are trained: each ``freely``, all ``together`` from rung to rung, or one
            ``after`` the other.
        reports: what a trial reports: its mean at each ``rung``; the value of each finished ``seed``; the rungs of its
            ``first seed`` and then the mean of two, three and more finished seeds; or the rungs of its first fit and
            then the value of each finished ``block``, which is a fit: one seed, on one period.
    """

    optuna_class: str
    options: Callable[[int, int], dict[str, Any]] = lambda rung, epochs: {}
    seeds: Literal["freely", "together", "after"] = "together"
    reports: Literal["rung", "seed", "first seed", "block"] = "rung"

    def make(self, rung: int, epochs: int) -> "BasePruner":
        """Return Optuna's pruner for reports every ``rung`` epochs, up to ``epochs``."""
        pruner: BasePruner = resolve_name(self.optuna_class)(**self.options(rung, epochs))
        return pruner


NO_PRUNER = "none"
PRUNERS: dict[str, Pruner] = {
    name: import_module(f"{__name__}.{name}").PRUNER for _, name, _ in iter_modules(__path__) if name[0] != "_"
}
