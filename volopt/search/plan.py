"""What a run would do: points, fits and time, before anything is trained."""

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from volopt.definition.schema import Definition, Phase, Range, Scalar
from volopt.definition.space import WHOLE_KEYS
from volopt.studies.ledger import Ledger
from volopt.studies.phases import progress, stationary
from volopt.studies.space import Params

DRAWS = 64  # of parameters, to price what a sampler will propose


class PhasePlan(NamedTuple):
    """What is left of one phase."""

    name: str
    sampler: str
    done: int
    total: int
    fits: int  # to train; for a sampler, if it proposes nothing known and nothing is pruned
    seconds: float  # CPU, estimated


def plan(
    phase: Phase,
    definition: Definition,
    ledger: Ledger,
    missing: Callable[[Params], int],
    cost: Callable[[Params], float],
) -> PhasePlan:
    """Return what is left of a phase.

    Args:
        phase: of the definition.
        definition: the study's.
        ledger: of the study's trials so far.
        missing: how many fits of a point are not kept yet.
        cost: estimated CPU seconds of one fit.
    """
    done, total = progress(phase, definition, ledger)
    if phase.sampler == "grid":
        left = [params for params in phase.points(definition) if ledger.is_open(params)]
        fits = [(missing(params), cost(params)) for params in left]
        return PhasePlan(
            phase.name, phase.sampler, done, total, sum(n for n, _ in fits), sum(n * each for n, each in fits)
        )
    number = (total - done) * definition.training.seeds
    draws = _draws(phase, definition)
    return PhasePlan(phase.name, phase.sampler, done, total, number, number * sum(map(cost, draws)) / len(draws))


def _draws(phase: Phase, definition: Definition) -> list[Params]:
    generator = random.Random(0)
    stays = stationary(phase, definition, {})
    moving: Mapping[str, Range | tuple[Scalar, ...]] = {key: definition.space[key] for key in phase.vary}
    return [stays | {key: _draw(key, entry, generator) for key, entry in moving.items()} for _ in range(DRAWS)]


def _draw(key: str, entry: Range | tuple[Scalar, ...], generator: random.Random) -> Scalar:
    if not isinstance(entry, Range):
        return generator.choice(entry)
    share = generator.random()
    value = entry.low * (entry.high / entry.low) ** share if entry.log else entry.low + share * (entry.high - entry.low)
    return round(value) if key in WHOLE_KEYS else value
