"""Plan a run: points, fits and time, before anything is trained.

The time of a fit is estimated well enough to start the longest first, and to say how long a run takes.
"""

import math
import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from volopt.definition.schema import Definition, Phase, Range, Scalar
from volopt.definition.space import WHOLE_KEYS
from volopt.models.cells import CELLS
from volopt.pruners import PRUNERS
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params, fixed_params

DRAWS = 64  # of parameters, to estimate the cost of a sampler's proposals
# One thread of a 2020s desktop processor, 1313 windows of 19 days. An epoch takes relative cost · layers ·
# (A + B·h + C·h²) ms, with h units. This fits RNN and LSTM of 5 to 250 units within about 30 %. Small batches cost a
# little more for each step.
A, B, C = 1.6, 0.27, 0.0015
MS_PER_STEP = 1.5
BRANCH_MS = 1.0  # of an epoch, for a static branch with 42 inputs


class PhasePlan(NamedTuple):
    """Tell what is left of one phase."""

    name: str
    sampler: str
    done: int
    total: int
    fits: int  # to train; for a sampler, if it proposes no known point and prunes no trial
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
        missing: returns how many fits of a point are not stored yet.
        cost: returns the estimated CPU seconds of one fit.
    """
    done, total = ledger.progress(phase, definition)
    if phase.is_grid:
        fits = [(missing(params), cost(params)) for params in phase.points(definition) if ledger.is_open(params)]
        count, seconds = sum(number for number, _ in fits), sum(number * each for number, each in fits)
    else:
        draws = _draws(phase, definition)
        count = (total - done) * definition.fits
        seconds = count * sum(map(cost, draws)) / len(draws)
    return PhasePlan(phase.name, phase.sampler, done, total, count, seconds)


def max_fits(phase: Phase, fits: int) -> float:
    """Return how many fits of a phase can be trained at the same time, which its generations may limit.

    Args:
        phase: of the definition.
        fits: of one trial.
    """
    if not phase.in_generations:
        return math.inf
    return phase.batch * (1 if PRUNERS[phase.pruner].seeds == "after" else fits)


def fit_seconds(definition: Definition, params: Params, train_days: float) -> float:
    """Return the estimated CPU seconds of one fit.

    Args:
        definition: the study's.
        params: the trial's.
        train_days: samples of an epoch.
    """
    config = definition.defaults() | params
    units = config["hidden_size"]
    layers = CELLS[config["cell"]].relative_cost * config["num_layers"]
    work = layers * (A + B * units + C * units**2) * config["window"] / 19 * train_days / 1313
    if config["static"] == "branch":
        work += BRANCH_MS * train_days / 1313
    steps = 1 if config["batch_size"] == "full" else train_days / config["batch_size"]
    return float(config["epochs"] * (work + MS_PER_STEP * steps) / 1000)


def _draws(phase: Phase, definition: Definition) -> list[Params]:
    generator = random.Random(0)
    fixed = fixed_params(phase, definition, {})
    varied: Mapping[str, Range | tuple[Scalar, ...]] = {key: definition.space[key] for key in phase.vary}
    return [fixed | {key: _draw(key, entry, generator) for key, entry in varied.items()} for _ in range(DRAWS)]


def _draw(key: str, entry: Range | tuple[Scalar, ...], generator: random.Random) -> Scalar:
    if not isinstance(entry, Range):
        return generator.choice(entry)
    share = generator.random()
    value = entry.low * (entry.high / entry.low) ** share if entry.log else entry.low + share * (entry.high - entry.low)
    return round(value) if key in WHOLE_KEYS else value
