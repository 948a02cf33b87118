"""Convert torch's objects to named arrays and back: tensors, generators.

Arrays can be stored or sent anywhere, and unlike pickles they run no code when they are read.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from volopt.training.task import Arrays


def to_arrays(prefix: str, tensors: Mapping[str, Tensor]) -> Arrays:
    """Return copies of the tensors as ``prefix.name`` arrays."""
    return {f"{prefix}.{name}": value.detach().cpu().numpy().copy() for name, value in tensors.items()}


def to_tensors(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Return the tensors of arrays that ``to_arrays`` returned, in memory with torch's own alignment."""
    start = prefix + "."
    return {name.removeprefix(start): torch.tensor(value) for name, value in arrays.items() if name.startswith(start)}


def generator_arrays(device: str) -> Arrays:
    """Return the states of torch's generators, which dropout and the order of batches use."""
    states = {"cpu": torch.get_rng_state()}
    if device != "cpu":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return to_arrays("generator", states)


def restore_generators(device: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Restore the generators to the states of ``generator_arrays``."""
    states = to_tensors("generator", arrays)
    torch.set_rng_state(states["cpu"])
    if device != "cpu":
        torch.cuda.set_rng_state(states["cuda"], device)
