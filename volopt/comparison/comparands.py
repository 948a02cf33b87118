"""Find the trials and baselines that a user names, and collect what a comparison needs of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import optuna
from optuna.trial import TrialState
from pydantic import TypeAdapter

from volopt.baselines.forecasts import SCORED
from volopt.baselines.methods import baselines_of
from volopt.comparison.trial_results import RERUN, TrialResult, read_trial
from volopt.definition.schema import Definition, Range, Scalar
from volopt.definition.space import contains, describe, value_type
from volopt.errors import StudyError, UsageError, did_you_mean
from volopt.metrics import Array, log_errors
from volopt.storage.artifacts import Artifacts
from volopt.studies.space import Params, point
from volopt.windows.split import Dates

BEST, LIKELY, SIMPLEST = "best", "likely", "simplest"  # words that name a trial; ``selection`` finds the last two
Choice = int | str  # a trial's number, or a baseline's name


class DailyLosses(NamedTuple):
    """Hold the squared log error of each day that has one; in a panel, the mean over the instruments."""

    dates: Dates  # shape: (days,), ascending
    values: Array  # shape: (days,)


@dataclass(frozen=True)
class Comparand:
    """Hold what is compared of a trial, its seeds and their mean forecast, or of a baseline, its forecast."""

    choice: Choice
    params: Mapping[str, Scalar]  # empty for a baseline, like ``scores``
    scores: Mapping[int, float]  # the objective's metric by seed
    losses: Mapping[str, DailyLosses]  # by split

    @property
    def name(self) -> str:
        """Return its name in a sentence."""
        return _name(self.choice)


def trial_comparand(result: TrialResult, metric: str) -> Comparand:
    """Return a trial as a comparand, scored by ``metric``."""
    scores = {seed.seed: seed.metrics[metric] for seed in result.seeds}
    return Comparand(result.number, result.params, scores, _losses(result, {s: result.ensemble(s) for s in SCORED}))


def baseline_comparand(name: str, result: TrialResult) -> Comparand:
    """Return a baseline as a comparand, on the days of a trial.

    Raises:
        StudyError: its forecasts are no longer stored.
    """
    if name not in result.baselines:
        raise StudyError(f"the forecasts of the baseline {name} are missing", RERUN)
    return Comparand(name, {}, {}, _losses(result, result.baselines[name]))


def find_comparands(
    study: optuna.Study, definition: Definition, a: Choice, b: Choice, artifacts: Artifacts
) -> tuple[Comparand, Comparand]:
    """Return the comparands of two choices.

    Args:
        study: with COMPLETE trials.
        definition: the study's.
        a: a COMPLETE trial or a baseline, as ``find_choice`` returns it.
        b: another one.
        artifacts: of the study's storage.

    Raises:
        UsageError: both are the same.
        StudyError: a trial has no stored forecasts.
    """
    if a == b:
        raise UsageError(
            f"A and B are both {_name(a)}, so there is nothing to compare",
            f"compare it with another trial, see `volopt trials {study.study_name}`, or with another baseline",
        )
    trials = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    numbers = [choice for choice in (a, b) if isinstance(choice, int)] or [study.best_trial.number]
    results = {number: read_trial(study, trials[number], artifacts) for number in numbers}

    def comparand(choice: Choice) -> Comparand:
        if isinstance(choice, str):
            return baseline_comparand(choice, results[numbers[0]])
        return trial_comparand(results[choice], definition.objective.metric)

    return comparand(a), comparand(b)


def find_choice(study: optuna.Study, definition: Definition, text: str) -> Choice:
    """Return the trial or baseline that a text names.

    Args:
        study: with COMPLETE trials.
        definition: the study's.
        text: a trial's number, ``best``, parameters as in ``cell=LSTM,hidden_size=25``, or a baseline.

    Raises:
        UsageError: the text names nothing.
        StudyError: the trial does not exist, or is not COMPLETE.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        raise StudyError(f"no trial of {study.study_name} is COMPLETE yet", "`volopt run` resumes the study")
    if text == BEST:
        return int(study.best_trial.number)
    if text.isdecimal():
        return _find_number(study, text)
    if "=" in text:
        params = _parse_params(definition, text)
        number = next((trial.number for trial in complete if point(trial.params) == point(params)), None)
        if number is None:
            raise StudyError(
                f"no COMPLETE trial has {', '.join(f'{key}={value}' for key, value in params.items())}",
                f"keys that you leave out have the study's defaults; {_listing(study)}",
            )
        return number
    baselines = baselines_of(definition.data.static)
    if text in baselines:
        return text
    raise UsageError(
        f'"{text}" is neither a trial nor a baseline of {study.study_name}'
        + did_you_mean(text, [BEST, LIKELY, SIMPLEST, *baselines]),
        f"write a trial's number, {BEST}, {LIKELY}, {SIMPLEST}, parameters as in cell=LSTM,hidden_size=25, or one of "
        + ", ".join(baselines),
    )


def _find_number(study: optuna.Study, text: str) -> int:
    # int(text) would fail on thousands of digits
    trial = next((trial for trial in study.get_trials(deepcopy=False) if str(trial.number) == text), None)
    if trial is None:
        raise StudyError(f"{study.study_name} has no trial {text}", _listing(study))
    if trial.state != TrialState.COMPLETE:
        raise StudyError(f"trial {text} is {trial.state.name}, not COMPLETE", _listing(study))
    return trial.number


def _listing(study: optuna.Study) -> str:
    return f"`volopt trials {study.study_name}` lists its trials"


def _parse_params(definition: Definition, text: str) -> Params:
    """Return a value for each key of ``[space]``, from the text or from the study's defaults."""
    defaults = definition.defaults()
    params = {key: defaults[key] for key in definition.space}
    for part in text.split(","):
        key, _, value = (word.strip() for word in part.partition("="))
        params[key] = _parse_value(definition, key, value)
    return params


def _parse_value(definition: Definition, key: str, text: str) -> Scalar:
    space = definition.space
    if key not in space:
        raise UsageError(f'"{key}" is not a key of [space]{did_you_mean(key, space)}', f"its keys: {', '.join(space)}")
    entry = space[key]
    try:
        value: Scalar = TypeAdapter(value_type(key)).validate_strings(text)
        if contains(entry, value):
            return value
    except (ValueError, TypeError):  # wrong type; TypeError if batch_size=full and [space] has a range
        pass
    suggestion = "" if isinstance(entry, Range) else did_you_mean(text, map(str, entry))
    raise UsageError(f"{key}={text} is not in [space]{suggestion}", f"[space] has {key} = {describe(entry)}")


def _losses(result: TrialResult, forecasts: Mapping[str, Array]) -> dict[str, DailyLosses]:
    return {split: log_losses(result, split, forecasts[split]) for split in SCORED}


def log_losses(result: TrialResult, split: str, forecast: Array) -> DailyLosses:
    """Return the squared log errors of a forecast of a split's days, shape (days,), original units."""
    dates, losses = list[Dates](), list[Array]()
    for _, rows, floor in result.instruments[split]:
        actual = result.actual[split][rows]
        errors, _ = log_errors(forecast[rows], actual, floor)
        dates.append(result.dates[split][rows][actual > 0])
        losses.append(errors**2)
    return _mean_of_days(np.concatenate(dates), np.concatenate(losses))


def log_deviations(result: TrialResult, split: str) -> DailyLosses:
    """Return the squared deviations of log(actual) from each instrument's mean, the denominator of log R²."""
    dates, deviations = list[Dates](), list[Array]()
    for _, rows, _ in result.instruments[split]:
        actual = result.actual[split][rows]
        logs = np.log(actual[actual > 0])
        dates.append(result.dates[split][rows][actual > 0])
        deviations.append((logs - logs.mean()) ** 2 if logs.size else logs)
    return _mean_of_days(np.concatenate(dates), np.concatenate(deviations))


def _mean_of_days(dates: Dates, values: Array) -> DailyLosses:
    """Return the mean of each day. Instruments are correlated, so a day counts as one observation."""
    days, index, counts = np.unique(dates, return_inverse=True, return_counts=True)
    return DailyLosses(days, np.bincount(index, values, len(days)) / counts)


def _name(choice: Choice) -> str:
    return f"baseline {choice}" if isinstance(choice, str) else f"trial {choice}"
