"""The trials that a figure of single trials shows: those that were asked for, or else the best."""

from collections.abc import Sequence
from typing import NamedTuple

from optuna.trial import FrozenTrial, TrialState

from volopt.errors import StudyError
from volopt.figures import words
from volopt.figures.points import scored
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.figures.trial_series import TrialSeries, of_artifact

_MISSING = "its file is missing, broken or of an older volopt"
_REASONS = {
    TrialState.FAIL: "it failed",
    TrialState.RUNNING: "it is still running",
    TrialState.WAITING: "it has not begun",
}


class ShownTrial(NamedTuple):
    """A trial with what it left."""

    trial: FrozenTrial
    traces: TrialSeries

    @property
    def title(self) -> str:
        """Return how a panel calls it."""
        return f"trial {self.trial.number}" + (", pruned" if self.trial.state == TrialState.PRUNED else "")


def chosen(
    subject: StudyView, numbers: Sequence[int], *, forecasts: bool = False, instrument: str | None = None
) -> tuple[list[ShownTrial], tuple[str, ...]]:
    """Return the trials that have something to draw, and notes: their parameters, and those left out.

    Args:
        subject: the study.
        numbers: of the trials asked for, or none for the best.
        forecasts: whether only trials with test forecasts will do.
        instrument: whose forecasts, of a panel; None for the first one's.

    Raises:
        UsageError: there is no such instrument.
        StudyError: there is no trial of a number.
        NothingToPlotError: none of them has anything to draw.
    """
    found: list[ShownTrial] = []
    without: list[str] = []
    for trial in _trials(subject, numbers):
        file = subject.left(trial)
        left = of_artifact(file, instrument) if file else None
        if left is not None and not (forecasts and left.forecasts is None):
            found.append(ShownTrial(trial, left))
        else:
            reason = "it was pruned" if left is not None else _REASONS.get(trial.state, _MISSING)
            without.append(f"trial {trial.number} has no {'forecast' if forecasts else 'curves'} to draw: {reason}")
    if not found:
        raise NothingToPlotError("; ".join(without), "name others with --trial")
    space = subject.definition.space
    told = [
        f"Trial {each.trial.number}: {words.params({key: each.trial.params[key] for key in space})}" for each in found
    ]
    return found, (*told, *(f"{reason.capitalize()}." for reason in without))


def _trials(subject: StudyView, numbers: Sequence[int]) -> list[FrozenTrial]:
    if not numbers:
        scored(subject)  # says what is missing where no trial is COMPLETE
        return subject.complete[:1]
    for number in numbers:
        if not 0 <= number < len(subject.trials):
            raise StudyError(
                f"{subject.name} has no trial {number}", f"`volopt trials {subject.name}` shows those it has"
            )
    return [subject.trials[number] for number in dict.fromkeys(numbers)]
