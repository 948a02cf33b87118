"""Find the trial that a user names by a word, a number or parameters."""

import optuna

from volopt.comparison.comparands import LIKELY, SIMPLEST, Choice, find_choice
from volopt.definition.schema import Definition
from volopt.selection.evaluation import evaluate
from volopt.storage.artifacts import Artifacts


def choose(study: optuna.Study, definition: Definition, text: str, artifacts: Artifacts) -> Choice:
    """Return the trial or baseline that a text names.

    Args:
        study: with COMPLETE trials.
        definition: the study's.
        text: ``likely``, ``simplest``, or as in ``comparands.find_choice``.
        artifacts: of the study's storage.

    Raises:
        UsageError: the text names nothing.
        StudyError: the trial does not exist, or is not COMPLETE.
    """
    if text == LIKELY:
        return evaluate(study, definition, artifacts).likely.number
    if text == SIMPLEST:
        return evaluate(study, definition, artifacts).simplest.number
    return find_choice(study, definition, text)
