"""Scores of the baselines on the days of the trials, skills over them, and their stored forecasts."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builders import dataset, definition, frame
from volopt import metrics
from volopt.baselines.baselines import Baselines, fit_baselines
from volopt.baselines.forecasts import SCORED, forecasts
from volopt.baselines.methods import baselines_of
from volopt.data.panel import read_data
from volopt.definition.load import load
from volopt.storage.array_store import ArrayStore
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare
from volopt.windows.split import PublishedSplit

BASELINES = baselines_of(())

WINDOW, LAGS = 5, 4


@pytest.fixture
def store(tmp_path: Path) -> ArrayStore:
    return ArrayStore(tmp_path / "baselines")


def shifted(fitted: Baselines) -> dict[str, metrics.Array]:
    """Return forecasts that differ from those computed, under the names of the stored arrays."""
    return {
        f"{name}.{split}": values + 1 for name, splits in fitted.forecasts.items() for split, values in splits.items()
    }


# Scores.


def test_scores_are_those_of_a_trial_with_the_same_forecasts(store: ArrayStore) -> None:
    data = dataset()
    target = data.series[0].target
    scores = fit_baselines(data, WINDOW, LAGS, store).metrics
    for name, forecast in forecasts(data, WINDOW, LAGS).items():
        rows = {split: np.array(data.rows(split, WINDOW, 0)) for split in SCORED}
        splits = {str(s): metrics.Forecast(forecast[s], target[days], target[days - 1]) for s, days in rows.items()}
        expected = metrics.scores(splits, data.target("train", WINDOW))
        assert {key: scores[name][key] for key in expected} == expected
        assert set(scores[name]) == {*expected, "valid_mse", "test_mse"}


def test_the_mean_squared_error_is_that_of_the_scaled_target(store: ArrayStore) -> None:
    data = dataset()
    train = data.series[0].target[:91]
    for name, scores in fit_baselines(data, WINDOW, LAGS, store).metrics.items():
        for split in SCORED:
            errors = forecasts(data, WINDOW, LAGS)[name][split] - data.target(split, WINDOW)
            assert scores[f"{split}_mse"] == pytest.approx(np.mean((errors / np.ptp(train)) ** 2), rel=1e-4)


def test_the_scaled_error_of_an_anchored_log_target_is_the_log_error_over_the_scale(store: ArrayStore) -> None:
    data = dataset(definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}))
    log = np.log(data.series[0].target)
    scale = np.std([log[row] - log[row - WINDOW : row].mean() for row in range(6, 91)])
    for scores in fit_baselines(data, WINDOW, LAGS, store).metrics.values():
        assert scores["valid_mse"] == pytest.approx(scores["valid_log_mse"] / scale**2, rel=1e-4)


# Skills.


def table(**r2_and_mse: tuple[float, float]) -> Baselines:
    """Return baselines with these valid log R² and log MSE; on test R² is negated and the MSE doubled."""
    scores = {
        name: {"valid_log_r2": r2, "test_log_r2": -r2, "valid_log_mse": mse, "test_log_mse": 2 * mse}
        for name, (r2, mse) in r2_and_mse.items()
    }
    return Baselines("key", {}, scores)


def test_skill_is_the_relative_reduction_of_the_baselines_log_error() -> None:
    skills = table(har=(0.5, 0.2), ridge=(0.6, 0.1)).skills({"valid_log_mse": 0.15, "test_log_mse": 0.1})
    assert skills == pytest.approx(
        {"valid_skill_har": 0.25, "valid_skill_ridge": -0.5, "test_skill_har": 0.75, "test_skill_ridge": 0.5}
    )


def test_a_split_that_is_not_scored_has_no_skill() -> None:
    assert list(table(har=(0.5, 0.2)).skills({"valid_log_mse": 0.15, "valid_mse": 1.0})) == ["valid_skill_har"]


@pytest.mark.parametrize(("error", "baseline"), [(0.1, 0.0), (math.nan, 0.1), (0.1, math.nan)])
def test_skill_is_nan_where_it_is_undefined(error: float, baseline: float) -> None:
    assert math.isnan(table(har=(0.5, baseline)).skills({"valid_log_mse": error})["valid_skill_har"])


# Stored forecasts.


def test_a_second_call_reuses_the_stored_forecasts_and_scores_them(store: ArrayStore) -> None:
    first = fit_baselines(dataset(), WINDOW, LAGS, store)
    store.put(first.key, shifted(first), {})
    second = fit_baselines(dataset(), WINDOW, LAGS, store)
    for name, splits in second.forecasts.items():
        for split, values in splits.items():
            np.testing.assert_array_equal(values, first.forecasts[name][split] + 1)
        assert second.metrics[name]["valid_mse"] != first.metrics[name]["valid_mse"]
    assert list(second.forecasts) == list(second.metrics) == list(BASELINES)


def test_stored_forecasts_have_the_scores_of_the_fitted_ones(store: ArrayStore) -> None:
    assert (
        fit_baselines(dataset(), WINDOW, LAGS, store).metrics == fit_baselines(dataset(), WINDOW, LAGS, store).metrics
    )


def test_a_broken_file_is_fitted_again_and_replaced(store: ArrayStore) -> None:
    first = fit_baselines(dataset(), WINDOW, LAGS, store)
    store.path(first.key).write_bytes(b"broken")
    assert fit_baselines(dataset(), WINDOW, LAGS, store).metrics == first.metrics
    assert store.get(first.key) is not None


def key(data: Dataset, store: ArrayStore, window: int = WINDOW, lags: int = LAGS) -> str:
    return fit_baselines(data, window, lags, store).key


def test_studies_that_differ_in_window_transform_anchor_and_scaling_share_the_forecasts(store: ArrayStore) -> None:
    other = dataset(definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}))
    assert key(dataset(), store) == key(other, store) == key(dataset(), store, window=2)


def test_other_data_days_features_or_lags_have_another_key(store: ArrayStore) -> None:
    plain = dataset()
    published = PublishedSplit(train_fraction=0.7, drop_last_window=True, test_window=4, scale_each_file=False)
    two = replace(plain, series=plain.series * 2, rule=published)
    april = definition(
        data={"valid": ((definition().data.valid[0][0], definition().data.valid[0][1].replace(day=29)),)}
    )
    keys = [
        key(plain, store),
        key(plain, store, lags=LAGS + 1),
        key(replace(plain, fingerprint="other"), store),
        key(replace(plain, target_feature=None), store),
        key(replace(plain, names=("$open", "$volume")), store),
        key(dataset(april), store),
        key(two, store),
        key(two, store, window=WINDOW + 10),  # the published split moves with the window
    ]
    assert len(set(keys)) == len(keys)


def test_a_study_without_static_inputs_keeps_the_key_of_earlier_versions(store: ArrayStore) -> None:
    assert key(dataset(), store) == "5a9df231dff9f52228ff6c6e055c6c03c830d152d0895b509cbfa4e632c1851d"


def with_static(names: tuple[str, ...], **data: object) -> Dataset:
    """Return a dataset with static inputs that say nothing."""
    values = np.random.default_rng(5).normal(size=(152, len(names))).astype(np.float32)
    return prepare([replace(frame(), static=values)], definition(data={"static": names} | data), "fingerprint")


def test_other_static_inputs_have_another_key(store: ArrayStore) -> None:
    log = {"transform": "log", "scaling": "standard"}
    keys = [
        key(dataset(), store),
        key(with_static(("$gap",)), store),
        key(with_static(("$volume",)), store),
        key(with_static(("$volume",), **log), store),
        key(with_static(("$volume",), anchor="window_mean", **log), store),
    ]
    assert len(set(keys)) == len(keys)
    assert key(with_static(("$gap",)), store, window=2) == keys[1]


def test_stored_forecasts_without_a_baseline_are_fitted_again(store: ArrayStore) -> None:
    data = with_static(("$gap",))
    first = fit_baselines(data, WINDOW, LAGS, store)
    kept = {name: values for name, values in shifted(first).items() if not name.startswith("pooled_ridge")}
    store.put(first.key, kept, {})
    second = fit_baselines(data, WINDOW, LAGS, store)
    assert second.metrics == first.metrics
    assert list(second.metrics) == list(baselines_of(("$gap",)))


# Real data.


def test_har_has_the_scores_of_an_independent_computation_on_real_data(
    real_data: Path, store: ArrayStore, tmp_path: Path
) -> None:
    study = load("grid")
    panel = read_data(study, real_data / "qlib_cn", tmp_path)
    fitted = fit_baselines(prepare(panel.frames, study, panel.source.fingerprint), 20, 20, store)
    assert fitted.metrics["har"]["valid_log_r2"] == pytest.approx(0.684, abs=0.001)
    assert fitted.metrics["har"]["test_log_r2"] == pytest.approx(0.653, abs=0.001)
    assert {split: len(values) for split, values in fitted.forecasts["har"].items()} == {"valid": 544, "test": 243}


def test_the_published_volume_as_one_series_has_the_scores_of_an_independent_computation(
    real_data: Path, store: ArrayStore, tmp_path: Path
) -> None:
    """Join both files: seven tenths of the first are train, the rest is valid, all of 2018 is test."""
    study = load("published_volume")
    history, test = read_data(study, real_data / "published", tmp_path).frames
    joined = replace(
        history,
        dates=np.concatenate([history.dates, test.dates]),
        values=np.concatenate([history.values, test.values]),
    )
    cut = int(0.7 * len(history.dates))
    spans = {
        "train": (history.dates[0].item(), history.dates[cut - 1].item()),
        "valid": ((history.dates[cut].item(), history.dates[-1].item()),),
        "test": (test.dates[0].item(), test.dates[-1].item()),
    }
    one = prepare([joined], definition(data={"features": study.data.features, **spans}), "fingerprint")
    fitted = fit_baselines(one, 20, 20, store)
    assert fitted.metrics["har"]["valid_log_r2"] == pytest.approx(0.735, abs=0.001)
    assert fitted.metrics["har"]["test_log_r2"] == pytest.approx(0.649, abs=0.001)
    for split, level_r2 in (("valid", 0.676), ("test", 0.652)):
        actual = one.target(split, 20)
        error = np.mean((fitted.forecasts["persistence"][split] - actual) ** 2)
        assert 1 - error / np.var(actual) == pytest.approx(level_r2, abs=0.001)
