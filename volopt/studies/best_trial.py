"""Compare the best trial of a study with the best baseline. The valid split alone chooses both."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import optuna

from volopt.baselines.forecasts import SCORED
from volopt.studies import study as studies
from volopt.studies.listing import metrics, periods, seeds
from volopt.studies.trial_file import TrialFile


class BestTrial(NamedTuple):
    """Compare the best trial's mean forecast over its seeds with the baseline of the highest valid_log_r2.

    ``valid_skill`` and ``test_skill`` are 1 − log_mse / the baseline's.
    """

    trial: int
    seeds: int
    baseline: str
    valid_log_r2: float
    valid_skill: float
    test_log_r2: float
    test_skill: float
    periods: int = 1  # valid periods; the valid scores are means over them

    def sentences(self) -> list[str]:
        """Return the comparison in plain words."""
        forecast = f"the mean forecast of its {self.seeds} seeds" if self.seeds > 1 else "its forecast"
        name = baseline_name(self.baseline)
        valid = "On the valid split" if self.periods == 1 else f"On average over {self.periods} valid periods"
        verb = "beats" if self.valid_skill > 0 else "does not beat"
        return [
            f"Trial {self.trial} is the best. {valid} {forecast} {verb} {name}, the best baseline: its "
            f"{self._error(self.valid_skill, name)} (log R² {self.valid_log_r2:.3f}).",
            f"On the test split (not used for selection) its {self._error(self.test_skill, name)} "
            f"(log R² {self.test_log_r2:.3f}).",
        ]

    def _error(self, skill: float, name: str) -> str:
        if math.isnan(skill):
            return "squared log error is not defined"
        if skill < -1:
            return f"squared log error is {1 - skill:.1f} times {name}'s"
        return f"squared log error is {abs(skill):.1%} {'lower' if skill > 0 else 'higher'} than {name}'s"


def baseline_name(baseline: str) -> str:
    """Return the name of a baseline in a sentence."""
    return baseline.upper() if baseline == "har" else baseline


def best_baseline(scores: Mapping[str, Mapping[str, float | None]]) -> str | None:
    """Return the baseline with the highest valid_log_r2, or None where none has one.

    Args:
        scores: by baseline, as ``study.baselines`` returns them.
    """
    known = {name: r2 for name, row in scores.items() if (r2 := row.get("valid_log_r2")) is not None}
    return max(known, key=lambda name: known[name], default=None)


def best_trial(study: optuna.Study) -> BestTrial | None:
    """Return the comparison, or None while there is no COMPLETE trial or no baseline."""
    baseline = best_baseline(studies.baselines(study))
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if baseline is None or not complete:
        return None
    best = study.best_trial
    scores = metrics(best)

    def ensemble_score(name: str) -> float:
        value = scores.get(f"ensemble_{name}")
        return math.nan if value is None else value

    return BestTrial(
        trial=best.number,
        seeds=len(seeds(best)),
        baseline=baseline,
        valid_log_r2=ensemble_score("valid_log_r2"),
        valid_skill=ensemble_score(f"valid_skill_{baseline}"),
        test_log_r2=ensemble_score("test_log_r2"),
        test_skill=ensemble_score(f"test_skill_{baseline}"),
        periods=len(periods(best)) or 1,
    )


def instruments_beaten(file: TrialFile, baseline: str, trial: int) -> str:
    """Return in plain words on how many instruments a trial's mean forecast has a smaller log error than a baseline."""
    skills = [scores.metrics.get(f"valid_skill_{baseline}") for scores in file.instruments]
    beaten = sum(skill is not None and skill > 0 for skill in skills)
    name = baseline_name(baseline)
    return f"On the valid split, trial {trial} beats {name} on {beaten} of {len(skills)} instruments."


def instrument_metrics(baseline: str | None) -> list[str]:
    """Return the metrics of an instrument that a table shows: log R², and skill over HAR and the best baseline."""
    names = dict.fromkeys(name for name in ("har", baseline) if name)
    return [*(f"{split}_log_r2" for split in SCORED), *(f"{split}_skill_{name}" for name in names for split in SCORED)]
