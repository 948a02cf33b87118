"""Rate how much each parameter matters by Optuna's evaluators, which answer different questions."""

import random
import warnings
from collections.abc import Callable, Sequence

import optuna
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)

from volopt.figures.study_view import StudyView

SEED = 0  # of fANOVA's forest, and of its sample of trials
MAX_FANOVA_TRIALS = 500  # fANOVA takes about a second for 80
EVALUATORS: dict[str, Callable[[], BaseImportanceEvaluator]] = {
    "PED-ANOVA": PedAnovaImportanceEvaluator,
    "fANOVA": lambda: FanovaImportanceEvaluator(seed=SEED),
}


def importances(view: StudyView, evaluator: str, names: Sequence[str]) -> dict[str, float]:
    """Return each parameter's share of the sum of all importances; empty if the trials do not allow an estimate.

    The names are of parameters that vary among the COMPLETE trials; ``evaluator`` is a key of ``EVALUATORS``.
    """
    study = _sample(view) if evaluator == "fANOVA" else view.study
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about few trials, and that ``normalize`` is experimental
        try:
            rate = EVALUATORS[evaluator]()
            values = get_param_importances(study, evaluator=rate, params=list(names), normalize=False)
        except RuntimeError:  # fANOVA: every tree of the forest has a single value
            return {}
    total = sum(values.values())
    return {name: float(value / total) for name, value in values.items()} if total > 0 else {}


def _sample(view: StudyView) -> optuna.Study:
    """Return the study, or one with a fixed sample of ``MAX_FANOVA_TRIALS`` of its COMPLETE trials."""
    if len(view.complete) <= MAX_FANOVA_TRIALS:
        return view.study
    sample = optuna.create_study(direction=view.definition.objective.direction)
    sample.add_trials(random.Random(SEED).sample(view.complete, MAX_FANOVA_TRIALS))
    return sample
