"""Forecasts of the baselines on datasets: the right days, fitted on all of train, no look-ahead."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from builders import definition
from builders import frame as plain_frame
from volopt.baselines.forecasts import forecasts
from volopt.baselines.methods import BASELINES, Fit, Forecaster, History, baselines_of
from volopt.data.frame import Frame
from volopt.definition.load import load
from volopt.metrics import Array
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare
from volopt.windows.windows import samples

DAYS, TRAIN_END, VALID_END = 152, 91, 121  # rows of ``frame``: train is 0 to 90
LAGS = 4
STATIC = ("$next_monday", "$gap")  # the calendar alone decides the first one
OWN: dict[str, Fit] = {name: each.fit for name, each in BASELINES.items() if each.fit}  # fitted on one series
names = pytest.mark.parametrize("name", BASELINES)
own_names = pytest.mark.parametrize("name", OWN)


def frame(days: int = DAYS, seed: int = 0, columns: Sequence[str] = ("$close", "$volume")) -> Frame:
    """Return a frame with the static inputs ``STATIC``; the second one says something of the next day's target."""
    data = plain_frame(days, seed, columns)
    mondays = (data.dates.astype(int) + 4) % 7 == 0  # 1970-01-01 was a Thursday, and the next day counts
    steps = np.diff(np.log(data.values[:, 1]), append=np.log(data.values[-1, 1]))
    gaps = steps + np.random.default_rng(seed).normal(0, 0.1, days)
    return replace(data, static=np.column_stack([mondays, gaps]).astype(np.float32))


def dataset(*frames: Frame, **data: object) -> Dataset:
    return prepare(frames or [frame()], definition(data={"static": STATIC} | data), "fingerprint")


def published(days: int = 200, test_days: int = 60) -> Dataset:
    study = load("published")
    columns = study.data.features
    frames = [frame(days, seed=2, columns=columns), frame(test_days, seed=3, columns=columns)]
    data = study.data.model_copy(update={"static": STATIC})
    return prepare(frames, study.model_copy(update={"data": data}), "fingerprint")


def changed(data: Frame, row: int, factor: float) -> Frame:
    """Return the frame with every value of one day multiplied, and its static inputs."""
    values, static = data.values.copy(), data.static.copy()
    values[row] *= factor
    static[row] *= factor
    return replace(data, values=values, static=static)


def history(data: Frame) -> History:
    """Return the history of a frame whose second column is the target."""
    values, calendar = data.values, data.static[:, :1].astype(float)
    return History(values[:, 1], np.log(values[:, 1]), values[:, :1], calendar)


def joined(by_name: dict[str, dict[str, Array]], name: str) -> Array:
    return np.concatenate([by_name[name]["valid"], by_name[name]["test"]])


# Days and rows.


def test_the_baselines_keep_their_order_and_forecast_every_day_that_the_trials_forecast() -> None:
    data = dataset()
    by_name = forecasts(data, 5, LAGS)
    six = ["persistence", "ma5", "ewma", "har", "ridge", "lightgbm"]
    assert list(forecasts(dataset(static=()), 5, LAGS)) == list(baselines_of(())) == six
    assert list(by_name) == [*six, "har_rolling", "har_x", "pooled_ridge", "pooled_lightgbm"] == list(BASELINES)
    for splits in by_name.values():
        assert list(splits) == ["valid", "test"]
        assert all(len(splits[split]) == len(samples(data, split, 5)) for split in splits)


def test_forecasts_are_in_the_order_of_the_samples_over_several_series() -> None:
    data = dataset(frame(seed=1), frame(seed=2))
    for split, values in forecasts(data, 5, LAGS)["persistence"].items():
        previous = [series.target[np.array(data.rows(split, 5, i)) - 1] for i, series in enumerate(data.series)]
        np.testing.assert_array_equal(values, np.concatenate(previous))


@own_names
def test_a_baseline_is_fitted_on_every_train_day_of_its_own_series(name: str) -> None:
    """Trials leave out the first six days; with two lags ridge and lightgbm begin at the third."""
    frames = frame(seed=1), frame(seed=2)
    forecast = forecasts(dataset(*frames), 5, 2)[name]["valid"]
    expected = [OWN[name](history(data), range(TRAIN_END), 2)(history(data)) for data in frames]
    np.testing.assert_allclose(forecast, np.concatenate([days[TRAIN_END:VALID_END] for days in expected]))


@own_names
def test_the_fit_on_the_first_published_file_forecasts_the_test_file(name: str) -> None:
    data = published()
    assert data.static is not None
    calendars = np.split(data.static[:, :1].astype(float), [data.series[1].first_row])
    first, year = (
        History(series.target, np.log(series.target), series.features[:, :4], calendar)
        for series, calendar in zip(data.series, calendars, strict=True)
    )
    end = data.rule.targets("train", data.series[0].dates, 4, 0).stop
    expected = OWN[name](first, range(end), LAGS)(year)[19:-1]  # the last window is dropped
    np.testing.assert_allclose(forecasts(data, 4, LAGS)[name]["test"], expected)


def test_all_days_of_the_published_year_are_forecast_even_with_more_lags_than_earlier_days() -> None:
    tests = {name: splits["test"] for name, splits in forecasts(published(1895, 243), 99, 99).items()}
    assert {name: len(forecast) for name, forecast in tests.items()} == dict.fromkeys(BASELINES, 223)
    assert all(np.isfinite(forecast).all() for forecast in tests.values())


@names
def test_neither_transform_nor_anchor_nor_scaling_changes_a_forecast(name: str) -> None:
    plain = forecasts(dataset(), 5, LAGS)
    other = forecasts(dataset(transform="log", anchor="window_mean", scaling="standard"), 5, LAGS)
    np.testing.assert_array_equal(joined(plain, name), joined(other, name))


@names
def test_the_target_is_not_also_another_feature(name: str) -> None:
    """If the target is not among the features, all features are the others."""
    without = forecasts(dataset(features=("$close",)), 5, LAGS)
    np.testing.assert_array_equal(joined(without, name), joined(forecasts(dataset(), 5, LAGS), name))


# No look-ahead.


@cache
def before_changes(name: str) -> tuple[Forecaster, Array]:
    forecaster = OWN[name](history(frame()), range(TRAIN_END), LAGS)
    return forecaster, forecaster(history(frame()))


@own_names
@given(st.integers(1, DAYS - 1), st.floats(0.01, 100))
def test_changing_a_day_changes_no_forecast_of_that_day_or_before(name: str, row: int, factor: float) -> None:
    forecaster, before = before_changes(name)
    after = forecaster(history(changed(frame(), row, factor)))
    np.testing.assert_array_equal(before[1 : row + 1], after[1 : row + 1])


@pytest.mark.parametrize("name", [name for name in OWN if name != "lightgbm"])  # whose forecast moves in steps
def test_changing_a_day_changes_the_forecast_of_the_day_after(name: str) -> None:
    """Show that the test above can fail."""
    forecaster, before = before_changes(name)
    for row in range(1, DAYS - 1):
        assert forecaster(history(changed(frame(), row, 3.0)))[row + 1] != before[row + 1]


@cache
def forecasts_before() -> dict[str, dict[str, Array]]:
    return {**forecasts(dataset(), 5, LAGS)}


@given(st.integers(TRAIN_END, DAYS - 1), st.floats(1e-6, 1e6))
@settings(max_examples=20)
def test_changing_a_day_after_train_changes_nothing_that_was_fitted(row: int, factor: float) -> None:
    """The floor of logarithms and the scale of a feature stay, and so does every forecast up to that day."""
    after = forecasts(dataset(changed(frame(), row, factor)), 5, LAGS)
    early = row - TRAIN_END + 1
    for name in BASELINES:
        np.testing.assert_array_equal(joined(forecasts_before(), name)[:early], joined(after, name)[:early])


def test_changing_a_day_of_train_changes_what_is_fitted() -> None:
    after = forecasts(dataset(changed(frame(), 50, 3.0)), 5, LAGS)
    for name in BASELINES.keys() - {"persistence", "ma5"}:
        assert not np.array_equal(joined(forecasts_before(), name)[30:], joined(after, name)[30:])


@given(st.integers(0, 30), st.floats(1e-6, 1e6))
@settings(max_examples=5)
def test_changing_the_published_valid_days_changes_no_forecast_of_the_test_year(back: int, factor: float) -> None:
    data = published()
    first = data.series[0]
    values = first.features.copy()
    values[-1 - back] *= factor
    other = replace(data, series=(replace(first, features=values, target=values[:, 4]), data.series[1]))
    before, after = forecasts(data, 19, LAGS), forecasts(other, 19, LAGS)
    for name in before:
        np.testing.assert_array_equal(before[name]["test"], after[name]["test"])


# Extreme values.


@own_names
@given(arrays(np.float64, st.integers(4, 40), elements=st.floats(1e-3, 1e12)), st.data())
@settings(max_examples=25)
def test_forecasts_of_a_positive_target_are_positive_and_finite(name: str, target: Array, data: st.DataObject) -> None:
    train = range(data.draw(st.integers(3, len(target))))
    series = History(target, np.log(target), target[:, None], np.arange(len(target))[:, None] % 5.0)
    forecast = OWN[name](series, train, data.draw(st.integers(1, 50)))(series)
    assert forecast.shape == target.shape
    assert np.isfinite(forecast).all()
    assert (forecast > 0).all()


def with_target(values: Sequence[float] | Array) -> Dataset:
    data = frame()
    return dataset(replace(data, values=np.column_stack([data.values[:, 0], values])))


@names
def test_in_logs_a_zero_counts_as_a_tenth_of_the_smallest_positive_train_value(name: str) -> None:
    target = frame().values[:, 1].copy()
    target[80], target[110] = target.min() / 2, target.min() / 4  # one in train, and a smaller one after it
    zeros, floored = target.copy(), target.copy()
    zeros[[40, 100, 130]] = 0
    floored[[40, 100, 130]] = target[80] / 10
    forecast, expected = (joined(forecasts(with_target(each), 5, LAGS), name) for each in (zeros, floored))
    if name in ("persistence", "ma5"):  # they forecast levels, where 0 needs no floor
        assert np.isfinite(forecast).all()
    else:
        np.testing.assert_allclose(forecast, expected)


@names
def test_a_target_that_is_never_positive_has_finite_forecasts(name: str) -> None:
    assert np.isfinite(joined(forecasts(with_target(-frame().values[:, 1]), 5, LAGS), name)).all()
