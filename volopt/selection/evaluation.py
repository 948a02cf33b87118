"""Say how sure the choice of a trial is: intervals, probabilities to be best, the set of the best, and what to expect.

All of it comes from the same draws of the trials' errors over fresh seeds and days, see ``noise``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray

from volopt.definition.schema import Definition, Scalar
from volopt.metrics import Array
from volopt.selection import noise
from volopt.selection.confidence_set import confidence_set
from volopt.selection.measurements import MAX_TRIALS, Days, Measurement, common_days, is_r2, measure
from volopt.selection.winner import optimism
from volopt.storage.artifacts import Artifacts
from volopt.studies.space import point

INTERVAL = (0.025, 0.975)


class EvaluatedTrial(NamedTuple):
    """Hold what the evaluation says of one COMPLETE trial, in units of the objective's metric."""

    number: int
    params: dict[str, Scalar]
    value: float  # Optuna's: the mean over the seeds of the study
    estimate: float  # the mean over these and the confirmed seeds
    weights: int
    seconds: float | None  # a fit
    seeds: int
    confirmed: int  # of these seeds
    interval: tuple[float, float] | None = None  # 95 %, over fresh seeds and days; None if it was not drawn
    p_best: float = 0.0  # share of draws in which it is the best
    regret: float | None = None  # mean over draws of its distance to the best of the draw; None if it was not drawn
    in_set: bool = False


@dataclass(frozen=True)
class Evaluation:
    """Hold the evaluation of a study; ``trials`` are in order of their estimates, the best first."""

    study: str
    metric: str
    trials: Sequence[EvaluatedTrial]
    expected: float  # of the first trial, on fresh seeds and days
    days: int  # that were drawn; 0 if only seeds were
    without_days: Sequence[int]  # drawn trials whose file is missing, damaged or of an earlier volopt
    drawn: int  # trials that were drawn; the others are too far behind
    fits_a_seed: int

    @property
    def observed(self) -> float:
        """Return the value of the first trial."""
        return self.trials[0].estimate

    @property
    def members(self) -> list[EvaluatedTrial]:
        """Return the trials that cannot be told from the best."""
        return [trial for trial in self.trials if trial.in_set]

    @property
    def fits_to_confirm(self) -> int:
        """Return the fits of two more seeds of each of them; 0 where there is nothing to confirm."""
        return 2 * len(self.members) * self.fits_a_seed if len(self.members) > 1 else 0

    @property
    def likely(self) -> EvaluatedTrial:
        """Return the trial of the least expected regret."""
        return min(self.trials[: self.drawn], key=lambda trial: (trial.regret, trial.weights, trial.number))

    @property
    def simplest(self) -> EvaluatedTrial:
        """Return the smallest network of the set, and of several the quickest."""
        return min(self.members, key=lambda trial: (trial.weights, trial.seconds or 0.0, trial.number))

    def facts(self) -> dict[str, Any]:
        """Return what ``volopt best --json`` prints."""
        return {**self.choice_facts(), "trials": [trial._asdict() for trial in self.trials]}

    def choice_facts(self) -> dict[str, Any]:
        """Return the same without its trials."""
        return {
            "study": self.study,
            "metric": self.metric,
            "set": [trial.number for trial in self.members],
            "likely": self.likely.number,
            "simplest": self.simplest.number,
            "observed": self.observed,
            "expected": self.expected,
            "days": self.days,
            "seeds_only": list(self.without_days),
        }


def evaluate(study: optuna.Study, definition: Definition, artifacts: Artifacts) -> Evaluation:
    """Evaluate the COMPLETE trials of a study.

    Only the ``MAX_TRIALS`` best are drawn; trials behind them have a ``p_best`` of 0, no interval and no regret.

    Raises:
        StudyError: no trial is COMPLETE.
    """
    return evaluate_measurements(study.study_name, definition, measure(study, definition, artifacts))


def evaluate_measurements(name: str, definition: Definition, measured: Sequence[Measurement]) -> Evaluation:
    """Return the evaluation of what was measured of the COMPLETE trials of a study, at least one."""
    ranked = sorted(measured, key=lambda each: each.log_error)
    drawn = ranked[:MAX_TRIALS]
    days = common_days(drawn)
    draws = draw(drawn, days)
    observed = np.array([each.log_error for each in drawn])
    errors = np.exp(observed + draws.truths)
    least = errors.min(axis=1, keepdims=True)
    best = errors == least
    p_best = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    regret = (errors - least).mean(axis=0)
    members = set(confidence_set(observed, draws.estimates).tolist())
    metric = _to_metric(definition)
    limits = np.sort(metric(np.quantile(errors, INTERVAL, axis=0)), axis=0)
    trials = [
        EvaluatedTrial(
            **_measured_facts(each, metric),
            interval=(float(limits[0, index]), float(limits[1, index])),
            p_best=float(p_best[index]),
            regret=float(regret[index]),
            in_set=index in members,
        )
        for index, each in enumerate(drawn)
    ]
    expected = np.exp(observed[0] + optimism(observed, draws.of_the_choice))
    return Evaluation(
        name,
        definition.objective.metric,
        [*trials, *(EvaluatedTrial(**_measured_facts(each, metric)) for each in ranked[MAX_TRIALS:])],
        expected=float(metric(expected)),
        days=0 if days is None else days.losses.shape[1],
        without_days=[each.trial.number for each in drawn if days is None or each.trial.number not in days.numbers],
        drawn=len(drawn),
        fits_a_seed=definition.fits_a_seed,
    )


def _measured_facts(each: Measurement, metric: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "number": each.trial.number,
        "params": dict(each.trial.params),
        "value": float(each.trial.value or 0.0),
        "estimate": float(metric(each.errors.mean())),
        "weights": each.weights,
        "seconds": each.seconds,
        "seeds": len(each.errors),
        "confirmed": each.confirmed,
    }


def _to_metric(definition: Definition) -> Callable[[Any], Any]:
    """Return the function from an error to the objective's metric."""
    return (lambda error: 1 - error) if is_r2(definition) else (lambda error: error)


@dataclass(frozen=True)
class Draws:
    """Hold draws of what seeds and days add to the trials' log errors, shape (DRAWS, trials)."""

    seeds: Array
    days: Array
    exchanged_seeds: Array  # where each trial has the scatter of a random one

    @property
    def estimates(self) -> Array:
        """Return by how much the estimates of other seeds and days would differ from the truth."""
        estimates: Array = self.days + self.seeds
        return estimates

    @property
    def truths(self) -> Array:
        """Return by how much the truth may differ from the estimates; lucky seeds have a worse truth."""
        truths: Array = self.days - self.seeds
        return truths

    @property
    def of_the_choice(self) -> Array:
        """Return what makes one trial look better than another; days that are good for all trials do not."""
        noise: Array = self.days - self.days.mean(axis=1, keepdims=True) + self.exchanged_seeds
        return noise


def draw(measured: Sequence[Measurement], days: Days | None) -> Draws:
    """Draw the noise of the trials; it is the same in every call."""
    generator = np.random.default_rng(0)
    first, index = _distinct(measured)
    errors = [measured[each].errors for each in first]
    seeds = noise.draw_seeds(noise.seed_scatter(errors), generator)[:, index]
    daily = _draw_days(measured, days, generator)
    exchanged = noise.draw_seeds(noise.exchanged_scatter(errors, generator), generator)[:, index]
    return Draws(seeds, daily, exchanged)


def _draw_days(measured: Sequence[Measurement], days: Days | None, generator: np.random.Generator) -> Array:
    """Return the noise of the days. A trial without losses has what the days do to the others on average."""
    if days is None:
        return np.zeros((noise.DRAWS, len(measured)))
    block = noise.block_length(days.losses)
    ratios = noise.draw_days(np.vstack([days.losses, days.deviations]), block, generator)
    known = dict(zip(days.numbers, (ratios[:, :-1] - ratios[:, -1:]).T, strict=True))
    common: Array = np.mean(list(known.values()), axis=0)
    noises = [known[number] if (number := each.trial.number) in known else common for each in measured]
    return np.stack(noises, axis=1)


def _distinct(measured: Sequence[Measurement]) -> tuple[list[int], NDArray[np.intp]]:
    """Return the first trial of each configuration, and each trial's configuration; equal ones share their fits."""
    first: dict[object, int] = {}
    owners = [first.setdefault(point(each.trial.params), index) for index, each in enumerate(measured)]
    order = {owner: position for position, owner in enumerate(first.values())}
    return list(first.values()), np.array([order[owner] for owner in owners])
