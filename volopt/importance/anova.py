"""Exact analysis of variance of a full grid, with the seeds as replicates.

The table holds every point of the grid with the same number of seeds, so the effects are orthogonal. The variance of an
effect is the mean over the grid of its squared contributions. The seeds scatter, and so do the means over them. This
adds ``df × noise / (seeds × points)`` to the observed variance of an effect of ``df`` degrees of freedom, also where
the noise differs between points. It is subtracted, as in omega squared (Hays 1963), so that an effect that does not
exist is 0 on average.

Seeds count as replicates, not as blocks: trials share the seeds' numbers, but networks of another size, cell or depth
draw other weights from the same random stream.

The draws remove noise from the observed effects, drawn as the seeds show it: fiducial draws (Hannig 2009). For a single
effect and equal noise they agree with the exact interval of the noncentral F distribution (Steiger 2004). Bootstrap
draws would add noise a second time, which makes weak effects large.
"""

from collections.abc import Sequence
from itertools import combinations
from math import prod
from typing import NamedTuple

import numpy as np

from volopt.importance.bars import Bar, Importance, shares, with_draws
from volopt.metrics import Array

METHOD = "ANOVA"
SEEDS = "seeds"  # the bar of the variance between the seeds of a point
HIGHER, OTHERS = "higher interactions", "other interactions"
MAX_INTERACTIONS = 6  # bars of their own; the rest share the bar ``OTHERS``
DRAWS, RANDOM = 2_000, 0  # number of draws, and their seed
CHUNK = 1_000_000  # numbers that draws hold at once


class Effects(NamedTuple):
    """Hold the projections of tables of means on each effect; the parameters' come first."""

    names: list[str]
    df: Array
    tables: list[Array]  # shape of each: (tables, values of the effect's parameters, 1 for the others)

    def mean_squares(self) -> Array:
        """Return the mean square of each effect; shape: (tables, effects)."""
        return np.stack([_inner(table, table) for table in self.tables], axis=1)


def effects(means: Array, names: Sequence[str]) -> Effects:
    """Return main effects, interactions of two, and the sum of all higher interactions.

    Args:
        means: tables with one axis for each parameter; shape: (tables, values of each parameter …).
        names: of the parameters.
    """
    sizes, axes = means.shape[1:], range(len(names))
    rest = _centred(means)
    labels, df, tables = [], [], []
    for count in (1, 2):
        projected = {kept: _mean_except(rest, kept) for kept in combinations(axes, count)}
        for kept, table in projected.items():
            labels.append(" × ".join(names[axis] for axis in kept))
            df.append(prod(sizes[axis] - 1 for axis in kept))
            tables.append(table)
        for table in projected.values():
            rest = rest - table
    if len(names) > 2:
        labels.append(" × ".join(names) if len(names) == 3 else HIGHER)
        df.append(prod(sizes) - 1 - sum(df))
        tables.append(rest)
    return Effects(labels, np.array(df, dtype=float), tables)


def components(table: Array, names: Sequence[str]) -> dict[str, float]:
    """Return the variances of effects and seeds without bias; their sum is the variance of the whole table.

    Args:
        table: one axis for each parameter, the last one for the seeds (two or more).
        names: of the parameters.
    """
    projected = effects(table.mean(axis=-1)[None], names)
    noise = _noise(table)
    corrected = projected.mean_squares()[0] - projected.df * noise / table.size
    return dict(zip(projected.names, corrected.tolist(), strict=True)) | {SEEDS: noise}


def importance(phase: str, table: Array, names: Sequence[str]) -> Importance:
    """Return the shares of the variance of a full grid, with 95 % intervals over seeds if there are two or more.

    Args:
        phase: the name of the grid.
        table: of the objective, as ``components`` takes it; its variance is not 0.
        names: of the parameters.
    """
    points, seeds = table[..., 0].size, table.shape[-1]
    if seeds == 1:
        projected = effects(table.mean(axis=-1)[None], names)
        labels, values = projected.names, shares(projected.mean_squares()[0])
        draws = np.empty((0, len(values)))
    else:
        variances = components(table, names)
        labels, values = list(variances), shares(np.array(list(variances.values())))
        draws = _draws(table, names)
    labels, values, draws = _largest(labels, values, draws, len(names))
    bars = [Bar(name, float(value)) for name, value in zip(labels, values, strict=True)]
    alone = Importance(phase, METHOD, points, SEEDS, bars, len(names))
    return with_draws(alone, draws, seeds) if len(draws) else alone


def _largest(labels: Sequence[str], values: Array, draws: Array, parameters: int) -> tuple[list[str], Array, Array]:
    """Return the bars in the order of the study file, where small interactions share one bar."""
    interactions = [index for index in range(parameters, len(labels)) if labels[index] != SEEDS]
    kept = set(sorted(interactions, key=lambda index: -values[index])[:MAX_INTERACTIONS])
    rest = [index for index in interactions if index not in kept]
    if len(rest) < 2:
        return list(labels), values, draws
    order = [index for index in range(len(labels)) if index not in rest]
    names = [labels[index] for index in order]
    at = names.index(SEEDS) if SEEDS in names else len(names)
    names.insert(at, OTHERS)
    values = np.insert(values[order], at, values[rest].sum())
    return names, values, np.insert(draws[:, order], at, draws[:, rest].sum(axis=1), axis=1)


def _draws(table: Array, names: Sequence[str]) -> Array:
    """Return draws of the shares of effects and seeds; shape: (draws, effects + 1)."""
    generator = np.random.default_rng(RANDOM)
    pieces = max(1, DRAWS * table[..., 0].size // CHUNK)
    return np.concatenate([_draw(table, names, DRAWS // pieces, generator) for _ in range(pieces)])


def _draw(table: Array, names: Sequence[str], count: int, generator: np.random.Generator) -> Array:
    seeds, noise, variances = table.shape[-1], _noise(table), table.var(axis=-1, ddof=1)
    df = _noise_df(variances, seeds)
    scale = df / generator.chisquare(df, count)
    deviations = np.sqrt(scale.reshape(-1, *[1] * len(names)) * variances / seeds)
    errors, means = deviations * generator.standard_normal((count, *variances.shape)), table.mean(axis=-1)[None]
    pairs = zip(effects(means, names).tables, effects(errors, names).tables, strict=True)
    parts = np.column_stack([*(_without(effect, error) ** 2 for effect, error in pairs), scale * noise])
    # No effect is drawn below 0, so the sum of weak ones is too large. For the seeds' share all count as one effect.
    everything = _without(_centred(means), _centred(errors)) ** 2
    return np.column_stack([shares(parts)[:, :-1], scale * noise / (scale * noise + everything)])


def _without(effect: Array, error: Array) -> Array:
    """Return how large an effect is without each error; 0 where the error alone is larger than what was observed."""
    size = np.sqrt(_inner(effect, effect))
    along = _inner(effect, error) / np.where(size > 0, size, 1.0)
    left = size**2 - (_inner(error, error) - along**2)
    return np.where(left > 0, np.maximum(np.sqrt(np.maximum(left, 0.0)) - along, 0.0), 0.0)


def _noise(table: Array) -> float:
    return float(table.var(axis=-1, ddof=1).mean())


def _noise_df(variances: Array, seeds: int) -> float:
    """Return the degrees of freedom of the mean of the points' variances (Satterthwaite 1946).

    Fourth powers of the true deviations are estimated without bias for normal seeds.
    """
    fourth = np.square(variances).sum() * (seeds - 1) / (seeds + 1)
    return float(variances.sum() ** 2 * (seeds - 1) / fourth) if fourth > 0 else 1.0


def _centred(tables: Array) -> Array:
    centred: Array = tables - tables.mean(axis=tuple(range(1, tables.ndim)), keepdims=True)
    return centred


def _inner(a: Array, b: Array) -> Array:
    products: Array = (a * b).reshape(max(len(a), len(b)), -1).mean(axis=1)
    return products


def _mean_except(tables: Array, kept: Sequence[int]) -> Array:
    others = tuple(1 + axis for axis in range(tables.ndim - 1) if axis not in kept)
    return tables.mean(axis=others, keepdims=True) if others else tables
