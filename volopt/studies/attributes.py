"""The attributes by which volopt tells what a study and its trials are."""

import math
from typing import Any

PHASE = "phase"  # the user attribute of a trial that says which phase asked for it


REASON = "reason"  # the user attribute of a trial that says why it FAILed


INTERRUPTED = "interrupted"  # begins the reason of a trial that did not fail by itself


GIVEN_UP = "given up"  # begins the reason of a trial that is not worth a retry


# The system attribute of a trial with "seeds", the scores of each, and "skills", its own by name: lists of some length,
# which as user attributes would stretch optuna-dashboard's pages.
SCORES = "volopt:scores"


def finite(value: Any) -> Any:
    """Return what JSON can hold, with None for numbers that it has no word for."""
    if isinstance(value, list):  # most have hundreds of numbers: not one call for each
        return [each if type(each) is float and math.isfinite(each) else finite(each) for each in value]
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
