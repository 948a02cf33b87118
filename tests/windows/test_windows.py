"""The leakage guarantee of ``volopt.windows.windows`` and the tensors themselves.

Where the scaling itself must not blur what is seen, it is held at center 0 and scale 1.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import definition, frame
from volopt.data.frame import Frame, load_frames
from volopt.definition.load import load
from volopt.definition.schema import Definition
from volopt.metrics import Array
from volopt.windows import scaling
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare
from volopt.windows.scaling import Scaling
from volopt.windows.split import SPLITS, Split
from volopt.windows.windows import Samples, samples

KINDS = list(itertools.product(["none", "log"], ["none", "window_mean"], ["minmax", "standard"]))
kinds = pytest.mark.parametrize(("transform", "anchor", "kind"), KINDS)
DAYS, TRAIN_END = 152, 91  # of ``frame``; rows 0 to 90 are train, the largest window is 6
windows = st.integers(2, 6)


def study(transform: str = "none", anchor: str = "none", kind: str = "minmax") -> Definition:
    return definition(data={"transform": transform, "anchor": anchor, "scaling": kind})


def published(**changes: object) -> Definition:
    found = load("published")
    assert found.published is not None
    return found.model_copy(update={"published": found.published.model_copy(update=changes)})


def published_frames(days: int = 200, test_days: int = 60) -> list[Frame]:
    columns = load("published").data.features
    return [frame(days, seed=2, columns=columns), frame(test_days, seed=3, columns=columns)]


def changed(data: Frame, row: int, column: int, factor: float) -> Frame:
    values = data.values.copy()
    values[row, column] *= factor
    return replace(data, values=values)


def coded(name: int) -> Frame:
    """A frame in which every value says its series and row, so that a window shows where it came from."""
    code = 1000.0 * name + np.arange(DAYS)
    return replace(frame(), values=np.column_stack([code + 0.5, code]))


def dataset(found: Definition, *frames: Frame) -> Dataset:
    return prepare(frames, found, "fingerprint")


def split_samples(data: Dataset, window: int) -> dict[Split, Samples]:
    return {split: samples(data, split, window) for split in SPLITS}


@contextmanager
def no_scaling() -> Iterator[None]:
    def unit(values: Array, kind: str) -> Scaling:
        return Scaling(np.zeros(values.shape[1:]), np.ones(values.shape[1:]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "fit", unit)
        yield


def numbers(found: Samples) -> list[Array]:
    """Everything of the samples that is made from values."""
    tensors = [found.inputs(), found.targets]
    return [*(tensor.numpy() for tensor in tensors), *found.scaling, found.level]


def same(left: Sequence[Array], right: Sequence[Array]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))


# The leakage guarantee, point 1: inputs are the days before the target day, and only these.


@kinds
@given(windows, st.integers(0, DAYS - 1), st.integers(0, 1), st.floats(0.01, 100))
@settings(max_examples=20)
def test_changing_a_value_moves_no_input_of_a_window_whose_target_day_is_that_day_or_before(
    transform: str, anchor: str, kind: str, window: int, row: int, column: int, factor: float
) -> None:
    data, found = frame(), study(transform, anchor, kind)
    with no_scaling():
        before = split_samples(dataset(found, data), window)
        after = split_samples(dataset(found, changed(data, row, column, factor)), window)
    for split in SPLITS:
        early = before[split].dates <= data.dates[row]
        assert torch.equal(before[split].inputs()[early], after[split].inputs()[early])
        assert np.array_equal(before[split].level[early], after[split].level[early])


def test_changing_a_value_moves_the_inputs_of_every_window_whose_days_hold_it() -> None:
    """The counterpart, without which the test above could not fail."""
    data = frame()
    with no_scaling():
        before = samples(dataset(study(), data), "valid", 4).inputs()
        after = samples(dataset(study(), changed(data, 100, 0, 2.0)), "valid", 4).inputs()
    moved = (before != after).any(dim=2).any(dim=1).nonzero().flatten()
    assert (moved + TRAIN_END).tolist() == [101, 102, 103, 104]


# Point 2: scaling and anchor come from train and from the window itself.


@kinds
@given(windows, st.integers(TRAIN_END, DAYS - 1), st.integers(0, 1), st.floats(0.01, 100))
@settings(max_examples=20)
def test_changing_a_value_after_train_moves_nothing_of_train_and_nothing_scaled_before_it(
    transform: str, anchor: str, kind: str, window: int, row: int, column: int, factor: float
) -> None:
    data, found = frame(), study(transform, anchor, kind)
    before = split_samples(dataset(found, data), window)
    after = split_samples(dataset(found, changed(data, row, column, factor)), window)
    assert same(numbers(before["train"]), numbers(after["train"]))
    for split in SPLITS:
        assert same(before[split].scaling, after[split].scaling)
        early = before[split].dates <= data.dates[row]
        assert torch.equal(before[split].inputs()[early], after[split].inputs()[early])
        early = before[split].dates < data.dates[row]
        assert torch.equal(before[split].targets[early], after[split].targets[early])


@kinds
def test_scaling_is_fitted_on_the_train_days_and_shared_by_all_splits(transform: str, anchor: str, kind: str) -> None:
    data = dataset(study(transform, anchor, kind), frame())
    found = split_samples(data, 4)
    values = data.series[0].transformed
    rows = np.arange(6, TRAIN_END) if anchor == "window_mean" else np.arange(TRAIN_END)
    level = np.array([values[row - 4 : row].mean() for row in rows]) if anchor == "window_mean" else 0
    expected = scaling.fit(values[rows] - level, kind)
    for each in found.values():
        np.testing.assert_allclose(each.scaling.center, expected.center)
        np.testing.assert_allclose(each.scaling.scale, expected.scale)
    close = data.series[0].features[:, 0]
    by_hand = scaling.fit(close[:TRAIN_END], kind).apply(close[TRAIN_END - 4 : TRAIN_END])
    np.testing.assert_allclose(found["valid"].inputs()[0, :, 0], by_hand, rtol=1e-5, atol=1e-6)


@given(st.integers(145, 198), st.integers(0, 4))
@settings(max_examples=10)
def test_published_scaling_of_whole_files_leaks_and_without_it_train_sees_no_later_day(row: int, column: int) -> None:
    """145 is the first row after train's last target: 0.3 of 180 windows are 54, and one is dropped."""
    history, test = published_frames()
    for leaks in (True, False):
        found = published(scale_each_file=leaks)
        before = samples(dataset(found, history, test), "train", 19)
        after = samples(dataset(found, changed(history, row, column, 1000.0), test), "train", 19)
        assert same(numbers(before), numbers(after)) is not leaks


def test_published_the_test_file_is_scaled_by_itself_or_as_train_is() -> None:
    history, test = published_frames()
    column = load("published").data.features.index(load("published").data.target)
    own = samples(dataset(published(), history, test), "test", 4)
    assert own.scaling.center[0] == test.values[:, column].min()
    assert own.scaling.scale[0] == np.ptp(test.values[:, column])
    fitted = dataset(published(scale_each_file=False), history, test)
    assert set(samples(fitted, "test", 4).scaling.scale) == set(samples(fitted, "train", 4).scaling.scale)


# Points 3 and 4: no window crosses series, no day is a target of two splits.


@given(windows)
def test_every_window_is_the_consecutive_days_of_one_series_right_before_its_target(window: int) -> None:
    data = dataset(study(), coded(1), coded(2))
    with no_scaling():
        found = split_samples(data, window)
    for split, each in found.items():
        assert np.array_equal(each.targets.numpy(), data.target(split, window))
        expected = each.targets[:, None] - window + torch.arange(window)
        assert torch.equal(each.inputs()[..., 1], expected)
        assert torch.equal(each.inputs()[..., 0], expected + 0.5)
        codes = each.targets.int().numpy()
        assert np.array_equal(each.dates, frame().dates[codes % 1000])
        assert set(codes // 1000) == {1, 2}


@given(windows)
def test_no_day_is_a_target_of_two_splits_and_their_order_is_that_of_time(window: int) -> None:
    found = split_samples(dataset(study(), frame()), window)
    dates = np.concatenate([found[split].dates for split in SPLITS])
    assert (np.diff(dates) > np.timedelta64(0)).all()


@given(windows)
def test_every_split_has_the_same_days_whatever_the_window(window: int) -> None:
    """Train leaves out the first six days, as many as the largest window of the study has."""
    data = dataset(study(), frame())
    dates = {split: samples(data, split, window).dates for split in SPLITS}
    np.testing.assert_array_equal(dates["train"], frame().dates[6:TRAIN_END])
    np.testing.assert_array_equal(dates["valid"], frame().dates[TRAIN_END:121])
    np.testing.assert_array_equal(dates["test"], frame().dates[121:])
    assert all(len(dates[split]) == data.days(split, window) for split in SPLITS)


@kinds
def test_each_series_is_scaled_by_itself(transform: str, anchor: str, kind: str) -> None:
    """The second has ten thousand times the quantities of the first: each is what it would be alone."""
    large = replace(frame(seed=1), values=frame(seed=1).values * 1e4)
    found = study(transform, anchor, kind)
    both = split_samples(dataset(found, frame(), large), 4)
    alone = [split_samples(dataset(found, each), 4) for each in (frame(), large)]
    for split in SPLITS:
        count = len(alone[0][split])
        for each, rows in zip(alone, (slice(0, count), slice(count, None)), strict=True):
            assert torch.equal(both[split].inputs()[rows], each[split].inputs())
            assert torch.equal(both[split].targets[rows], each[split].targets)
            for name in ("center", "scale"):
                assert np.array_equal(getattr(both[split].scaling, name)[rows], getattr(each[split].scaling, name))


# Values and memory.


@kinds
@given(windows)
@settings(max_examples=5)
def test_forecast_of_the_scaled_targets_is_what_came_in_original_units(
    transform: str, anchor: str, kind: str, window: int
) -> None:
    data = dataset(study(transform, anchor, kind), frame(), frame(seed=5))
    for split, found in split_samples(data, window).items():
        np.testing.assert_allclose(found.original(found.targets), data.target(split, window), rtol=1e-4)


def test_an_anchored_window_by_hand() -> None:
    """Log volume less the window's mean log volume, of the inputs and of the target, in one scaling."""
    data = frame()
    found = samples(dataset(study("log", "window_mean", "standard"), data), "valid", 4)
    logs = np.log(data.values[:, 1])
    level = logs[TRAIN_END - 4 : TRAIN_END].mean()
    train = np.array([logs[row] - logs[row - 4 : row].mean() for row in range(6, TRAIN_END)])
    center, scale = train.mean(), train.std()
    assert found.level[0] == pytest.approx(level)
    assert float(found.targets[0]) == pytest.approx((logs[TRAIN_END] - level - center) / scale, rel=1e-4)
    expected = (logs[TRAIN_END - 4 : TRAIN_END] - level - center) / scale
    np.testing.assert_allclose(found.inputs()[0, :, 1], expected, rtol=1e-4, atol=1e-5)


def test_an_anchor_does_not_touch_the_other_features_nor_any_where_the_target_is_none() -> None:
    plain, anchored = (samples(dataset(study(anchor=a), frame()), "valid", 4) for a in ("none", "window_mean"))
    assert torch.equal(plain.inputs()[..., 0], anchored.inputs()[..., 0])
    assert not torch.equal(plain.inputs()[..., 1], anchored.inputs()[..., 1])
    without = definition(data={"features": ("$close",), "anchor": "window_mean"})
    found = samples(dataset(without, frame()), "valid", 4)
    assert torch.equal(found.inputs()[..., 0], plain.inputs()[..., 0])
    assert torch.equal(found.targets, anchored.targets)


def test_a_diverged_forecast_stays_finite() -> None:
    found = samples(dataset(study("log"), frame()), "valid", 4)
    assert np.isfinite(found.original(torch.full((len(found),), 1e30))).all()


def test_inputs_of_all_samples_are_a_view_and_hold_each_of_their_days_once() -> None:
    found = samples(dataset(study(), frame()), "train", 6)
    storage = found.inputs().untyped_storage()
    assert storage.data_ptr() == found.windows.untyped_storage().data_ptr()
    assert storage.nbytes() == (len(found) + 6 - 1) * 2 * 4  # days, features, float32


@pytest.mark.parametrize("series", [1, 2, 5])
def test_windows_take_the_memory_of_their_days_however_often_they_stand_in_one(series: int) -> None:
    frames = [frame(seed=number) for number in range(series)]
    for window in (2, 6):
        for each in split_samples(dataset(study(), *frames), window).values():
            days = len(each) + series * (window - 1)
            assert each.windows.untyped_storage().nbytes() == days * 2 * 4
            assert each.windows.shape[1:] == (window, 2)


def test_anchoring_inputs_leaves_the_days_as_they_are() -> None:
    found = samples(dataset(study(anchor="window_mean"), frame()), "train", 6)
    assert torch.equal(found.inputs(), found.inputs())


@pytest.mark.parametrize("anchor", ["none", "window_mean"])
@pytest.mark.parametrize("series", [1, 2])
@given(st.data())
@settings(max_examples=10)
def test_inputs_of_some_samples_are_those_rows_of_all(anchor: str, series: int, data: st.DataObject) -> None:
    found = samples(dataset(study(anchor=anchor), *(frame(seed=i) for i in range(series))), "valid", 4)
    rows = data.draw(st.lists(st.integers(0, len(found) - 1), min_size=1, max_size=10).map(torch.tensor))
    assert torch.equal(found.inputs(rows), found.inputs()[rows])


# The studies that ship.


@pytest.mark.parametrize(
    ("window", "train", "valid"), [(4, 1323, 567), (19, 1313, 562), (39, 1299, 556), (99, 1257, 538)]
)
def test_published_sample_counts_and_lengths(window: int, train: int, valid: int) -> None:
    """The notebooks' files have 1895 and 243 rows; the year after is always scored with 19 days."""
    found = split_samples(dataset(load("published"), *published_frames(1895, 243)), window)
    assert [len(found[split]) for split in SPLITS] == [train, valid, 223]
    assert found["train"].inputs().shape == (train, window, 5)
    assert found["test"].inputs().shape == (223, 19, 5)


def test_grid_on_the_real_data_has_the_papers_days(real_data: Path) -> None:
    """1353 trade days of train less the largest window of 100, 544 of valid, 243 of test."""
    found = load("grid")
    assert found.data.train is not None
    assert found.data.test is not None
    expressions = [*found.data.features, found.data.target]
    ends = found.data.train[0], found.data.test[1]
    frames, _ = load_frames(real_data / "qlib_cn", found.data.instrument, expressions, *ends, reader="native")
    for window in (5, 20, 100):
        counts = {split: len(each) for split, each in split_samples(dataset(found, *frames), window).items()}
        assert counts == {"train": 1353 - 100, "valid": 544, "test": 243}


def test_published_on_the_real_data_has_the_notebooks_windows(real_data: Path) -> None:
    found = load("published")
    assert found.data.files is not None
    files = found.data.files.history, found.data.files.test
    frames, _ = load_frames(
        real_data / "published", found.data.instrument, found.data.features, None, None, files=files
    )
    counts = [len(each) for each in split_samples(dataset(found, *frames), 19).values()]
    assert counts == [1313, 562, 223]
