"""Optuna's samplers and pruners under the names of the study file."""

import hashlib
import warnings
from collections.abc import Callable

from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, WilcoxonPruner
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    PartialFixedSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)

from volopt.search.space import Params

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "gp": lambda seed: GPSampler(seed=seed),
    "cmaes": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "qmc": lambda seed: QMCSampler(seed=seed, warn_independent_sampling=False),
}

PRUNERS: dict[str, Callable[[int, int], BasePruner]] = {
    "none": lambda rung, epochs: NopPruner(),
    "median": lambda rung, epochs: MedianPruner(n_startup_trials=5, n_warmup_steps=rung + 1),  # not at the first rung
    "hyperband": lambda rung, epochs: HyperbandPruner(min_resource=rung, max_resource=epochs),
    "wilcoxon": lambda rung, epochs: WilcoxonPruner(),
}


def sampler(name: str, seed: int, fixed: Params) -> BaseSampler:
    """Return the sampler of the study file's name that leaves the parameters of ``fixed`` where they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, SAMPLERS[name](seed))


def pruner(name: str, rung: int, epochs: int) -> BasePruner:
    """Return the pruner of the study file's name, for reports every ``rung`` epochs up to ``epochs``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PRUNERS[name](rung, epochs)


def sampler_seed(seed: int, phase: str, proposed: int) -> int:
    """Return the seed of one proposal, so that a resumed study proposes what an undisturbed one would.

    Args:
        seed: the study's.
        phase: the phase's name.
        proposed: points the phase has had proposed before.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}/{phase}/{proposed}".encode()).digest()[:4])
