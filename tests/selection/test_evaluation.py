"""What the evaluation says of each trial, and of strange studies."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import definition
from simulated import Kind, measurement, simulate
from volopt.comparison.comparands import DailyLosses
from volopt.selection import sentences
from volopt.selection.evaluation import Evaluation, evaluate_measurements
from volopt.selection.measurements import MAX_TRIALS, Measurement, common_days

KIND = Kind(spread=0.2, seeds=0.1, unequal=0.3, common=1.0, loading=0.1, own=0.2, memory=0.3)
R2 = definition(objective={"metric": "valid_log_r2", "direction": "maximize"})


def evaluated(measured: list[Measurement]) -> Evaluation:
    return evaluate_measurements("small", definition(), measured)


@given(trials=st.integers(1, 12), seeds=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=6)
def test_probabilities_sum_to_one_and_regret_is_not_negative(trials: int, seeds: int, seed: int) -> None:
    result = evaluated(simulate(KIND, trials, seeds, days=60, seed=seed).measured)
    assert len(result.trials) == trials
    assert sum(trial.p_best for trial in result.trials) == pytest.approx(1)
    for trial in result.trials:
        assert trial.interval is not None
        assert trial.interval[0] <= trial.estimate * (1 + 1e-9)
        assert trial.regret is not None
        assert trial.regret >= 0
    assert result.likely in result.members
    assert result.simplest in result.members
    assert result.expected >= result.observed


def test_it_does_not_depend_on_the_order_of_the_trials() -> None:
    measured = simulate(KIND, 8, 3, days=100).measured
    assert evaluated(measured[::-1]) == evaluated(measured)


def test_the_true_best_is_found_where_trials_differ_much() -> None:
    study = simulate(KIND, 10, 10, seed=3)
    study.measured[study.best] = measurement(study.best, [1e-3] * 10, study.measured[study.best].losses)
    result = evaluated(study.measured)
    assert [member.number for member in result.members] == [study.best]
    assert result.likely.p_best > 0.99


def test_in_a_study_of_r2_high_values_are_good() -> None:
    measured = simulate(KIND, 6, 4).measured
    errors = evaluated(measured)
    r2 = evaluate_measurements("small", R2, measured)
    assert r2.likely.number == errors.likely.number
    assert r2.observed == pytest.approx(1 - errors.observed)
    assert r2.expected == pytest.approx(1 - errors.expected)
    assert r2.trials[0].interval == pytest.approx(
        tuple(1 - limit for limit in reversed(errors.trials[0].interval or ()))
    )


def test_the_deviations_of_the_target_are_drawn_with_the_losses_of_r2() -> None:
    days = simulate(KIND, 2, 3).measured
    of_target = [measurement(each.trial.number, each.errors, each.losses, deviations=each.losses) for each in days]
    widths = [
        np.ptp(evaluate_measurements("small", R2, measured).trials[0].interval or ()) for measured in (days, of_target)
    ]
    assert widths[1] < 0.9 * widths[0]


def test_one_trial_is_the_set_and_the_best() -> None:
    result = evaluated([measurement(4, [1.0, 1.2])])
    assert (result.likely.number, result.simplest.number, result.likely.p_best) == (4, 4, 1.0)
    assert result.expected == result.observed
    assert sentences.about_set(result) == "Trial 4 is the only COMPLETE trial: there is nothing to choose."


def test_trials_of_one_seed_and_no_file_are_told_apart_by_nothing_but_their_values() -> None:
    result = evaluated([measurement(0, [2.0]), measurement(1, [1.0])])
    assert [trial.p_best for trial in result.trials] == [1.0, 0.0]
    assert [sentence.split(",")[0] for sentence in sentences.notes(result)] == [
        "Each trial has one seed",
        "No daily losses can be read",
    ]


def test_equal_values_share_the_probability_and_the_smaller_network_is_likely() -> None:
    twins = [measurement(number, [1.0, 1.0], weights=10 - number) for number in range(3)]
    result = evaluated(twins)
    assert [trial.p_best for trial in result.trials] == pytest.approx([1 / 3] * 3)
    assert (len(result.members), result.likely.number, result.simplest.number) == (3, 2, 2)


def test_trials_with_equal_parameters_share_their_fits() -> None:
    errors, params = [1.0, 1.3], {"learning_rate": 0.1}
    result = evaluated([measurement(n, errors, params=params) for n in (0, 1)] + [measurement(2, [1.1, 1.2])])
    first, second = (next(trial for trial in result.trials if trial.number == n) for n in (0, 1))
    assert (first.p_best, first.regret, first.interval) == (second.p_best, second.regret, second.interval)


def test_the_days_of_a_trial_without_file_move_as_those_of_the_others() -> None:
    measured = simulate(KIND, 4, 3).measured
    with_file = evaluated(measured)
    lost = [*measured[:3], measurement(3, measured[3].errors)]
    result = evaluated(lost)
    assert (result.days, list(result.without_days)) == (544, [3])
    widths = [
        next(np.ptp(trial.interval or ()) for trial in each.trials if trial.number == 3) for each in (with_file, result)
    ]
    assert widths[0] == pytest.approx(widths[1], rel=0.3)
    assert "Only the seeds are drawn of the trials 3" in sentences.notes(result)[0]


def test_only_the_best_of_many_trials_are_drawn() -> None:
    result = evaluated([measurement(number, [1 + number, 1.1 + number]) for number in range(MAX_TRIALS + 5)])
    assert (len(result.trials), result.drawn) == (MAX_TRIALS + 5, MAX_TRIALS)
    assert (result.trials[-1].interval, result.trials[-1].regret, result.trials[-1].p_best) == (None, None, 0.0)
    assert sum(trial.p_best for trial in result.trials) == pytest.approx(1)


def test_days_are_those_that_all_trials_have() -> None:
    dates = np.datetime64("2020-01-01") + np.arange(40)
    columns = [DailyLosses(dates[start:], 1.0 + np.arange(40.0 - start)) for start in (0, 5, 10)]
    found = common_days([measurement(number, [1.0], column) for number, column in enumerate(columns)])
    assert found is not None
    assert found.losses.shape == (3, 30)
    for a, b in itertools.pairwise(found.losses):
        assert (a != b).all()
    assert common_days([measurement(n, [1.0], DailyLosses(dates[n * 20 :][:20], np.ones(20))) for n in (0, 1)]) is None


def test_losses_that_are_not_finite_are_not_drawn() -> None:
    dates = np.datetime64("2020-01-01") + np.arange(20)
    broken = np.where(np.arange(20) == 3, np.nan, 1.0)
    found = common_days(
        [measurement(0, [1.0], DailyLosses(dates, np.ones(20))), measurement(1, [1.0], DailyLosses(dates, broken))]
    )
    assert found is not None
    assert found.numbers == [0]


def test_the_correction_leaves_less_than_a_third_of_the_winners_bias_where_seeds_scatter_much() -> None:
    kind = Kind(spread=0.3, seeds=0.7, unequal=0.4, common=0.1, loading=0.0, own=0.1, memory=0.0)
    looks, left = [], []
    for seed in range(12):
        study = simulate(kind, 40, 3, days=100, seed=seed)
        result = evaluated(study.measured)
        truth = np.log(study.truth[result.trials[0].number])
        looks.append(truth - np.log(result.observed))
        left.append(truth - np.log(result.expected))
    assert abs(np.mean(left)) < np.mean(looks) / 3
