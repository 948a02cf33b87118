"""Points of ``[space]``, and its distributions in Optuna, the same for all phases of a study."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from volopt.definition.schema import Definition, Phase, Range, Scalar
from volopt.definition.space import WHOLE_KEYS, contains
from volopt.studies.attributes import START

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


def valid_start(phase: Phase, study: optuna.Study, definition: Definition) -> Params | None:
    """Return the stored point from which a phase began, or None; others may have changed it."""
    stored = study.user_attrs.get(START + phase.name)
    valid = isinstance(stored, dict) and all(
        key in definition.space and contains(definition.space[key], value) for key, value in stored.items()
    )
    return stored if valid else None


def is_finite(varied: Mapping[str, BaseDistribution]) -> bool:
    """Return whether no distribution is a range of real numbers."""
    return not any(isinstance(distribution, FloatDistribution) for distribution in varied.values())


def count_points(varied: Mapping[str, BaseDistribution]) -> int:
    """Return the number of points of a finite space."""
    return math.prod(len(_values(distribution)) for distribution in varied.values())


def unknown_point(
    fixed: Params, varied: Mapping[str, BaseDistribution], known: Collection[Point], start: float
) -> Params | None:
    """Return a point of a finite space that is not known, or None where all are.

    Args:
        fixed: the parameters that all points share.
        varied: the distributions of the others.
        known: points of the study.
        start: at which share of the space, from 0 to 1, the search begins.
    """
    values = {key: _values(distribution) for key, distribution in varied.items()}
    size = count_points(varied)
    indices = ((int(start * size) + step) % size for step in range(size))
    points = (fixed | _point_at(index, values) for index in indices)
    return next((params for params in points if point(params) not in known), None)


def _values(distribution: BaseDistribution) -> Sequence[Scalar]:
    if isinstance(distribution, IntDistribution):
        return range(distribution.low, distribution.high + 1, distribution.step)
    assert isinstance(distribution, CategoricalDistribution)
    choices: Sequence[Any] = distribution.choices
    return choices


def _point_at(index: int, values: Mapping[str, Sequence[Scalar]]) -> Params:
    """Return a point by its index; the first key changes fastest."""
    params: Params = {}
    for key, choices in values.items():
        index, digit = divmod(index, len(choices))
        params[key] = choices[digit]
    return params


def _distribution(key: str, entry: Range | tuple[Scalar, ...]) -> BaseDistribution:
    if not isinstance(entry, Range):
        return CategoricalDistribution(entry)
    if key in WHOLE_KEYS:
        return IntDistribution(int(entry.low), int(entry.high), log=entry.log, step=entry.step or 1)
    return FloatDistribution(entry.low, entry.high, log=entry.log)
