"""The table: scores of the trials' own days, skills, the best baseline, and forecasts kept for the next study."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builders import dataset, definition
from volopt import metrics
from volopt.baselines.baselines import Baselines, baselines
from volopt.baselines.forecasts import BASELINES, SCORED, forecasts
from volopt.data.panel import read_data
from volopt.definition.load import load
from volopt.storage.array_store import ArrayStore
from volopt.windows.dataset import Dataset, prepare
from volopt.windows.split import PublishedSplit
from volopt.windows.windows import samples

WINDOW, LAGS = 5, 4


@pytest.fixture
def kept(tmp_path: Path) -> ArrayStore:
    return ArrayStore(tmp_path / "baselines")


def shifted(found: Baselines) -> dict[str, metrics.Array]:
    """Other numbers than were computed, under the names of the kept arrays."""
    return {f"{name}.{split}": values + 1 for name, each in found.forecasts.items() for split, values in each.items()}


# Scores.


def test_scores_are_those_of_a_trial_with_the_same_forecasts(kept: ArrayStore) -> None:
    data = dataset()
    found = baselines(data, WINDOW, LAGS, kept)
    for name, forecast in forecasts(data, WINDOW, LAGS).items():
        days = {split: samples(data, split, WINDOW) for split in SCORED}
        splits = {str(s): metrics.Forecast(forecast[s], each.actual, each.previous) for s, each in days.items()}
        expected = metrics.scores(splits, data.train_target(WINDOW))
        assert {key: found.metrics[name][key] for key in expected} == expected
        assert set(found.metrics[name]) == {*expected, "valid_mse", "test_mse"}


def test_the_mean_squared_error_is_that_of_the_scaled_target(kept: ArrayStore) -> None:
    data = dataset()
    train = data.series[0].target[:91]
    for name, found in baselines(data, WINDOW, LAGS, kept).metrics.items():
        for split in SCORED:
            errors = forecasts(data, WINDOW, LAGS)[name][split] - samples(data, split, WINDOW).actual
            assert found[f"{split}_mse"] == pytest.approx(np.mean((errors / np.ptp(train)) ** 2), rel=1e-4)


def test_the_scaled_error_of_an_anchored_log_target_is_the_log_error_over_the_scale(kept: ArrayStore) -> None:
    data = dataset(definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}))
    log = np.log(data.series[0].target)
    scale = np.std([log[row] - log[row - WINDOW : row].mean() for row in range(6, 91)])
    for found in baselines(data, WINDOW, LAGS, kept).metrics.values():
        assert found["valid_mse"] == pytest.approx(found["valid_log_mse"] / scale**2, rel=1e-4)


# Skills and the best.


def table(**r2_and_mse: tuple[float, float]) -> Baselines:
    """Baselines with the valid log R² and log MSE given; the test's are the other way round."""
    scores = {
        name: {"valid_log_r2": r2, "test_log_r2": -r2, "valid_log_mse": mse, "test_log_mse": 2 * mse}
        for name, (r2, mse) in r2_and_mse.items()
    }
    return Baselines("key", {}, scores)


def test_skill_is_the_share_of_the_baselines_log_error_that_is_gone() -> None:
    found = table(har=(0.5, 0.2), ridge=(0.6, 0.1)).skills({"valid_log_mse": 0.15, "test_log_mse": 0.1})
    assert found == pytest.approx(
        {"valid_skill_har": 0.25, "valid_skill_ridge": -0.5, "test_skill_har": 0.75, "test_skill_ridge": 0.5}
    )


def test_a_split_that_is_not_scored_has_no_skill() -> None:
    assert list(table(har=(0.5, 0.2)).skills({"valid_log_mse": 0.15, "valid_mse": 1.0})) == ["valid_skill_har"]


@pytest.mark.parametrize(("error", "baseline"), [(0.1, 0.0), (math.nan, 0.1), (0.1, math.nan)])
def test_skill_is_not_a_number_where_it_is_undefined(error: float, baseline: float) -> None:
    assert math.isnan(table(har=(0.5, baseline)).skills({"valid_log_mse": error})["valid_skill_har"])


# Kept forecasts.


def test_a_second_call_takes_the_kept_forecasts_and_scores_them(kept: ArrayStore) -> None:
    first = baselines(dataset(), WINDOW, LAGS, kept)
    kept.put(first.key, shifted(first), {})
    second = baselines(dataset(), WINDOW, LAGS, kept)
    for name, each in second.forecasts.items():
        for split, values in each.items():
            np.testing.assert_array_equal(values, first.forecasts[name][split] + 1)
        assert second.metrics[name]["valid_mse"] != first.metrics[name]["valid_mse"]
    assert list(second.forecasts) == list(second.metrics) == list(BASELINES)


def test_what_is_kept_scores_as_what_was_fitted(kept: ArrayStore) -> None:
    assert baselines(dataset(), WINDOW, LAGS, kept).metrics == baselines(dataset(), WINDOW, LAGS, kept).metrics


def test_a_broken_file_is_fitted_again_and_replaced(kept: ArrayStore) -> None:
    first = baselines(dataset(), WINDOW, LAGS, kept)
    kept.path(first.key).write_bytes(b"broken")
    assert baselines(dataset(), WINDOW, LAGS, kept).metrics == first.metrics
    assert kept.get(first.key) is not None


def key(data: Dataset, kept: ArrayStore, window: int = WINDOW, lags: int = LAGS) -> str:
    return baselines(data, window, lags, kept).key


def test_studies_that_differ_in_window_transform_anchor_and_scaling_share_the_forecasts(kept: ArrayStore) -> None:
    other = dataset(definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}))
    assert key(dataset(), kept) == key(other, kept) == key(dataset(), kept, window=2)


def test_other_data_days_features_or_input_days_are_kept_apart(kept: ArrayStore) -> None:
    plain = dataset()
    published = PublishedSplit(train_fraction=0.7, drop_last_window=True, test_window=4, scale_each_file=False)
    two = replace(plain, series=plain.series * 2, rule=published)
    april = definition(data={"valid": (definition().data.valid[0], definition().data.valid[1].replace(day=29))})
    keys = [
        key(plain, kept),
        key(plain, kept, lags=LAGS + 1),
        key(replace(plain, fingerprint="other"), kept),
        key(replace(plain, target_feature=None), kept),
        key(replace(plain, names=("$open", "$volume")), kept),
        key(dataset(april), kept),
        key(two, kept),
        key(two, kept, window=WINDOW + 10),  # the published split moves with the window
    ]
    assert len(set(keys)) == len(keys)


# The real data.


def test_har_has_the_figures_of_an_independent_computation_on_the_real_data(
    real_data: Path, kept: ArrayStore, tmp_path: Path
) -> None:
    study = load("grid")
    panel = read_data(study, real_data / "qlib_cn", tmp_path)
    found = baselines(prepare(panel.frames, study, panel.source.fingerprint), 20, 20, kept)
    assert found.metrics["har"]["valid_log_r2"] == pytest.approx(0.684, abs=0.001)
    assert found.metrics["har"]["test_log_r2"] == pytest.approx(0.653, abs=0.001)
    assert {split: len(values) for split, values in found.forecasts["har"].items()} == {"valid": 544, "test": 243}


def test_the_published_volume_as_one_series_has_the_figures_of_an_independent_computation(
    real_data: Path, kept: ArrayStore, tmp_path: Path
) -> None:
    """Both files in a row: seven tenths of the first are train, the rest valid, all of 2018 test."""
    study = load("published_volume")
    history, test = read_data(study, real_data / "published", tmp_path).frames
    whole = replace(
        history,
        dates=np.concatenate([history.dates, test.dates]),
        values=np.concatenate([history.values, test.values]),
    )
    cut = int(0.7 * len(history.dates))
    spans = {
        "train": (history.dates[0].item(), history.dates[cut - 1].item()),
        "valid": (history.dates[cut].item(), history.dates[-1].item()),
        "test": (test.dates[0].item(), test.dates[-1].item()),
    }
    one = prepare([whole], definition(data={"features": study.data.features, **spans}), "fingerprint")
    found = baselines(one, 20, 20, kept)
    assert found.metrics["har"]["valid_log_r2"] == pytest.approx(0.735, abs=0.001)
    assert found.metrics["har"]["test_log_r2"] == pytest.approx(0.649, abs=0.001)
    for split, level_r2 in (("valid", 0.676), ("test", 0.652)):
        actual = samples(one, split, 20).actual
        error = np.mean((found.forecasts["persistence"][split] - actual) ** 2)
        assert 1 - error / np.var(actual) == pytest.approx(level_r2, abs=0.001)
