"""Points of ``[space]``, and its distributions in Optuna, the same for all phases of a study."""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from volopt.definition.schema import Definition, Phase, Range, Scalar
from volopt.definition.space import WHOLE_KEYS

Params = dict[str, Scalar]
Point = tuple[tuple[str, Scalar], ...]


def distributions(definition: Definition) -> dict[str, BaseDistribution]:
    """Return one distribution for each key of ``[space]``."""
    return {key: _distribution(key, entry) for key, entry in definition.space.items()}


def point(params: Mapping[str, Scalar]) -> Point:
    """Return the parameters as a key: equal for equal parameters in any order."""
    return tuple(sorted(params.items()))


def fixed_params(phase: Phase, definition: Definition, best: Params) -> Params:
    """Return the parameters of ``[space]`` that a phase does not vary, with their values."""
    varied = phase.grid if phase.is_grid else phase.vary
    values = definition.defaults() | best | phase.fix
    return {key: values[key] for key in definition.space if key not in varied}


def _distribution(key: str, entry: Range | tuple[Scalar, ...]) -> BaseDistribution:
    if not isinstance(entry, Range):
        return CategoricalDistribution(entry)
    if key in WHOLE_KEYS:
        return IntDistribution(int(entry.low), int(entry.high), log=entry.log, step=entry.step or 1)
    return FloatDistribution(entry.low, entry.high, log=entry.log)
