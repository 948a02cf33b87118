"""Optuna's samplers under the names of the study file."""

import hashlib
import warnings
from collections.abc import Callable

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    PartialFixedSampler,
    QMCSampler,
    RandomSampler,
)

from volopt.search.samplers.cmaes import GuardedCmaEsSampler
from volopt.search.samplers.tpe import WindowedTPESampler
from volopt.studies.space import Params

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: WindowedTPESampler(seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "gp": lambda seed: GPSampler(seed=seed),
    "cmaes": lambda seed: GuardedCmaEsSampler(seed=seed, warn_independent_sampling=False),
    "qmc": lambda seed: QMCSampler(seed=seed, warn_independent_sampling=False),
}


def sampler(name: str, seed: int, fixed: Params) -> BaseSampler:
    """Return the sampler of the study file's name that leaves the parameters of ``fixed`` where they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, SAMPLERS[name](seed))


def sampler_seed(seed: int, phase: str, proposed: int) -> int:
    """Return the seed of one proposal, so that a resumed study proposes what an undisturbed one would.

    Args:
        seed: the study's.
        phase: the phase's name.
        proposed: points the phase has had proposed before.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}/{phase}/{proposed}".encode()).digest()[:4])
