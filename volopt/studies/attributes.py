"""The attributes of a study and its trials: their names, and the models that validate and write them.

A study's user attributes: ``volopt:format`` (of these attributes), ``volopt:definition`` (the study file, canonical),
``volopt:digest`` (of the definition), ``volopt:data`` (``DataSource``), ``volopt:baselines`` (scores by baseline),
``volopt:baselines_by_period`` (the same in each of several valid periods),
``volopt:runs`` (a ``RunRecord`` for each run), ``volopt:start:PHASE`` (where a phase with ``start = "best"`` began),
``volopt:confirmed`` (``Confirmed``: seeds that ``volopt best --confirm`` added), and ``volopt:artifacts`` (the artifact
directory, only in the database of a server).

A trial's user attributes: its phase, the reason of a FAILed one, and its metrics. Its system attributes ``SCORES`` and
``PROPOSAL`` hold ``TrialScores`` and ``Proposal``: as user attributes these would stretch optuna-dashboard's pages.
"""

import math
from typing import Annotated, Any, TypeGuard, TypeVar

from optuna.trial import FrozenTrial
from pydantic import AfterValidator, Field, ValidationError

from volopt.storage.run_record import StoredModel

FORMAT = 1
PREFIX = "volopt:"
START = f"{PREFIX}start:"
PHASE = "phase"
REASON = "reason"
SCORES = f"{PREFIX}scores"
PROPOSAL = f"{PREFIX}proposal"
CONFIRMED = f"{PREFIX}confirmed"

INTERRUPTED = "interrupted"  # begins the reason of a trial that did not fail by itself
ORPHAN = f"{INTERRUPTED}: the process that ran it is gone"
GIVEN_UP = "given up"  # begins the reason of a trial that is not tried again

MAX_EXACT = 2**53  # floats skip some of the whole numbers from here on
COUNTS = frozenset({"seed", "epochs", "best_epoch"})  # metrics that are whole numbers


def _check_scores(scores: dict[str, Any]) -> dict[str, Any]:
    others = [name for name, value in scores.items() if type(value) is not float or not math.isfinite(value)]
    if not all(is_score(name, scores[name]) for name in {*others, *(COUNTS & scores.keys())}):
        raise ValueError("a score is no finite number that a float can hold, or a count is not a whole number")
    return scores


def _check_seed(scores: dict[str, Any]) -> dict[str, Any]:
    if scores.get("seed") is None:
        raise ValueError("a seed's scores do not say which seed")
    return scores


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < MAX_EXACT if isinstance(value, int) else math.isfinite(value)


def _check_number(value: int | float | None) -> int | float | None:
    if value is not None and not is_number(value):
        raise ValueError("not a finite number that a float can hold")
    return value


Day = Annotated[str, Field(pattern=r"^[12]\d\d\d-\d\d-\d\d$")]
Score = Annotated[int | float | None, AfterValidator(_check_number)]  # None: the metric is not defined
# One check of all scores of a seed: a call for each would take most of the time of reading a large study.
Scores = Annotated[dict[str, int | float | None], AfterValidator(_check_scores)]


class PeriodScores(StoredModel):
    """Hold a valid period and a trial's scores in it: means over the seeds, and those of their mean forecast."""

    first: Day
    last: Day
    metrics: Scores = {}


class TrialScores(StoredModel):
    """Hold the scores of a trial beside its own metrics."""

    seeds: list[Annotated[Scores, AfterValidator(_check_seed)]] = []
    skills: Scores = {}  # of the trial, over each baseline
    periods: list[PeriodScores] = []  # of a COMPLETE trial, where the study has several; in order of time


class Proposal(StoredModel):
    """Tell how a phase came to a trial; the trials of earlier versions do not tell it.

    Args:
        generation: counted from 1 within the phase; 0 in a phase that asks for each trial by itself.
        known: how many points the sampler proposed before this one that the study already had.
    """

    generation: Annotated[int, Field(ge=0, lt=MAX_EXACT)] = 0
    known: Annotated[int, Field(ge=0, lt=MAX_EXACT)] = 0


ASKED_ALONE = Proposal()  # by a grid, or by an earlier version


class ConfirmedSeed(StoredModel):
    """Hold one more seed of a COMPLETE trial; its fits, one a valid period, are in the store of finished fits."""

    trial: Annotated[int, Field(ge=0, lt=MAX_EXACT)]
    seed: Annotated[int, Field(ge=0, lt=MAX_EXACT)]
    keys: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]], Field(min_length=1)]  # of the fits
    value: Annotated[float, Field(allow_inf_nan=False)]  # the objective's metric, the mean over the periods


class Confirmed(StoredModel):
    """Hold the seeds that were added to the trials of a study. Optuna's values are as they were."""

    seeds: list[ConfirmedSeed] = []


Model = TypeVar("Model", bound=StoredModel)


def valid_or_none(model: type[Model], content: object) -> Model | None:
    """Return the model that an attribute holds, or None where it holds something else."""
    try:
        return model.model_validate(content)
    except (ValidationError, RecursionError):
        return None


def proposal(trial: FrozenTrial) -> Proposal:
    """Return how a phase came to a trial."""
    return valid_or_none(Proposal, trial.system_attrs.get(PROPOSAL)) or ASKED_ALONE


def is_score(name: str, value: object) -> bool:
    """Return whether a value can be that of a metric, which may be undefined."""
    return value is None or (is_number(value) and not (name in COUNTS and isinstance(value, float)))


def finite(value: Any) -> Any:
    """Return what JSON can hold, with None in place of infinite and undefined numbers."""
    if isinstance(value, list):  # lists of hundreds of numbers are common: avoid a call for each
        return [item if type(item) is float and math.isfinite(item) else finite(item) for item in value]
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
