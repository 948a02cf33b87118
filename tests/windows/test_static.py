from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from builders import definition, frame
from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.windows.dataset import Dataset, levels, numbers
from volopt.windows.prepare import prepare
from volopt.windows.static import LIMIT, deviations, standardised, static_scaling
from volopt.windows.windows import samples

WINDOW = 4
NAMES = ("Mean($volume,5)", "Log($volume)", "$close/Ref($close,1)")
LOG = {"transform": "log", "anchor": "window_mean", "static": NAMES}


def study(**data: object) -> Definition:
    return definition(data=LOG | data)


def with_static(seed: int = 0, days: int = 152) -> Frame:
    """A frame with the log of a five-day mean, the log of the volume, and noise."""
    made = frame(days, seed)
    log = np.log(made.values[:, 1])
    mean = np.convolve(made.values[:, 1], np.ones(5) / 5)[:days]
    noise = np.random.default_rng(seed).normal(3, 2, days)
    return replace(made, static=np.column_stack([np.log(mean), log, noise]).astype(np.float32))


def dataset(*frames: Frame) -> Dataset:
    return prepare(frames or [with_static()], study(), "fingerprint")


def test_inputs_of_the_target_s_kind_are_read_in_logs_and_anchored() -> None:
    inputs = study().data.static_inputs
    assert [each.read for each in inputs] == ["Log(Mean($volume,5))", "Log($volume)", "$close/Ref($close,1)"]
    assert [each.is_anchored for each in inputs] == [True, True, False]
    plain = study(transform="none", anchor="none").data.static_inputs
    assert [(each.read, each.is_anchored) for each in plain] == [(name, False) for name in NAMES]
    level = study(transform="none").data.static_inputs
    assert [each.is_anchored for each in level] == [True, False, False]  # a logarithm minus a level has no meaning


def test_a_sample_has_the_inputs_of_the_last_day_of_its_window_minus_the_level() -> None:
    made, data = with_static(), dataset()
    rows = data.rows("valid", WINDOW, 0)
    assert made.static is not None
    expected = made.static[rows.start - 1 : rows.stop - 1].astype(float)
    level = levels(data, data.series[0], numbers(rows), WINDOW)
    np.testing.assert_array_equal(deviations(data, 0, rows, WINDOW), expected - np.outer(level, [1, 1, 0]))


def test_an_input_that_is_the_level_stays_near_zero_because_it_differs_by_rounding_alone() -> None:
    made = with_static()
    assert made.static is not None
    log = np.log(made.values[:, 1])
    mean = np.convolve(log, np.ones(WINDOW) / WINDOW)[: len(log)]
    data = prepare(
        [replace(made, static=np.column_stack([made.static[:, 0], mean, mean]).astype(np.float32))], study(), ""
    )
    scaled = standardised(data, 0, data.rows("train", WINDOW, 0), WINDOW, static_scaling(data, WINDOW))
    assert np.abs(scaled[:, 1]).max() < 0.02
    np.testing.assert_allclose(scaled[:, [0, 2]].std(axis=0), 1, rtol=0.02)  # the others keep their scale


def test_static_inputs_that_are_rows_of_one_array_are_joined_without_a_copy() -> None:
    frames = [with_static(seed, days) for seed, days in ((0, 152), (1, 140), (2, 152))]
    inputs = [each.static for each in frames if each.static is not None]
    copied = dataset(*frames)
    whole = np.full((500, 3), np.nan, np.float32)
    firsts = (7, 159, 310)  # rows before, between and after them belong to no frame
    shared = []
    for each, own, first in zip(frames, inputs, firsts, strict=True):
        whole[first : first + len(own)] = own
        shared.append(replace(each, static=whole[first : first + len(own)]))
    joined = dataset(*shared)
    assert joined.static is not None
    assert np.shares_memory(joined.static, whole)
    for one, other in zip(_all_inputs(joined), _all_inputs(copied), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "change", [lambda own: own[::-1], lambda own: own.astype(np.float64), lambda own: own[:, ::-1]]
)
def test_static_inputs_that_are_other_views_of_one_array_are_copied(change: Callable[..., Any]) -> None:
    frames = [with_static(0), with_static(1)]
    whole = np.concatenate([each.static for each in frames if each.static is not None])
    parts = [change(part) for part in np.split(whole, 2)]
    data = dataset(*(replace(each, static=part) for each, part in zip(frames, parts, strict=True)))
    for series, part in zip(data.series, parts, strict=True):
        assert data.static is not None
        np.testing.assert_array_equal(data.static[series.first_row : series.first_row + len(part)], part)


def _all_inputs(data: Dataset) -> list[np.ndarray]:
    return [deviations(data, i, data.rows("train", WINDOW, i), WINDOW) for i in range(len(data.series))]


def test_the_standardisation_is_that_of_the_train_days_of_all_series() -> None:
    data = dataset(with_static(0), with_static(1), with_static(2))
    train = np.concatenate([deviations(data, i, data.rows("train", WINDOW, i), WINDOW) for i in range(3)])
    center, scale = static_scaling(data, WINDOW)
    np.testing.assert_allclose(center, train.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scale, train.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_networks_and_baselines_see_the_same_inputs(split: str) -> None:
    data = dataset(with_static(0), with_static(1))
    found = samples(data, split, WINDOW)  # type: ignore[arg-type]
    scaling = static_scaling(data, WINDOW)
    parts = [standardised(data, i, data.rows(split, WINDOW, i), WINDOW, scaling) for i in range(2)]  # type: ignore[arg-type]
    _, static = found.entrances()
    np.testing.assert_allclose(static.numpy(), np.concatenate(parts), atol=1e-5)
    rows = torch.tensor([7, 3, len(found) - 1])
    windows, some = found.entrances(rows)
    torch.testing.assert_close(some, static[rows])
    torch.testing.assert_close(windows, found.inputs(rows))


def test_inputs_are_cut() -> None:
    made = with_static()
    assert made.static is not None
    made.static[140, 2] = 1e6
    made.static[141, 2] = -1e6
    data = dataset(made)
    inputs = standardised(data, 0, range(141, 143), WINDOW, static_scaling(data, WINDOW))
    assert inputs[:, 2].tolist() == [LIMIT, -LIMIT]


@pytest.mark.parametrize("day", [95, 121, 140])
def test_no_input_of_a_day_knows_that_day_or_a_later_one(day: int) -> None:
    made = with_static()
    assert made.static is not None
    changed = replace(made, values=made.values.copy(), static=made.static.copy())
    assert changed.static is not None
    changed.values[day:] *= 3
    changed.static[day:] += 7
    for split in ("train", "valid", "test"):
        before, after = (samples(dataset(each), split, WINDOW) for each in (made, changed))
        known = torch.tensor(before.dates <= made.dates[day])
        assert known.any() or split == "test"
        for first, second in zip(before.entrances(), after.entrances(), strict=True):
            torch.testing.assert_close(first[known], second[known], rtol=0, atol=0)


def test_a_day_of_train_changes_no_input_before_it_but_through_the_standardisation() -> None:
    made = with_static()
    assert made.static is not None
    changed = replace(made, static=made.static.copy())
    assert changed.static is not None
    changed.static[60, 2] += 1
    first, second = (deviations(dataset(each), 0, range(10, 61), WINDOW) for each in (made, changed))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(static_scaling(dataset(made), WINDOW), static_scaling(dataset(changed), WINDOW))


def test_an_input_that_is_constant_over_train_is_refused() -> None:
    made = with_static()
    assert made.static is not None
    made.static[:91, 2] = 3.0
    with pytest.raises(DataError, match=r"the static input \$close/Ref\(\$close,1\) is constant \(3\) over train"):
        dataset(made)


def test_an_input_that_is_constant_in_one_series_of_a_panel_is_allowed() -> None:
    made = with_static(1)
    assert made.static is not None
    made.static[:, 2] = 3.0
    dataset(with_static(0), made)


def test_a_dataset_without_static_inputs_keeps_its_recipe() -> None:
    plain, with_inputs = prepare([frame()], definition(), "fingerprint"), dataset()
    assert len(plain.recipe) == len(with_inputs.recipe) - 1
    assert samples(plain, "train", WINDOW).static is None
    assert len(samples(plain, "train", WINDOW).entrances()) == 1
