"""What can stand on one side of a comparison, and finding it by what a person calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import optuna
from optuna.trial import TrialState
from pydantic import TypeAdapter

from volopt.baselines.forecasts import BASELINES
from volopt.comparison import evidence
from volopt.comparison.evidence import SPLITS, TrialResult
from volopt.definition.schema import Definition, Range, Scalar
from volopt.definition.space import contains, told, value_type
from volopt.errors import StudyError, UsageError, did_you_mean
from volopt.metrics import Array, log_errors
from volopt.storage.artifacts import Artifacts
from volopt.studies.space import Params, point
from volopt.windows.split import Dates

Choice = int | str  # a trial's number, or a baseline's name


class DailyLosses(NamedTuple):
    """Squared log errors of the days that have one; of a panel the mean over the instruments of each day."""

    dates: Dates  # shape: (days,), ascending
    values: Array  # shape: (days,)


@dataclass(frozen=True)
class Comparand:
    """What stands on one side: a trial by its seeds and their mean forecast, or a baseline by its forecast."""

    choice: Choice
    params: Mapping[str, Scalar]  # empty for a baseline, as are scores
    scores: Mapping[int, float]  # the objective's metric by seed
    losses: Mapping[str, DailyLosses]  # by split

    @property
    def name(self) -> str:
        """Return what a sentence calls it."""
        return _name(self.choice)


def of_trial(result: TrialResult, metric: str) -> Comparand:
    """Return a trial as a side, scored by ``metric``."""
    scores = {replicate.seed: replicate.metrics[metric] for replicate in result.replicates}
    forecasts = {split: result.ensemble(split) for split in SPLITS}
    return Comparand(result.number, result.params, scores, _losses(result, forecasts))


def of_baseline(name: str, result: TrialResult) -> Comparand:
    """Return a baseline as a side, on the days of a trial.

    Raises:
        StudyError: its forecasts are no longer kept.
    """
    if name not in result.baselines:
        raise StudyError(
            f"the forecasts of the baseline {name} are missing",
            "run the study again under another --name: it makes them anew and takes the fits that are kept",
        )
    return Comparand(name, {}, {}, _losses(result, result.baselines[name]))


def sides(
    study: optuna.Study, definition: Definition, texts: Sequence[str], artifacts: Artifacts
) -> tuple[Comparand, Comparand]:
    """Return the two sides that a person named.

    Args:
        study: with COMPLETE trials.
        definition: the study's.
        texts: two, each a trial's number, ``best``, parameters as in ``cell=LSTM,hidden_size=25``, or a baseline.
        artifacts: of the study's storage.

    Raises:
        UsageError: a text that names nothing, or two that name the same.
        StudyError: a trial that is not there, not COMPLETE, or without its forecasts.
    """
    trials = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    a, b = (named(study, definition, text) for text in texts)
    if a == b:
        raise UsageError(f"A and B are both {_name(a)}", "name two that differ")
    numbers = [each for each in (a, b) if isinstance(each, int)] or [study.best_trial.number]
    results = {number: evidence.read(study, trials[number], artifacts) for number in numbers}
    host, metric = results[numbers[0]], definition.objective.metric

    def side(chosen: Choice) -> Comparand:
        return of_baseline(chosen, host) if isinstance(chosen, str) else of_trial(results[chosen], metric)

    return side(a), side(b)


def _losses(result: TrialResult, forecasts: Mapping[str, Array]) -> dict[str, DailyLosses]:
    found = {}
    for split in SPLITS:
        dates, losses = list[Dates](), list[Array]()
        for _, rows, floor in result.shares(split):
            actual = result.actual[split][rows]
            errors, _ = log_errors(forecasts[split][rows], actual, floor)
            dates.append(result.dates[split][rows][actual > 0])
            losses.append(errors**2)
        found[split] = _by_day(np.concatenate(dates), np.concatenate(losses))
    return found


def _by_day(dates: Dates, losses: Array) -> DailyLosses:
    """Return the mean loss of each day: instruments move together, so that those of one day are one observation."""
    days, which, counts = np.unique(dates, return_inverse=True, return_counts=True)
    return DailyLosses(days, np.bincount(which, losses, len(days)) / counts)


def _name(choice: Choice) -> str:
    return f"baseline {choice}" if isinstance(choice, str) else f"trial {choice}"


def named(study: optuna.Study, definition: Definition, text: str) -> Choice:
    """Return the trial or baseline that a text names, as in ``sides``."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise StudyError(f"no trial of {study.study_name} is COMPLETE yet", "`volopt run` goes on with it")
    if text == "best":
        return int(study.best_trial.number)
    if text.isdecimal():
        return _numbered(study, text)
    if "=" in text:
        return _with_params(study, _params(definition, text))
    if text in BASELINES:
        return text
    raise UsageError(
        f'"{text}" is neither a trial nor a baseline{did_you_mean(text, ["best", *BASELINES])}',
        "write a trial's number, best, parameters as in cell=LSTM,hidden_size=25, or one of " + ", ".join(BASELINES),
    )


def _numbered(study: optuna.Study, text: str) -> int:
    lists = f"`volopt trials {study.study_name}` lists them"
    trial = next((each for each in study.get_trials(deepcopy=False) if str(each.number) == text), None)
    if trial is None:
        raise StudyError(f"{study.study_name} has no trial {text}", lists)
    if trial.state != TrialState.COMPLETE:
        raise StudyError(f"trial {text} is {trial.state.name}, and only COMPLETE ones can be compared", lists)
    return trial.number


def _with_params(study: optuna.Study, params: Params) -> int:
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        if point(trial.params) == point(params):
            return trial.number
    told_params = ", ".join(f"{key}={value}" for key, value in params.items())
    raise StudyError(
        f"no COMPLETE trial has {told_params}",
        f"keys that are not named stay at the baseline; `volopt trials {study.study_name}` lists the trials",
    )


def _params(definition: Definition, text: str) -> Params:
    """Return all keys of ``[space]``: those in the text, the others at the baseline."""
    given = {}
    for part in text.split(","):
        key, _, value = (each.strip() for each in part.partition("="))
        given[key] = _value(definition, key, value)
    baseline = definition.baseline()
    return {key: baseline[key] for key in definition.space} | given


def _value(definition: Definition, key: str, text: str) -> Scalar:
    space = definition.space
    if key not in space:
        raise UsageError(f'"{key}" is no key of [space]{did_you_mean(key, space)}', f"there are: {', '.join(space)}")
    entry = space[key]
    try:
        value: Scalar = TypeAdapter(value_type(key)).validate_strings(text)
        if contains(entry, value):
            return value
    except (ValueError, TypeError):  # of another type; the latter for batch_size=full where [space] has a range
        pass
    near = "" if isinstance(entry, Range) else did_you_mean(text, map(str, entry))
    raise UsageError(f"{key}={text} is not in [space]{near}", f"there {key} is one of {told(entry)}")
