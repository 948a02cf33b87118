"""The baselines over all series: their inputs and outputs, each model against its library, and what they find."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.linear_model import Ridge

from builders import definition
from builders import frame as plain_frame
from volopt.baselines import pooled, trees
from volopt.baselines.forecasts import forecasts
from volopt.errors import DataError
from volopt.metrics import Array
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare

WINDOW, INPUTS = 4, 3
LOG = {"transform": "log", "anchor": "window_mean", "scaling": "standard"}
NAMES = ("$volume", "$gap", "$noise")  # the first one is of the target's kind
SPREADS = (0.1, 1.0)  # of the two series; the second one has shocks of many standard deviations, too


def dataset(spreads: Sequence[float] = SPREADS, **data: object) -> Dataset:
    """Return a series a spread, whose gap of a day says most of the next day's log volume."""
    frames, days = [], 152
    for seed, spread in enumerate(spreads):
        generator = np.random.default_rng(seed)
        frame = plain_frame(days, seed)
        news, shocks = generator.normal(size=days), generator.standard_t(2, days)
        log = 5 + spread * (0.8 * np.append(0, news[:-1]) + 0.2 * shocks)
        values = np.column_stack([frame.values[:, 0], np.exp(log)])
        volume = log if (LOG | data)["transform"] == "log" else np.exp(log)
        static = np.column_stack([volume, news, generator.normal(size=days)])
        frames.append(replace(frame, values=values, static=static.astype(np.float32)))
    return prepare(frames, definition(data=LOG | {"static": NAMES} | data), "fingerprint")


def matrices(data: Dataset) -> tuple[Array, Array, list[Array], list[Array]]:
    """Return inputs and cut outputs of train by loops, and then all levels and scaled inputs by series."""
    assert data.static is not None
    levels, rows_of, raw, outputs = [], [], [], []
    for index, series in enumerate(data.series):
        log = np.log(series.target)
        level = np.array([log[max(row - WINDOW, 0) : row].mean() if row else log[0] for row in range(len(log))])
        train = np.array(data.rows("train", WINDOW, index))
        own = data.static[series.first_row : series.first_row + len(log)].astype(float)
        inputs = np.array([own[max(row - 1, 0)] for row in range(len(log))])
        if data.anchored:
            inputs[:, 0] -= level
        deviation = (log - level)[train]
        outputs.append(np.clip(deviation / deviation.std(), -4, 4))
        levels.append(level)
        raw.append(inputs)
        rows_of.append(train)
    stacked = np.concatenate([inputs[rows] for inputs, rows in zip(raw, rows_of, strict=True)])
    scaled = [np.clip((inputs - stacked.mean(axis=0)) / stacked.std(axis=0), -5, 5) for inputs in raw]
    x = np.concatenate([inputs[rows] for inputs, rows in zip(scaled, rows_of, strict=True)])
    return x, np.concatenate(outputs), levels, scaled


@pytest.mark.parametrize("name", ["pooled_ridge", "pooled_lightgbm"])
@pytest.mark.parametrize("data", [{}, {"transform": "none", "anchor": "none"}])
def test_a_forecast_is_the_level_and_the_output_of_the_librarys_model_over_all_series(
    name: str, data: dict[str, object]
) -> None:
    whole = dataset(**data)
    x, y, levels, scaled = matrices(whole)
    assert np.abs(y).max() == 4  # a case in which outputs are cut
    if name == "pooled_ridge":
        model = Ridge(alpha=1000).fit(x, y)
    else:
        parameters = {
            **{"objective": "regression", "learning_rate": 0.03, "num_leaves": 15, "feature_fraction": 0.4},
            **{"bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 63},
            **{"min_data_in_leaf": len(y) // 50, "seed": 0, "num_threads": 1, "verbosity": -1},
            **{"deterministic": True, "force_row_wise": True},
        }
        inputs = x.astype(np.float32).astype(float)
        model = lgb.train(parameters, lgb.Dataset(inputs, y), num_boost_round=300)
    found = forecasts(whole, WINDOW, WINDOW)[name]
    for split in ("valid", "test"):
        expected = []
        for index, series in enumerate(whole.series):
            rows, train = (np.array(whole.rows(each, WINDOW, index)) for each in (split, "train"))
            spread = np.std((np.log(series.target) - levels[index])[train])
            output = model.predict(scaled[index][rows].astype(np.float32))
            expected.append(np.exp(levels[index][rows] + spread * output))
        np.testing.assert_allclose(found[split], np.concatenate(expected), rtol=1e-4)


def test_they_find_what_only_static_inputs_know_and_no_other_baseline_does() -> None:
    whole = dataset(20 * SPREADS)
    found = forecasts(whole, WINDOW, WINDOW)
    actual = np.log(whole.target("valid", WINDOW))
    errors = {name: np.mean((np.log(splits["valid"]) - actual) ** 2) for name, splits in found.items()}
    pooled_errors = [errors.pop(name) for name in pooled.MODELS]
    assert max(pooled_errors) < 0.8 * min(errors.values())


def test_the_window_of_a_trial_changes_no_forecast() -> None:
    whole = dataset()
    for name in ("pooled_ridge", "pooled_lightgbm"):
        one, other = (forecasts(whole, window, WINDOW)[name]["valid"] for window in (2, 6))
        np.testing.assert_array_equal(one, other)


def test_a_series_of_twenty_times_the_volume_has_forecasts_twenty_times_higher() -> None:
    """Anchored static inputs and outputs do not know the size of a stock."""
    whole = dataset()
    series = whole.series[1]
    assert whole.static is not None
    static = whole.static.copy()
    static[series.first_row :, 0] += np.log(20)
    larger = replace(series, target=20 * series.target, transformed=series.transformed + np.log(20))
    other = replace(whole, series=(whole.series[0], larger), static=static)
    before, after = pooled.forecasts(whole, WINDOW, WINDOW), pooled.forecasts(other, WINDOW, WINDOW)
    days = len(whole.rows("valid", WINDOW, 0))
    np.testing.assert_allclose(after["pooled_ridge"]["valid"][:days], before["pooled_ridge"]["valid"][:days], rtol=1e-4)
    np.testing.assert_allclose(
        after["pooled_ridge"]["valid"][days:], 20 * before["pooled_ridge"]["valid"][days:], rtol=1e-4
    )


def test_ridge_keeps_no_copy_of_the_panels_inputs() -> None:
    whole = dataset()
    assert whole.static is not None
    many = replace(whole, series=whole.series * 100)
    train = pooled.TrainSeries(many, WINDOW)
    tracemalloc.start()
    pooled._fit_ridge(train)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    total = sum(map(len, train.rows.values())) * INPUTS * 4
    assert len(train.rows) == 200
    assert peak < total / 2


# Models as arrays, from a stranger.


def test_the_models_arrays_are_all_that_a_forecast_needs() -> None:
    whole = dataset()
    train = pooled.TrainSeries(whole, WINDOW)
    models = pooled.pooled_models(whole, WINDOW)
    for name, arrays in models.items():
        copied = {each: values.copy() for each, values in arrays.items()}
        output = pooled.output(name, copied, train.inputs(0))
        assert np.corrcoef(output, train.output(0))[0, 1] > 0.5


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pooled_ridge", {"weights": np.zeros(INPUTS + 1)}),
        ("pooled_ridge", {"weights": np.array([0, np.nan, 0])}),
        ("pooled_ridge", {"intercept": np.zeros(1)}),
        ("pooled_ridge", {"more": np.zeros(())}),
        ("pooled_ridge", {"weights": np.array(["a", "b", "c"])}),
        ("pooled_lightgbm", {"root": np.array([10**6], "i4")}),
    ],
)
def test_arrays_that_are_no_model_are_refused(name: str, change: dict[str, np.ndarray]) -> None:
    whole = dataset()
    train = pooled.TrainSeries(whole, WINDOW)
    arrays = pooled.MODELS[name].fit(train) | change
    with pytest.raises(DataError, match=f"the arrays of {name} are no model of 3 static inputs"):
        pooled.output(name, arrays, train.inputs(0))


def test_trees_of_a_small_panel_need_fewer_rows_a_leaf() -> None:
    """With 200 rows a leaf, a panel of some hundred rows would have no split."""
    arrays = pooled.pooled_models(dataset(), WINDOW)["pooled_lightgbm"]
    assert len(arrays["feature"]) > trees.TREES
