"""Draw pictures and write notes for the dashboard during a run, within a time budget.

A picture never costs a trial: if it cannot be drawn, a warning says so and the run continues. The dashboard and the
report draw missing pictures on demand.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial

from volopt.dashboard import notes
from volopt.dashboard.study_figures import MAX_SHARE, save_figures_apart
from volopt.dashboard.trial_picture import png, trial_chart
from volopt.definition.schema import Definition, Phase
from volopt.errors import VoloptError
from volopt.figures.study_view import StudyView
from volopt.optuna_internals import storage_of, trial_id
from volopt.search.callbacks import Callback
from volopt.search.plan import PhasePlan
from volopt.storage.artifacts import PICTURE, Artifacts
from volopt.storage.database.retrying import address_of
from volopt.storage.notes import save_note
from volopt.studies import listing
from volopt.studies.study import data_of
from volopt.studies.trial_file import TrialFile

Pictures = Literal["all", "budget", "none"]
What = Literal["trial", "study"]  # the picture of a trial, the figures of a study

RESERVE = 1 / 3  # of the time that drawing may take, reserved for trials that are the best so far
MAX_NOTES = 500  # trials with a stored note: optuna-dashboard reads all notes for each trial that it lists
FIRST_SECONDS: dict[What, float] = {"trial": 1.0, "study": 2.0}  # expected, with imports


class PictureBudget:
    """Decide whether there is time for a picture, and measure the time of each."""

    def __init__(self, pictures: Pictures, clock: Callable[[], float] = time.monotonic) -> None:
        self._pictures, self._clock = pictures, clock
        self._began, self.spent = clock(), 0.0
        self._expected = dict(FIRST_SECONDS)

    def allows(self, what: What, *, reserve: float = 0.0) -> bool:
        """Return whether a picture may be drawn; ``reserve`` is the share of the budget to keep for better trials."""
        if self._pictures != "budget":
            return self._pictures == "all"
        allowed = MAX_SHARE * (1 - reserve) * (self._clock() - self._began)
        return self.spent + self._expected[what] <= allowed

    @contextmanager
    def drawing(self, what: What) -> Iterator[None]:
        """Measure the time of the block; the fastest so far is the expected time of the next picture of its kind."""
        began = self._clock()
        try:
            yield
        finally:
            seconds = self._clock() - began
            self.spent += seconds
            self._expected[what] = min(self._expected[what], seconds)


class Illustrations(Callback):
    """Draw pictures and write notes for the study of a run.

    Args:
        definition: of the study.
        budget: of the pictures.
    """

    def __init__(self, definition: Definition, budget: PictureBudget) -> None:
        self._definition, self._budget = definition, budget
        self._shown = 0  # COMPLETE trials when the figures were last drawn

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: Sequence[PhasePlan]) -> None:
        """Take the study of the run."""
        self._study, self._artifacts, self._synthetic = study, artifacts, data_of(study).synthetic
        best = listing.best(study)
        self._best = self._score(best["value"]) if best else -math.inf
        self._illustrate_study()

    def on_trial_result(self, trial: optuna.Trial, file: TrialFile, value: float | None) -> None:
        """Write the note of a trial, and attach its picture if there is time."""
        if self._budget.allows("trial", reserve=0.0 if self._is_best(value) else RESERVE):
            with self._budget.drawing("trial"), _harmless(f"no picture of trial {trial.number}"):
                chart = trial_chart(file, trial.params, self._definition, trial.number, synthetic=self._synthetic)
                self._artifacts.attach_file(trial, PICTURE, png(chart))
        rows = [{"seed": each.seed, **each.metrics} for each in file.seeds]
        state = "PRUNED" if value is None else "COMPLETE"
        self._note(trial, {"state": state, "params": trial.params, "metrics": file.metrics, "seeds": rows})

    def on_trial_failure(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        """Write the note of a failed trial with the reason."""
        self._note(trial, {"state": "FAIL", "reason": reason})

    def on_phase_end(self, phase: Phase) -> None:
        """Write the study's note, and draw its figures if there is time."""
        self._illustrate_study()

    def _illustrate_study(self) -> None:
        view = StudyView(self._study, self._definition, self._artifacts)
        save_note(self._study, None, notes.study_note(view))
        address = address_of(storage_of(self._study))
        if address is not None and len(view.complete) > self._shown and self._budget.allows("study"):
            self._shown = len(view.complete)
            with self._budget.drawing("study"), _harmless("no figures of the study"):
                save_figures_apart(address, view.name, self._artifacts.directories)

    def _is_best(self, value: float | None) -> bool:
        if value is None or self._score(value) <= self._best:
            return False
        self._best = self._score(value)
        return True

    def _score(self, value: float) -> float:
        """Return a value with the sign that makes higher better."""
        return value if self._definition.objective.direction == "maximize" else -value

    def _note(self, trial: optuna.Trial | FrozenTrial, row: dict[str, Any]) -> None:
        if trial.number < MAX_NOTES:
            save_note(self._study, trial_id(trial), notes.trial_note(row, self._definition))


@contextmanager
def _harmless(what: str) -> Iterator[None]:
    try:
        yield
    except VoloptError:
        raise  # for example a full disk, which the run must handle
    except Exception as error:
        warnings.warn(f"{what}: {type(error).__name__}: {error}", RuntimeWarning, stacklevel=3)
