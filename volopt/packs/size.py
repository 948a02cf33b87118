"""How many fits a run trains together: what ``--pack`` says, or what suits the device and the samplers."""

from collections.abc import Sequence

import torch

from volopt.definition.schema import Phase
from volopt.errors import UsageError

AUTO = "auto"
MOST = 4096  # fits that may be asked for at the same time
MOST_AUTO = 1024  # the networks of `search` fill a GPU by then, in some twenty packs
LEARNING = frozenset({"tpe", "gp", "cmaes"})  # samplers that propose by what came of earlier trials
AT_ONCE = 4  # auto leaves these at least so many rounds of trials to learn from


def members(said: str | None, device: str, phases: Sequence[Phase], seeds: int) -> int:
    """Return how many fits are trained together at most; 1: each by itself.

    Args:
        said: a number, ``auto``, or None, which is ``auto`` on a GPU and 1 on the CPU.
        device: resolved.
        phases: that are to be run.
        seeds: fits of a trial.

    Raises:
        UsageError: it is neither a number in range nor ``auto``.
    """
    if said is None:
        said = AUTO if torch.device(device).type == "cuda" else "1"
    if said == AUTO:
        learning = [max(1, (phase.trials or 1) // AT_ONCE) * seeds for phase in phases if phase.sampler in LEARNING]
        return min([MOST_AUTO, *learning])
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    if not 1 <= number <= MOST:
        raise UsageError(
            f"--pack {said} is neither auto nor a number from 1 to {MOST}",
            "write auto, or how many fits to train together, such as 64",
        )
    return number
