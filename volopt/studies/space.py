"""From ``[space]`` to Optuna's distributions, the same for every phase of a study."""

from collections.abc import Mapping

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from volopt.definition.schema import Definition, Range, Scalar
from volopt.definition.space import WHOLE_KEYS

Params = dict[str, Scalar]
Point = tuple[tuple[str, Scalar], ...]


def distributions(definition: Definition) -> dict[str, BaseDistribution]:
    """Return one distribution for each key of ``[space]``."""
    return {key: _distribution(key, entry) for key, entry in definition.space.items()}


def point(params: Mapping[str, Scalar]) -> Point:
    """Return the parameters as something to look up: equal for equal parameters, whatever their order."""
    return tuple(sorted(params.items()))


def _distribution(key: str, entry: Range | tuple[Scalar, ...]) -> BaseDistribution:
    if not isinstance(entry, Range):
        return CategoricalDistribution(entry)
    if key in WHOLE_KEYS:
        return IntDistribution(int(entry.low), int(entry.high), log=entry.log, step=entry.step or 1)
    return FloatDistribution(entry.low, entry.high, log=entry.log)
