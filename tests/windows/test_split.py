from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.windows.split import SPLITS, Dates, DateSplit, PublishedSplit, Split

DAYS = np.datetime64("2020-01-01") + np.arange(100)
SPANS: dict[Split, tuple[date, date]] = {
    "train": (date(2020, 1, 1), date(2020, 2, 29)),  # rows 0 to 59
    "valid": (date(2020, 3, 1), date(2020, 3, 20)),  # rows 60 to 79
    "test": (date(2020, 3, 26), date(2020, 4, 4)),  # rows 85 to 94
}
PUBLISHED = PublishedSplit(train_fraction=0.7, drop_last_window=True, test_window=19, scale_each_file=True)


def days(count: int) -> Dates:
    return np.datetime64("2010-01-01") + np.arange(count)


@pytest.mark.parametrize("window", [1, 7, 20])
def test_by_date_both_ends_of_a_split_are_inclusive_and_train_leaves_out_its_first_max_window_days(window: int) -> None:
    rule = DateSplit(SPANS, max_window=20)
    found = [rule.targets(split, DAYS, window, 0) for split in SPLITS]
    assert found == [range(20, 60), range(60, 80), range(85, 95)]
    assert {rule.window_of(split, window) for split in SPLITS} == {window}


def test_by_date_a_series_that_begins_late_has_targets_only_where_enough_days_stand_before_them() -> None:
    rule = DateSplit(SPANS, max_window=20)
    assert rule.targets("valid", DAYS[58:], 5, 0) == range(5, 22)
    assert len(rule.targets("train", DAYS[58:], 5, 0)) == 0


def test_by_date_scaling_sees_every_day_of_train_and_no_other() -> None:
    rule = DateSplit(SPANS, max_window=20)
    assert rule.fitted_on(DAYS, 5, 0) == range(60)
    assert rule.fitted_on(DAYS[10:], 5, 0) == range(50)


@given(st.lists(st.booleans(), min_size=100, max_size=100), st.integers(1, 20), st.integers(0, 5))
def test_by_date_no_day_is_a_target_of_two_splits_and_each_has_its_window_before_it(
    traded: list[bool], window: int, more: int
) -> None:
    dates, rule = DAYS[np.array(traded)], DateSplit(SPANS, max_window=window + more)
    found = [rule.targets(split, dates, window, 0) for split in SPLITS]
    rows = [row for split in found for row in split]
    assert rows == sorted(set(rows))
    assert all(row >= window for row in rows)
    for split, chosen in zip(SPLITS, found, strict=True):
        first, last = SPANS[split]
        assert all(first <= day <= last for day in dates[list(chosen)].tolist())


@pytest.mark.parametrize(
    ("window", "train", "valid"), [(4, 1323, 567), (19, 1313, 562), (39, 1299, 556), (99, 1257, 538)]
)
def test_published_counts_are_those_of_the_notebooks(window: int, train: int, valid: int) -> None:
    """Of 1895 rows, 1895 - window - 1 windows are cut 70 to 30; the year after is always scored with 19 days."""
    assert PUBLISHED.targets("train", days(1895), window, 0) == range(window, window + train)
    assert PUBLISHED.targets("valid", days(1895), window, 0) == range(window + train, 1894)
    assert train + valid == 1895 - window - 1
    assert PUBLISHED.window_of("test", window) == 19
    assert PUBLISHED.targets("test", days(243), 19, 1) == range(19, 242)  # 223 windows


def test_published_the_first_file_has_no_test_and_the_second_nothing_else() -> None:
    assert not PUBLISHED.targets("test", days(100), 19, 0)
    assert not PUBLISHED.targets("train", days(100), 19, 1)
    assert not PUBLISHED.targets("valid", days(100), 19, 1)


def test_published_keeps_the_last_window_where_it_is_not_dropped() -> None:
    rule = PUBLISHED._replace(drop_last_window=False)
    assert rule.targets("valid", days(1895), 19, 0).stop == 1895
    assert rule.targets("test", days(243), 19, 1) == range(19, 243)


def test_published_scaling_sees_the_whole_of_each_file_only_where_that_is_asked_for() -> None:
    assert PUBLISHED.fitted_on(days(1895), 19, 0) == range(1895)
    assert PUBLISHED.fitted_on(days(243), 19, 1) == range(243)
    honest = PUBLISHED._replace(scale_each_file=False)
    assert honest.fitted_on(days(1895), 19, 0) == range(19 + 1313)
    assert len(honest.fitted_on(days(243), 19, 1)) == 0


def test_the_recipes_in_the_keys_of_stored_fits_are_those_of_earlier_versions() -> None:
    spans: dict[Split, tuple[date, date]] = {"train": (date(2010, 1, 1), date(2015, 8, 31))}
    text = "ByDate(spans={'train': (datetime.date(2010, 1, 1), datetime.date(2015, 8, 31))}, max_window=6)"
    assert DateSplit(spans, 6).recipe == text
    text = "AsPublished(train_fraction=0.7, drop_last_window=True, test_window=19, scale_each_file=True)"
    assert PUBLISHED.recipe == text
