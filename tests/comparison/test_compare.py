import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, lists, tuples

from volopt.baselines.forecasts import SCORED
from volopt.comparison import statistics
from volopt.comparison.comparands import baseline_comparand, trial_comparand
from volopt.comparison.compare import Comparison, compare
from volopt.comparison.trial_results import SeedResult, TrialResult
from volopt.definition.schema import Objective
from volopt.errors import StudyError
from volopt.metrics import Array
from volopt.studies.trial_file import InstrumentRows

MSE = Objective()
R2 = Objective(metric="valid_log_r2")
DAYS = 30
FACTORS = np.exp(np.sin(np.arange(DAYS)))  # of a forecast to the actual values, day by day
ACTUAL = np.linspace(10, 20, DAYS)


def result(
    number: int,
    scores: Mapping[int, float],
    forecast: Array = ACTUAL,
    *,
    metric: str = "valid_mse",
    first_day: int = 0,
    actual: Array = ACTUAL,
    spread: float = 0.0,
) -> TrialResult:
    """Return a trial with a score by seed; its forecasts lie ``spread`` apart around ``forecast`` on both splits."""
    offsets = spread * (np.arange(len(scores)) - (len(scores) - 1) / 2)
    dates = np.datetime64("2020-01-01") + first_day + np.arange(len(actual))
    return TrialResult(
        number=number,
        params={"hidden_size": number},
        seeds=tuple(
            SeedResult(seed, {metric: score}, {}, dict.fromkeys(SCORED, forecast + offset))
            for (seed, score), offset in zip(scores.items(), offsets, strict=True)
        ),
        dates={"valid": dates, "test": dates + 1000},
        actual={"valid": actual, "test": actual},
        train={"mean": 10.0, "std": 1.0, "log_floor": 0.5},
        instruments={split: [InstrumentRows("", slice(0, len(actual)), 0.5)] for split in SCORED},
        baselines={"har": {"valid": actual * 2, "test": actual * 3}},
    )


def by_seed(*scores: float) -> dict[int, float]:
    return dict(enumerate(scores))


def versus(a: TrialResult, b: TrialResult, objective: Objective = MSE) -> Comparison:
    return compare(trial_comparand(a, objective.metric), trial_comparand(b, objective.metric), objective)


TEN = by_seed(*np.linspace(1, 2, 10))
LOWER = {seed: score - 0.5 - 0.01 * seed for seed, score in TEN.items()}
WAVERING = {seed: score + 0.3 * (-1) ** seed - 0.001 for seed, score in TEN.items()}


# over days


def test_the_loss_of_a_panel_day_is_the_mean_over_instruments_with_the_floor_of_each() -> None:
    """The second instrument lacks the first day, and its forecast is below its own floor only."""
    actual = np.array([1.0, 2.0, 4.0, 100.0, 0.0])
    dates = np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-02", "2020-01-03"], "datetime64[D]")
    forecast = np.array([2.0, 2.0, 2.0, 1.0, 1.0])
    instruments = [InstrumentRows("A", slice(0, 3), 0.5), InstrumentRows("B", slice(3, 5), 10.0)]
    panel = replace(
        result(3, by_seed(1.0), forecast, actual=actual),
        dates=dict.fromkeys(SCORED, dates),
        instruments=dict.fromkeys(SCORED, instruments),
        baselines={"har": dict.fromkeys(SCORED, actual)},
    )
    losses = trial_comparand(panel, "valid_mse").losses["test"]
    assert losses.dates.astype(str).tolist() == ["2020-01-01", "2020-01-02", "2020-01-03"]
    by_hand = [np.log(2) ** 2, (0 + np.log(10) ** 2) / 2, np.log(2) ** 2]  # B has no log on its last day
    assert losses.values.tolist() == pytest.approx(by_hand)
    assert baseline_comparand("har", panel).losses["valid"].values.tolist() == [0, 0, 0]


# over seeds


def test_trials_are_paired_on_the_seeds_that_both_have() -> None:
    compared = versus(result(3, {0: 1.0, 2: 2.0, 5: 4.0}), result(7, {2: 1.5, 9: 0.0, 0: 3.0}))
    assert [tuple(pair) for pair in compared.seeds] == [(0, 1.0, 3.0), (2, 2.0, 1.5)]
    assert [pair.difference for pair in compared.seeds] == [-2.0, 0.5]
    assert compared.difference == statistics.paired(np.array([-2.0, 0.5]))


def test_a_seed_without_a_score_is_left_out() -> None:
    compared = versus(result(3, by_seed(1, math.nan, 3)), result(7, by_seed(2, 2, 2)))
    assert [pair.seed for pair in compared.seeds] == [0, 2]


GOOD, BAD = ACTUAL * np.sqrt(FACTORS), ACTUAL * FACTORS**2  # on each day GOOD has less error
DAYS_TEXT = "mean squared log error on the valid days is"


@pytest.mark.parametrize(
    ("a", "b", "objective", "better", "verdict"),
    [
        (LOWER, TEN, MSE, "a", "Trial 3's mean valid_mse over 10 seeds is 0.545 lower than trial 7's "),
        (TEN, LOWER, MSE, "b", "Trial 3's mean valid_mse over 10 seeds is 0.545 higher than trial 7's "),
        (LOWER, TEN, R2, "b", "Trial 3's mean valid_log_r2 over 10 seeds is 0.545 lower than trial 7's "),
        (WAVERING, TEN, MSE, None, "Trial 3's mean valid_mse over 10 seeds is 0.001 lower than trial 7's "),
        (TEN, TEN, MSE, None, "Trial 3 and trial 7 have the same mean valid_mse over 10 seeds: they cannot be told"),
        # seven seeds are too few for a verdict, and the days do not tell them apart
        (by_seed(*range(7)), by_seed(*range(1, 8)), MSE, None, "Trial 3 and trial 7 have the same mean squared log er"),
    ],
)
def test_the_verdict_follows_from_the_seeds_where_the_days_are_equal(
    a: dict[int, float], b: dict[int, float], objective: Objective, better: str | None, verdict: str
) -> None:
    metric = objective.metric
    compared = versus(result(3, a, metric=metric), result(7, b, metric=metric), objective)
    assert compared.better == better
    assert compared.verdict.startswith(verdict)
    name = {"a": "trial 3 is better", "b": "trial 7 is better", None: "they cannot be told apart"}[better]
    assert compared.verdict.endswith(f": {name}.")


def test_the_days_decide_where_the_seeds_do_not() -> None:
    compared = versus(result(3, WAVERING, BAD), result(7, TEN, GOOD))
    assert compared.better == "b"
    assert compared.verdict.startswith(f"Trial 3's {DAYS_TEXT}")
    assert compared.verdict.endswith("p < 0.001): trial 7 is better.")


def test_tests_that_contradict_each_other_decide_nothing() -> None:
    compared = versus(result(3, LOWER, BAD), result(7, TEN, GOOD))
    assert compared.better is None
    assert "but trial 3's mean squared log error" in compared.verdict
    assert compared.verdict.endswith("the tests contradict each other, so neither is better.")


@settings(max_examples=50, deadline=None)
@given(
    scores=lists(tuples(floats(0, 1), floats(0, 1)), min_size=1, max_size=12),
    factors=lists(tuples(floats(0.5, 2), floats(0.5, 2)), min_size=DAYS, max_size=DAYS),
)
def test_the_verdict_names_no_winner_without_a_significant_test(
    scores: list[tuple[float, float]], factors: list[tuple[float, float]]
) -> None:
    a, b = (
        result(number, by_seed(*(pair[i] for pair in scores)), ACTUAL * np.array([day[i] for day in factors]))
        for i, number in enumerate((3, 7))
    )
    compared, swapped = versus(a, b), versus(b, a)
    ps = [compared.daily["valid"].estimate.p, *([compared.difference.p] if compared.difference else [])]
    assert compared.better is None or min(ps) < statistics.ALPHA
    assert swapped.better == {"a": "b", "b": "a", None: None}[compared.better]


def test_the_test_split_does_not_enter_the_verdict() -> None:
    a, b = result(3, TEN, ACTUAL * FACTORS), result(7, LOWER, ACTUAL * FACTORS**2)
    noise = dict(a.actual) | {"test": np.random.default_rng(0).uniform(1, 90, DAYS)}
    noisy = replace(a, actual=noise)
    for other in (trial_comparand(b, "valid_mse"), baseline_comparand("har", b)):
        before, after = (compare(trial_comparand(each, "valid_mse"), other, MSE) for each in (a, noisy))
        assert before.verdict == after.verdict
        assert before.daily["test"] != after.daily["test"]


# over days


def test_daily_losses_are_squared_log_errors_of_the_mean_forecast() -> None:
    a = result(3, by_seed(1, 2, 3), ACTUAL * FACTORS, spread=0.1)
    daily = versus(a, result(7, by_seed(1, 2, 3), ACTUAL * 2)).daily["valid"]
    losses_a, losses_b = np.sin(np.arange(DAYS)) ** 2, np.full(DAYS, math.log(2) ** 2)
    assert daily.loss_a == pytest.approx(losses_a.mean())
    assert daily.loss_b == pytest.approx(math.log(2) ** 2)
    assert daily.estimate == pytest.approx(statistics.diebold_mariano(losses_a, losses_b))


def test_a_forecast_below_the_floor_is_raised_to_it() -> None:
    compared = versus(result(3, TEN, np.full(DAYS, -4.0)), result(7, TEN))
    assert compared.daily["valid"].loss_a == pytest.approx(np.mean(np.log(0.5 / ACTUAL) ** 2))


def test_days_are_paired_by_date() -> None:
    early, late = result(3, TEN, ACTUAL * FACTORS), result(7, TEN, ACTUAL * FACTORS, first_day=5)
    losses = np.sin(np.arange(DAYS)) ** 2
    daily, swapped = versus(early, late).daily["test"], versus(late, early).daily["test"]
    assert daily.estimate == pytest.approx(statistics.diebold_mariano(losses[5:], losses[:-5]))
    assert (daily.loss_a, daily.loss_b) == pytest.approx((losses[5:].mean(), losses[:-5].mean()))
    assert (swapped.loss_b, swapped.loss_a) == (daily.loss_a, daily.loss_b)


def test_days_whose_actual_is_zero_are_left_out() -> None:
    stopped = ACTUAL.copy()
    stopped[[2, 9]] = 0
    daily = versus(result(3, TEN, ACTUAL * FACTORS, actual=stopped), result(7, TEN, ACTUAL * 2)).daily["valid"]
    assert daily.estimate.n == DAYS - 2
    assert daily.loss_a == pytest.approx(np.mean(np.delete(np.sin(np.arange(DAYS)) ** 2, [2, 9])))


@pytest.mark.parametrize("common", [0, 9, 10])
def test_fewer_than_ten_common_days_are_too_few(common: int) -> None:
    a, b = result(3, TEN), result(7, TEN, first_day=DAYS - common)
    if common == 10:
        assert versus(a, b).daily["valid"].estimate.n == 10
        return
    with pytest.raises(StudyError, match=f"trial 3 and trial 7 share {common} valid days"):
        versus(a, b)


# with a baseline


def test_a_baseline_has_no_seeds_and_is_compared_over_the_days_only() -> None:
    trial = result(3, TEN, ACTUAL * np.sqrt(FACTORS))
    compared = compare(trial_comparand(trial, "valid_mse"), baseline_comparand("har", trial), MSE)
    losses, har = np.sin(np.arange(DAYS)) ** 2 / 4, np.log(2) ** 2
    assert (compared.seeds, compared.difference) == ((), None)
    assert compared.daily["valid"].estimate == pytest.approx(statistics.diebold_mariano(losses, np.full(DAYS, har)))
    assert compared.daily["test"].loss_b == pytest.approx(math.log(3) ** 2)
    assert compared.verdict.startswith(f"Trial 3's {DAYS_TEXT} 0.359 lower than baseline har's (95 % interval ")
    assert compared.verdict.endswith(", p < 0.001): trial 3 is better.")


def test_the_verdict_says_so_when_the_baseline_wins() -> None:
    trial = result(3, TEN, ACTUAL * 5)
    compared = compare(trial_comparand(trial, "valid_mse"), baseline_comparand("har", trial), MSE)
    assert compared.verdict.endswith("baseline har is better.")


def test_a_baseline_without_stored_forecasts_is_an_error() -> None:
    with pytest.raises(StudyError, match="baseline ridge are missing") as error:
        baseline_comparand("ridge", result(3, TEN))
    assert "--name" in error.value.hint
