"""How much each parameter matters by Optuna's evaluators, which ask different questions and may rank differently."""

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

SEED = 0  # of fANOVA's forest, and of the trials that it sees
MOST = 500  # trials that fANOVA sees: it takes about a second for 80
EVALUATORS: dict[str, Callable[[], BaseImportanceEvaluator]] = {
    "PED-ANOVA": PedAnovaImportanceEvaluator,
    "fANOVA": lambda: FanovaImportanceEvaluator(seed=SEED),
}


def importances(subject: StudyView, evaluator: str, names: Sequence[str]) -> dict[str, float]:
    """Return each parameter's share of the sum of all importances; nothing where the trials do not tell.

    Args:
        subject: has COMPLETE trials.
        evaluator: a key of ``EVALUATORS``.
        names: of parameters that vary among these.
    """
    study = _some(subject) if evaluator == "fANOVA" else subject.study
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few trials, and that ``normalize`` is experimental
        try:
            found = get_param_importances(study, evaluator=EVALUATORS[evaluator](), params=list(names), normalize=False)
        except RuntimeError:  # fANOVA: every tree of the forest has but one value
            return {}
    total = sum(found.values())
    return {name: float(value / total) for name, value in found.items()} if total > 0 else {}


def ranked(subject: StudyView, names: Sequence[str]) -> list[str]:
    """Return parameters by PED-ANOVA, the most important first; in their own order where the trials do not tell."""
    found = importances(subject, "PED-ANOVA", names)
    return sorted(names, key=lambda name: -found.get(name, 0.0))


def _some(subject: StudyView) -> optuna.Study:
    """Return the study, or one of ``MOST`` of its COMPLETE trials, the same ones each time."""
    if len(subject.complete) <= MOST:
        return subject.study
    found = optuna.create_study(direction=subject.definition.objective.direction)
    found.add_trials(random.Random(SEED).sample(subject.complete, MOST))
    return found
