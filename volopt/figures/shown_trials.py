"""Choose the trials that a figure of single trials shows: the requested ones, or the likely best."""

from collections.abc import Sequence
from typing import NamedTuple

from optuna.trial import FrozenTrial, TrialState

from volopt.errors import StudyError, UsageError
from volopt.figures import words
from volopt.figures.forecast_series import ForecastSeries, forecast_series
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.selection.choice import choose
from volopt.studies.trial_file import TrialFile

_NO_FILE = "its file is missing, broken or of an older volopt"
_REASONS = {
    TrialState.FAIL: "it failed",
    TrialState.RUNNING: "it is still running",
    TrialState.WAITING: "it has not begun",
}


class ShownTrial(NamedTuple):
    """Hold a trial with its file, and the forecasts in it."""

    trial: FrozenTrial
    file: TrialFile
    series: ForecastSeries | None  # None if the trial was pruned

    @property
    def title(self) -> str:
        """Return the title of the trial's subplot."""
        return f"trial {self.trial.number}" + (", pruned" if self.trial.state == TrialState.PRUNED else "")


def shown_trials(
    view: StudyView, numbers: Sequence[int], *, forecasts: bool = False, instrument: str | None = None
) -> tuple[list[ShownTrial], tuple[str, ...]]:
    """Return the trials to draw, and notes: the parameters of each, and why others cannot be drawn.

    Without numbers it is the likely best trial. With ``forecasts``, trials without test forecasts are left out. The
    forecasts are those of ``instrument``, or of a panel's first.

    Raises:
        UsageError: there is no such instrument.
        StudyError: there is no trial of a number.
        NothingToPlotError: no requested trial can be drawn.
    """
    shown: list[ShownTrial] = []
    missing: list[str] = []
    for trial in _requested(view, numbers):
        file = view.file(trial)
        series = forecast_series(file, instrument) if file else None
        if file and (series or not forecasts):
            shown.append(ShownTrial(trial, file, series))
        else:
            reason = "it was pruned" if file else _REASONS.get(trial.state, _NO_FILE)
            missing.append(f"trial {trial.number} has no {'forecast' if forecasts else 'curves'} to draw: {reason}")
    if not shown:
        raise NothingToPlotError("; ".join(missing), "name others with --trial")
    params = [f"Trial {each.trial.number}: {words.params(view.space_values(each.trial))}" for each in shown]
    return shown, (*params, *(f"{reason.capitalize()}." for reason in missing))


def trial_numbers(view: StudyView, texts: Sequence[str]) -> list[int]:
    """Return the trials that texts name; a number names any trial, also one that is not COMPLETE.

    Raises:
        UsageError: a text names no trial.
        StudyError: there is no such trial.
    """
    numbers = []
    for text in texts:
        known = next((trial.number for trial in view.trials if str(trial.number) == text), None)
        number = choose(view.study, view.definition, text, view.artifacts) if known is None else known
        if isinstance(number, str):
            raise UsageError(f"{text} is a baseline, not a trial", "write a trial's number, likely, simplest or best")
        numbers.append(number)
    return numbers


def _requested(view: StudyView, numbers: Sequence[int]) -> list[FrozenTrial]:
    if not numbers:
        scored_trials(view)  # raises an error if no trial is COMPLETE
        return [view.trials[view.evaluation.likely.number]]
    for number in numbers:
        if not 0 <= number < len(view.trials):
            raise StudyError(f"{view.name} has no trial {number}", f"`volopt trials {view.name}` lists its trials")
    return [view.trials[number] for number in dict.fromkeys(numbers)]
