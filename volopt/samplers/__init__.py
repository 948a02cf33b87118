"""The samplers of a phase: one file each, under the name that the study file uses.

To add a sampler, write ``volopt/samplers/NAME.py`` with a ``SAMPLER``. Nothing else names it. Files whose names begin
with an underscore hold classes. Optuna is imported only when a sampler is made, because reading a study file does not
need it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules, resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True)
class Sampler:
    """Describe a sampler.

    Args:
        optuna_class: as ``module:name``; it takes a ``seed``. "" for a grid, which lists its points.
        options: more keyword arguments of the class.
        learns: whether it learns from the results of earlier trials.
        is_slow: whether it may compute for seconds, so that it must not hold a lock meanwhile.
        min_ranges: how many varied keys must have a range in ``[space]``; with fewer it would only draw at random.
    """

    optuna_class: str
    options: Mapping[str, Any] = field(default_factory=dict)
    learns: bool = False
    is_slow: bool = False
    min_ranges: int = 0

    def make(self, seed: int) -> "BaseSampler":
        """Return Optuna's sampler."""
        sampler: BaseSampler = resolve_name(self.optuna_class)(seed=seed, **self.options)
        return sampler


GRID = "grid"
SAMPLERS: dict[str, Sampler] = {
    name: import_module(f"{__name__}.{name}").SAMPLER for _, name, _ in iter_modules(__path__) if name[0] != "_"
}
REMOVED = frozenset({"cmaes"})  # samplers of earlier versions: volopt reads stored studies that name one
