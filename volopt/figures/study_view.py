"""Read a stored study for figures, report and dashboard; never write to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.plain_text import plain
from volopt.definition.schema import Definition, Scalar
from volopt.errors import StudyError
from volopt.figures import words
from volopt.selection.evaluation import Evaluation, evaluate
from volopt.storage.artifacts import Artifacts
from volopt.storage.run_record import RecordedData
from volopt.studies import listing, trial_file
from volopt.studies import study as studies
from volopt.studies.attributes import REASON
from volopt.studies.space import Point, point
from volopt.studies.trial_file import TrialFile
from volopt.studies.validated_study import ANOTHER


class NothingToPlotError(StudyError):
    """Report that a study has nothing to draw a figure from; the message says what is missing."""


@dataclass(frozen=True)
class StudyView:
    """Hold a stored study; ``unread`` collects the numbers of trials whose file is missing or broken."""

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
        """Return the trials as ``trials --json`` prints them."""
        return listing.trials(self.study, self.definition)

    @cached_property
    def complete(self) -> list[FrozenTrial]:
        """Return the COMPLETE trials from best to worst; trials of the same value are in order of their numbers."""
        sign = -1 if self.maximizes else 1
        complete = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        return sorted(complete, key=lambda trial: sign * (trial.value or 0.0))

    @cached_property
    def evaluation(self) -> Evaluation:
        """Return how sure the choice among the COMPLETE trials is; raises StudyError where there are none."""
        return evaluate(self.study, self.definition, self.artifacts)

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
        return studies.data_of(self.study).synthetic

    @property
    def name(self) -> str:
        """Return the study's name."""
        return self.study.study_name

    @property
    def metric(self) -> str:
        """Return the name of the objective's metric."""
        return self.definition.objective.metric

    @property
    def maximizes(self) -> bool:
        """Return whether higher values of the objective are better."""
        return self.definition.objective.direction == "maximize"

    @property
    def is_panel(self) -> bool:
        """Return whether one network learned from many instruments."""
        return self.definition.data.is_panel

    @property
    def has_periods(self) -> bool:
        """Return whether the study has several valid periods."""
        return self.definition.data.has_periods

    @cached_property
    def last_run_data(self) -> RecordedData:
        """Return which data the last run read; nothing if there was no run."""
        return next((run.data for run in reversed(studies.runs(self.study))), RecordedData())

    @property
    def left_out(self) -> Mapping[str, str]:
        """Return the instruments of a panel that the last run left out, with the reason."""
        return {plain(name): plain(reason) for name, reason in self.last_run_data.left_out.items()}

    @property
    def instrument_label(self) -> str:
        """Return the name of the instrument, or how many instruments of the panel were read."""
        frames = self.last_run_data.frames
        return f"{len(frames)} instruments" if self.is_panel and frames else self.definition.data.subject

    @property
    def subtitle(self) -> str:
        """Return the subtitle of the study's figures."""
        fits = words.seeds(self.definition.training.seeds)
        if self.has_periods:
            fits += f" in each of {len(self.definition.data.valid or ())} valid periods"
        return f"study {self.name}: {self.instrument_label} {self.definition.data.target}, {fits} a trial"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings that every figure of this study must show."""
        left_out = sum(trial.user_attrs.get(REASON, "").startswith(ANOTHER) for trial in self.trials)
        others = (f"Trials that other programs added or changed are left out: {left_out}.",) if left_out else ()
        return (*words.data_warnings(synthetic=self.synthetic), *others)

    def values(self, trial: FrozenTrial) -> dict[str, Scalar]:
        """Return the value of every key that a search can vary; keys outside ``[space]`` have their default."""
        return self.definition.defaults() | trial.params

    def space_values(self, trial: FrozenTrial) -> dict[str, Scalar]:
        """Return the values of the keys of ``[space]``, in its order."""
        values = self.values(trial)
        return {key: values[key] for key in self.definition.space}

    def file(self, trial: FrozenTrial) -> TrialFile | None:
        """Return the file of a trial or None; the file of a PRUNED trial holds curves only."""
        file = trial_file.read(self.study, trial, self.artifacts)
        if file is None and trial.state in (TrialState.COMPLETE, TrialState.PRUNED):  # others leave no file
            self.unread.add(trial.number)
        return file
