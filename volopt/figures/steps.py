"""Round numbers."""

import math


def round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is no less than a positive number."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least)
