"""PED-ANOVA and fANOVA of a sample of trials, with 95 % intervals by bootstrap.

A draw takes as many trials as there are, with replacement, and with each its seeds. So it carries the noise of the
seeds, too. Each method needs a correction of its own; ``tests/bench/evidence.py`` measures how often the intervals hold
the truth with them.

- PED-ANOVA: a handful of best trials differs from all trials in each parameter by chance. What chance gives, when the
  values are shuffled among the trials, is subtracted from each divergence: in the sample, and for the draws in shuffled
  draws, where trials that are there twice give chance more.
- fANOVA: a forest takes two copies of a trial for two witnesses. So each copy draws its seeds anew; few seeds scatter
  too little when drawn with replacement, by the factor (n - 1) / n, and are widened by its root. Forests of draws give
  more to chance than the forest of the sample, so the draws are moved until their mean is the value of the sample. The
  forest of the sample is about as far from the truth, but nobody knows on which side: intervals reach so much further.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Range, Scalar
from volopt.definition.space import Entry
from volopt.importance.bars import Bar, Importance, shares, with_draws
from volopt.importance.forest import Encoded, fanova
from volopt.importance.panels import BEST_SHARE, MIN_BEST, PhaseTrials
from volopt.metrics import Array

PED_ANOVA, FANOVA = "PED-ANOVA", "fANOVA"
TRIALS = "trials"
RANDOM = 0  # seeds the draws, the sample and the forests
DRAWS, TREES, DRAW_TREES = 100, 64, 8
MANY_TRIALS, MANY_DRAWS, MANY_TREES = 200, 60, 4  # above so many trials, fewer draws of smaller forests
NOW = datetime(2000, 1, 1)  # of trials that exist only to be evaluated
MAX_TRIALS = 1_000  # of more trials a random sample is taken
MAX_QUANTILE = 0.5  # of PED-ANOVA: a larger top group is hardly the best

Indices = NDArray[np.intp]


class TrialSample(optuna.Study):
    """Hold trials in the form in which PED-ANOVA reads them, without a storage; lower values are better."""

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        self._sample = list(trials)

    @property
    def directions(self) -> list[StudyDirection]:
        """Return that values are minimized."""
        return [StudyDirection.MINIMIZE]

    def get_trials(self, deepcopy: bool = True, states: object = None) -> list[FrozenTrial]:
        """Return the trials."""
        return self._sample


def importances(
    panel: PhaseTrials, space: Mapping[str, Entry], distributions: Mapping[str, BaseDistribution], *, maximizes: bool
) -> list[Importance]:
    """Return the shares by PED-ANOVA, if its top group can have 8 trials, and by fANOVA.

    Args:
        panel: at most ``MAX_TRIALS`` of them are used.
        space: of the study.
        distributions: of the study in Optuna.
        maximizes: whether higher values are better.
    """
    panel = _sample(panel)
    found = [_by_fanova(panel, space)]
    if quantile(len(panel.trials)) <= MAX_QUANTILE:
        found.insert(0, _by_ped_anova(panel, distributions, maximizes=maximizes))
    return found


def quantile(trials: int) -> float:
    """Return PED-ANOVA's quantile: the best tenth of the trials, or as much as gives 8 trials."""
    return max(BEST_SHARE, MIN_BEST / trials)


def _sample(panel: PhaseTrials) -> PhaseTrials:
    if len(panel.trials) <= MAX_TRIALS:
        return panel
    chosen = np.random.default_rng(RANDOM).choice(len(panel.trials), MAX_TRIALS, replace=False)
    return PhaseTrials(panel.phase, panel.parameters, [panel.trials[index] for index in sorted(chosen)])


def _by_ped_anova(panel: PhaseTrials, distributions: Mapping[str, BaseDistribution], *, maximizes: bool) -> Importance:
    generator, count = np.random.default_rng(RANDOM), len(panel.trials)
    rate = divergences(panel, distributions, quantile(count))
    values = np.array([-trial.value if maximizes else trial.value for trial in panel.trials])
    everyone, half = np.arange(count), _draw_count(count) // 2
    chance = np.mean([rate(everyone, generator.permutation(values)) for _ in range(half)], axis=0)
    shuffled = [rate(chosen, generator.permutation(values)) for chosen in _choices(generator, count, half)]
    draws = [rate(chosen, values[chosen]) for chosen in _choices(generator, count, 2 * half)]
    alone = _alone(panel, PED_ANOVA, shares(rate(everyone, values) - chance))
    return with_draws(alone, shares(np.array(draws) - np.mean(shuffled, axis=0)), count)


def _by_fanova(panel: PhaseTrials, space: Mapping[str, Entry]) -> Importance:
    generator, count, encoded = np.random.default_rng(RANDOM), len(panel.trials), encode(panel, space)
    values = np.array([trial.value for trial in panel.trials])
    shown = shares(fanova(encoded, values, TREES, RANDOM))
    trees = DRAW_TREES if count <= MANY_TRIALS else MANY_TREES
    draws = []
    for chosen in _choices(generator, count, _draw_count(count)):
        drawn = np.array([_drawn_value(panel.trials[index].seeds, generator) for index in chosen])
        draws.append(shares(fanova(encoded.of(chosen), drawn, trees, RANDOM)))
    bias = np.mean(draws, axis=0) - shown
    return with_draws(_alone(panel, FANOVA, shown), np.array(draws) - bias, count, margin=np.abs(bias))


def _alone(panel: PhaseTrials, method: str, values: Array) -> Importance:
    bars = [Bar(name, float(value)) for name, value in zip(panel.parameters, values, strict=True)]
    return Importance(panel.phase, method, len(panel.trials), TRIALS, bars, len(bars))


def _draw_count(trials: int) -> int:
    return DRAWS if trials <= MANY_TRIALS else MANY_DRAWS


def _choices(generator: np.random.Generator, trials: int, draws: int) -> Indices:
    """Return which trials each draw holds; shape: (draws, trials)."""
    return generator.integers(0, trials, (draws, trials))


def _drawn_value(seeds: Array, generator: np.random.Generator) -> float:
    """Return the mean of as many seeds, drawn with replacement and widened."""
    mean, count = float(seeds.mean()), seeds.size
    if count == 1:
        return mean
    drawn = float(seeds[generator.integers(0, count, count)].mean())
    return mean + (drawn - mean) * math.sqrt(count / (count - 1))


def divergences(
    panel: PhaseTrials, distributions: Mapping[str, BaseDistribution], top: float
) -> Callable[[Indices, Array], Array]:
    """Return the function that rates trials with values, of which lower ones are better, by Optuna's PED-ANOVA.

    It takes the indices of trials, which may be there twice, and their values, and returns how much the best ones, a
    share ``top``, diverge from all in each parameter.
    """
    from optuna.importance import PedAnovaImportanceEvaluator  # loads scikit-learn

    names, evaluator = list(panel.parameters), PedAnovaImportanceEvaluator(target_quantile=top)
    kept = {name: distributions[name] for name in names}
    params = [{name: trial.params[name] for name in names} for trial in panel.trials]

    def rate(chosen: Indices, values: Array) -> Array:
        trials = [
            FrozenTrial(i, TrialState.COMPLETE, value, NOW, NOW, params[at], kept, {}, {}, {}, trial_id=i)
            for i, (at, value) in enumerate(zip(chosen.tolist(), values.tolist(), strict=True))
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about draws of trials that are all alike
            rated = evaluator.evaluate(TrialSample(trials), params=names)
        return np.array([rated[name] for name in names])

    return rate


def encode(panel: PhaseTrials, space: Mapping[str, Entry]) -> Encoded:
    """Return a column for each number, on the scale on which it is searched, and one for each value of a category."""
    groups: list[list[int]] = []
    columns: list[Array] = []
    for name in panel.parameters:
        values, entry = [trial.params[name] for trial in panel.trials], space[name]
        new = (
            [_position(values, entry)]
            if isinstance(entry, Range)
            else [np.array([value == other for value in values], dtype=float) for other in entry]
        )
        groups.append(list(range(len(columns), len(columns) + len(new))))
        columns += new
    return Encoded(np.column_stack(columns), groups, [not isinstance(space[name], Range) for name in panel.parameters])


def _position(values: Sequence[Scalar], entry: Range) -> Array:
    numbers = np.array([*values, entry.low, entry.high], dtype=float)
    *positions, low, high = np.log(numbers) if entry.log else numbers
    fractions: Array = (np.array(positions) - low) / (high - low)
    return fractions
