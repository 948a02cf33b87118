"""The pictures and notes that a run leaves in the dashboard as it goes, within a budget of time.

A picture never costs a trial: one that cannot be drawn is left out with a warning. What is not drawn in time, the
dashboard and the report draw when someone looks.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial

from volopt.dashboard import notes
from volopt.dashboard.study_figures import save_figures_apart
from volopt.dashboard.trial_picture import png, trial_chart
from volopt.definition.schema import Definition
from volopt.errors import VoloptError
from volopt.figures.study_view import StudyView
from volopt.search.illustrator import Illustrator
from volopt.storage.artifacts import PICTURE, Artifacts
from volopt.storage.database.retrying import where_of
from volopt.storage.notes import save_note
from volopt.studies import listing
from volopt.studies.study import data_of
from volopt.studies.trial_file import parse

Pictures = Literal["all", "budget", "none"]
What = Literal["trial", "study"]  # the picture of a trial, the figures of a study

SHARE = 0.03  # of the time since the run began may go into pictures
RESERVE = 1 / 3  # of that is kept for trials that are the best so far
NOTED = 500  # trials whose notes are stored: optuna-dashboard reads all of them for each trial that it lists
FIRST: dict[What, float] = {"trial": 1.0, "study": 2.0}  # seconds that the first may take, with all that it imports


class PictureBudget:
    """Says whether there is time for a picture, and measures what they take."""

    def __init__(self, pictures: Pictures, clock: Callable[[], float] = time.monotonic) -> None:
        self._pictures, self._clock = pictures, clock
        self._began, self.spent = clock(), 0.0
        self._expected = dict(FIRST)

    def allows(self, what: What, *, reserve: float = 0.0) -> bool:
        """Return whether one may be drawn; ``reserve`` is the part of the budget kept for better ones."""
        if self._pictures != "budget":
            return self._pictures == "all"
        allowed = SHARE * (1 - reserve) * (self._clock() - self._began)
        return self.spent + self._expected[what] <= allowed

    @contextmanager
    def drawing(self, what: What) -> Iterator[None]:
        """Measure what is done within; the next of its kind is expected to take no longer than any before."""
        began = self._clock()
        try:
            yield
        finally:
            seconds = self._clock() - began
            self.spent += seconds
            self._expected[what] = min(self._expected[what], seconds)


class Illustrations(Illustrator):
    """Draws and writes for one study."""

    def __init__(
        self, study: optuna.Study, artifacts: Artifacts, definition: Definition, budget: PictureBudget
    ) -> None:
        self._study, self._definition, self._artifacts, self._budget = study, definition, artifacts, budget
        self._synthetic = bool(data_of(study)["synthetic"])
        best = listing.best(study)
        self._best = self._score(best["value"]) if best else -math.inf
        self._shown = 0  # COMPLETE trials when the figures were drawn

    def trial(self, trial: optuna.Trial, content: dict[str, Any], value: float | None) -> None:
        """Attach the picture of a trial, if there is time, and write its note."""
        if self._budget.allows("trial", reserve=0.0 if self._is_best(value) else RESERVE):
            with self._budget.drawing("trial"), _harmless(f"no picture of trial {trial.number}"):
                self._draw(trial, content)
        rows = [{"seed": each["seed"], **each["metrics"]} for each in content["seeds"]]
        state = "PRUNED" if value is None else "COMPLETE"
        self._note(trial, {"state": state, "metrics": content["metrics"], "seeds": rows})

    def failed(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        """Write why a trial failed."""
        self._note(trial, {"state": "FAIL", "reason": reason})

    def study(self) -> None:
        """Write the study's note, and draw its figures if there is time."""
        subject = StudyView(self._study, self._definition, self._artifacts)
        save_note(self._study, None, notes.of_study(subject))
        where = where_of(self._study._storage)
        if where is not None and len(subject.complete) > self._shown and self._budget.allows("study"):
            self._shown = len(subject.complete)
            with self._budget.drawing("study"), _harmless("no figures of the study"):
                save_figures_apart(where, subject.name, self._artifacts.directories)

    def _is_best(self, value: float | None) -> bool:
        if value is None or self._score(value) <= self._best:
            return False
        self._best = self._score(value)
        return True

    def _score(self, value: float) -> float:
        """Return a value so that more is better."""
        return value if self._definition.objective.direction == "maximize" else -value

    def _draw(self, trial: optuna.Trial, content: dict[str, Any]) -> None:
        left = parse(content)
        if left is not None:
            chart = trial_chart(left, trial.params, self._definition, trial.number, synthetic=self._synthetic)
            self._artifacts.attach_file(trial, PICTURE, png(chart))

    def _note(self, trial: optuna.Trial | FrozenTrial, row: dict[str, Any]) -> None:
        if trial.number < NOTED:
            save_note(self._study, trial._trial_id, notes.of_trial(row, self._definition))


@contextmanager
def _harmless(what: str) -> Iterator[None]:
    try:
        yield
    except VoloptError:
        raise  # the disk is full, or the like: of the run's concern
    except Exception as error:
        warnings.warn(f"{what}: {type(error).__name__}: {error}", RuntimeWarning, stacklevel=3)
