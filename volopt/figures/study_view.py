"""A study as figures and report see it: read once, never written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.comparison.evidence import TrialResult, read
from volopt.definition.plain import plain
from volopt.definition.schema import Definition, Scalar
from volopt.errors import StudyError
from volopt.figures import words
from volopt.storage.artifacts import Artifacts
from volopt.studies import listing, trial_file
from volopt.studies import study as studies
from volopt.studies.space import Point, point
from volopt.studies.trial_file import TrialFile

Found = TypeVar("Found")


class NothingToPlotError(StudyError):
    """A study that has nothing to draw a figure from; the message says what is missing."""


@dataclass(frozen=True)
class StudyView:
    """A stored study; a broken or missing artifact is None here, and ``unread`` takes the number of its trial."""

    study: optuna.Study
    definition: Definition
    artifacts: Artifacts
    unread: set[int] = field(default_factory=set, compare=False)

    @cached_property
    def trials(self) -> list[FrozenTrial]:
        """Return all trials by number."""
        return self.study.get_trials(deepcopy=False)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Return the trials as ``trials --json`` tells them."""
        return listing.trials(self.study, self.definition)

    @cached_property
    def complete(self) -> list[FrozenTrial]:
        """Return the COMPLETE trials, the best first; those of one value by number."""
        sign = -1 if self.definition.objective.direction == "maximize" else 1
        found = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        return sorted(found, key=lambda trial: sign * (trial.value or 0.0))

    @cached_property
    def by_point(self) -> Mapping[Point, FrozenTrial]:
        """Return the best COMPLETE trial of each point that has one."""
        return {point(trial.params): trial for trial in reversed(self.complete)}

    @cached_property
    def baselines(self) -> Mapping[str, Mapping[str, float | None]]:
        """Return the scores of the baselines by name."""
        return studies.baselines(self.study)

    @cached_property
    def synthetic(self) -> bool:
        """Return whether the data are generated."""
        return bool(studies.data_of(self.study)["synthetic"])

    @property
    def name(self) -> str:
        """Return the study's name."""
        return self.study.study_name

    @property
    def is_panel(self) -> bool:
        """Return whether one network learned from many instruments."""
        return self.definition.data.is_panel

    @cached_property
    def recorded(self) -> Mapping[str, Any]:
        """Return what the last run says of its data: frames, days and left_out, where there was one."""
        return next((run.get("data", {}) for run in reversed(studies.runs(self.study))), {})

    @property
    def left_out(self) -> Mapping[str, str]:
        """Return the instruments of a panel that were left out, with the reason."""
        found: Mapping[str, str] = self.recorded.get("left_out", {})
        return {plain(name): plain(why) for name, why in found.items()}

    @property
    def told(self) -> str:
        """Return what is forecast of; of a panel how many instruments, without those that were left out."""
        frames = self.recorded.get("frames", [])
        return f"{len(frames)} instruments" if self.is_panel and frames else self.definition.data.told

    @property
    def about(self) -> str:
        """Return a line that says of what a figure is."""
        seeds = words.seeds(self.definition.training.seeds)
        return f"study {self.name}: {self.told} {self.definition.data.target}, {seeds} a trial"

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what every figure of this study must say."""
        return words.warnings(synthetic=self.synthetic)

    def values(self, trial: FrozenTrial) -> dict[str, Scalar]:
        """Return the value of every key that a search can vary, those outside ``[space]`` at the baseline."""
        return self.definition.baseline() | trial.params

    def left(self, trial: FrozenTrial) -> TrialFile | None:
        """Return what a trial left as a file, or None; a pruned trial has curves only."""
        return self._noted(trial, trial_file.read(self.study, trial, self.artifacts))

    def result(self, trial: FrozenTrial) -> TrialResult | None:
        """Return a COMPLETE trial with days and forecasts, or None where its artifact is gone."""
        try:
            return self._noted(trial, read(self.study, trial, self.artifacts))
        except StudyError:
            return self._noted(trial, None)

    def _noted(self, trial: FrozenTrial, found: Found | None) -> Found | None:
        if found is None and trial.state in (TrialState.COMPLETE, TrialState.PRUNED):  # others leave nothing
            self.unread.add(trial.number)
        return found
