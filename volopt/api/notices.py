"""Tell a notebook what the command line prints beside its results: as warnings of Python."""

import warnings
from collections.abc import Iterable

from volopt.figures import words

CALLER = 3  # levels from ``warnings.warn`` to the caller of the function that calls ``warn``


def warn(sentences: Iterable[str], level: int = CALLER) -> None:
    """Warn with each sentence, as from the line at this level of the stack."""
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=level)


def warn_if_synthetic(synthetic: bool) -> None:
    """Warn the caller's caller that the data are generated."""
    warn(words.data_warnings(synthetic=synthetic), CALLER + 1)
