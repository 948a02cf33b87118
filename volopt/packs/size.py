"""The number of fits that a run trains together: the option ``--pack``."""

from collections.abc import Sequence

from volopt.definition.schema import Phase
from volopt.errors import UsageError
from volopt.samplers import SAMPLERS

AUTO = "auto"
MAX_PACK = 4096
MAX_AUTO = 1024  # enough networks of the study file `search` to fill a GPU, in about twenty packs
MIN_ROUNDS = 4  # of results: auto keeps packs so small that a sampler that learns gets this many


def max_pack(option: str | None, phases: Sequence[Phase], fits: int) -> int:
    """Return the largest number of fits to train together; 1, the default, means no packs.

    Args:
        option: a number, ``auto``, or None.
        phases: of the run.
        fits: of a trial.

    Raises:
        UsageError: the option is neither a number in range nor ``auto``.
    """
    if option is None:
        return 1
    if option == AUTO:
        learning = [phase for phase in phases if SAMPLERS[phase.sampler].learns]
        return min([MAX_AUTO, *(max(1, (phase.trials or 1) // MIN_ROUNDS) * fits for phase in learning)])
    number = int(option) if option.isascii() and option.isdecimal() and len(option) < 10 else 0
    if not 1 <= number <= MAX_PACK:
        raise UsageError(
            f"--pack {option} is neither auto nor a number from 1 to {MAX_PACK}",
            "write auto, or the number of fits to train together, for example 64",
        )
    return number
