"""Optuna's CMA-ES sampler, safe with the database of a stranger.

Optuna keeps the state of the optimizer as a pickle in attributes of trials, and a pickle may call anything that it
names. Here it can name what a state is made of and nothing else, and what comes out is looked at before it is used.
"""

import io
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
from cmaes import CMA  # type: ignore[import-untyped]
from optuna.samplers import CmaEsSampler
from optuna.trial import FrozenTrial

from volopt.definition.plain import shortened
from volopt.errors import StorageError

PARTS = frozenset(
    {
        ("cmaes._cma", "CMA"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
    }
)
MOST_DIMENSIONS = 100


class GuardedCmaEsSampler(CmaEsSampler):
    """Optuna's sampler, which restores its optimizer as ``restore`` does."""

    def _restore_optimizer(self, completed_trials: Sequence[FrozenTrial]) -> Any:
        """Return the optimizer of the last trial that has one, as the method of Optuna does that unpickles."""
        prefix = self._attr_key_optimizer
        for trial in reversed(completed_trials):
            parts = {key: value for key, value in trial.system_attrs.items() if key.startswith(prefix)}
            if parts:
                return restore([parts.get(f"{prefix}:{number}") for number in range(len(parts))], trial.number)
        return None


def restore(parts: Sequence[Any], number: int) -> CMA:
    """Return the optimizer that is stored in the attributes of a trial.

    Args:
        parts: of the pickle, in hexadecimal digits.
        number: of the trial.

    Raises:
        StorageError: they hold anything but the state of such an optimizer.
    """
    try:
        found = _Unpickler(io.BytesIO(bytes.fromhex("".join(parts)))).load()
        if _is_optimizer(found):
            return found
        why = "it is no optimizer"
    except Exception as error:  # what a text that is no state may raise has no end
        why = shortened(f"{type(error).__name__}: {error}")
    raise StorageError(
        f"what trial {number} keeps of the sampler cmaes is damaged or hostile ({why})",
        "give the study another --name: it takes the fits that are kept",
    )


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle names, if it is a part of an optimizer's state."""
        if (module, name) not in PARTS:
            raise pickle.UnpicklingError("it names what no optimizer has")
        return super().find_class(module, name)


def _is_optimizer(found: object) -> bool:
    """Return whether an optimizer has what one of its dimension has, and all of it of the same kind."""
    said = vars(found) if isinstance(found, CMA) else {}
    dimension = said.get("_n_dim")
    if not isinstance(dimension, int) or not 0 < dimension <= MOST_DIMENSIONS:
        return False
    bounds = np.zeros((dimension, 2))
    made = CMA(np.zeros(dimension), 1.0, bounds, n_max_resampling=10 * dimension)  # as Optuna makes it
    like: dict[str, Any] = vars(made)
    return said.keys() == like.keys() and all(_alike(name, said[name], like[name]) for name in like)


def _alike(name: str, found: Any, like: Any) -> bool:
    if isinstance(like, int):  # they follow from the dimension alone, but for the generation
        return type(found) is type(like) and (name == "_g" or found == like)
    if like is None or isinstance(like, np.random.RandomState):  # eigenvectors, not yet computed; the generator
        return type(found) is type(like)
    if np.shape(found) != np.shape(like) or np.result_type(found) != np.float64:
        return False
    return name == "_funhist_values" or bool(np.isfinite(found).all())  # those are not filled from the start
