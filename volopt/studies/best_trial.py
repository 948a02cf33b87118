"""How the best trial of a study stands against the best baseline; both are chosen by the valid split alone."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import optuna

from volopt.studies import study as studies
from volopt.studies.listing import metrics, seeds


class BestTrial(NamedTuple):
    """The mean of the best trial's forecasts over its seeds, against the baseline with the highest valid_log_r2.

    ``valid_skill`` and ``test_skill`` are 1 − log_mse / the baseline's.
    """

    trial: int
    seeds: int
    baseline: str
    valid_log_r2: float
    valid_skill: float
    test_log_r2: float
    test_skill: float

    def sentences(self) -> list[str]:
        """Return it in plain words, also when the trial loses."""
        who = f"the mean of its {self.seeds} seeds' forecasts" if self.seeds > 1 else "its forecast"
        verb = "beats" if self.valid_skill > 0 else "does not beat"
        return [
            f"Trial {self.trial}, the best, {verb} {self.baseline}, the best baseline, on valid: {who} has "
            f"{self._errors(self.valid_skill)} (log R² {self.valid_log_r2:.3f}).",
            f"On test, which chose nothing, it has {self._errors(self.test_skill)} (log R² {self.test_log_r2:.3f}).",
        ]

    def _errors(self, skill: float) -> str:
        if math.isnan(skill):
            return "no squared log error to compare"
        if skill < -1:
            return f"{1 - skill:.1f} times the squared log error of {self.baseline}"
        return f"{abs(skill):.1%} {'less' if skill > 0 else 'more'} squared log error than {self.baseline}"


def best_baseline(scores: Mapping[str, Mapping[str, float | None]]) -> str | None:
    """Return the baseline with the highest valid_log_r2, or None where none has one.

    Args:
        scores: by baseline, as ``study.baselines`` returns them.
    """
    known = {name: r2 for name, row in scores.items() if (r2 := row.get("valid_log_r2")) is not None}
    return max(known, key=lambda name: known[name], default=None)


def standing(study: optuna.Study) -> BestTrial | None:
    """Return the standing, or None while there is no COMPLETE trial or nothing to compare."""
    baseline = best_baseline(studies.baselines(study))
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if baseline is None or not complete:
        return None
    best = study.best_trial
    found = metrics(best)
    names = ["valid_log_r2", f"valid_skill_{baseline}", "test_log_r2", f"test_skill_{baseline}"]
    values = [found.get(f"ensemble_{name}") for name in names]
    known = [math.nan if value is None else value for value in values]
    return BestTrial(best.number, len(seeds(best)), baseline, *known)
