"""Summarize a study when its run ends, while all that the run read is in memory."""

from collections.abc import Mapping
from typing import Any

import optuna

from volopt.search.callbacks import Callback
from volopt.search.job import Job
from volopt.selection.evaluation import Evaluation, evaluate
from volopt.selection.measurements import MAX_TRIALS
from volopt.studies import study as studies
from volopt.studies import trial_file
from volopt.studies.best_trial import best_trial, instruments_beaten
from volopt.studies.failures import Failures, failures
from volopt.studies.listing import summary, trials
from volopt.windows.periods import count_days

BEST_TRIALS = 10
MAX_NUMBERS = 1_000_000  # in the valid forecasts of all trials that are drawn, to evaluate them in some seconds


class RunSummary(Callback):
    """Hold the facts of a study at the end of a run."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.phases: list[dict[str, Any]] = []  # name, sampler, done, total
        self.best_trials: list[dict[str, Any]] = []  # at most ``BEST_TRIALS``, the best first
        self.baselines: Mapping[str, Mapping[str, float | None]] = {}  # scores
        self.best_baseline: str | None = None
        self.sentences: list[str] = []  # about the best trial
        self.failures = Failures([], [])
        self.evaluation: Evaluation | None = None

    def on_run_end(self, study: optuna.Study) -> None:
        """Collect the facts."""
        definition = self._job.definition
        self.phases = summary(study, definition)["phases"]
        self.baselines = studies.baselines(study)
        self.failures = failures(study)
        sign = 1 if definition.objective.direction == "minimize" else -1
        complete = [trial for trial in trials(study, definition) if trial["state"] == "COMPLETE"]
        self.best_trials = sorted(complete, key=lambda trial: sign * trial["value"])[:BEST_TRIALS]
        best = best_trial(study)
        if best is None:
            return
        self.best_baseline = best.baseline
        if self._is_quick(len(complete)):
            self.evaluation = evaluate(study, definition, self._job.artifacts)
        self.sentences = best.sentences()
        file = trial_file.read(study, study.best_trial, self._job.artifacts) if definition.data.is_panel else None
        if file is not None:
            self.sentences.append(instruments_beaten(file, best.baseline, best.trial))

    def _is_quick(self, trials: int) -> bool:
        """Return whether the evaluation of so many COMPLETE trials takes some seconds only."""
        definition = self._job.definition
        days = count_days(self._job.dataset, definition.max_window())["valid"]
        return min(trials, MAX_TRIALS) * definition.training.seeds * days <= MAX_NUMBERS
