from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from builders import definition, frame
from volopt.data.frame import Frame
from volopt.definition.load import load
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.windows.dataset import Dataset, assemble
from volopt.windows.prepare import MIN_DAYS, prepare, without_short_series
from volopt.windows.split import SPLITS, DateSplit, PublishedSplit


def refusal(data: Frame, found: Definition) -> str:
    with pytest.raises(DataError) as caught:
        prepare([data], found, "fingerprint")
    assert caught.value.hint
    return caught.value.message


def with_column(data: Frame, column: int, rows: slice, value: float) -> Frame:
    values = data.values.copy()
    values[rows, column] = value
    return replace(data, values=values)


def test_a_dataset_holds_the_frames_features_in_the_studys_order_and_its_target() -> None:
    data = frame(columns=("$volume", "$close", "$open"))
    found = prepare([data], definition(data={"features": ("$open", "$volume"), "target": "$volume"}), "fingerprint")
    (series,) = found.series
    np.testing.assert_array_equal(series.features, data.values[:, [2, 0]])
    np.testing.assert_array_equal(series.target, data.values[:, 0])
    np.testing.assert_array_equal(series.transformed, series.target)
    np.testing.assert_array_equal(series.dates, data.dates)
    assert (found.names, found.target_feature, found.fingerprint) == (("$open", "$volume"), 1, "fingerprint")


def test_the_log_is_taken_of_the_target_and_of_the_feature_equal_to_it_only() -> None:
    data = frame()
    (series,) = prepare([data], definition(data={"transform": "log"}), "fingerprint").series
    np.testing.assert_array_equal(series.target, data.values[:, 1])
    np.testing.assert_array_equal(series.transformed, np.log(data.values[:, 1]))
    np.testing.assert_array_equal(series.features[:, 1], series.transformed)
    np.testing.assert_array_equal(series.features[:, 0], data.values[:, 0])


def test_a_target_need_not_be_a_feature() -> None:
    found = prepare([frame()], definition(data={"features": ("$close",)}), "fingerprint")
    assert found.target_feature is None
    assert found.series[0].features.shape == (152, 1)


def test_train_target_is_the_target_of_train_days_of_all_series_in_original_units() -> None:
    first, second = frame(seed=0), frame(seed=1)
    found = prepare([first, second], definition(data={"transform": "log"}), "fingerprint")
    expected = np.concatenate([first.values[6:91, 1], second.values[6:91, 1]])  # max_window 6, 91 days to 31 March
    np.testing.assert_array_equal(found.target("train", 4), expected)
    assert [found.days(split, 4) for split in SPLITS] == [170, 60, 62]


def test_the_studys_splits_are_cut_by_date_or_as_published() -> None:
    rule = prepare([frame()], definition(), "fingerprint").rule
    assert isinstance(rule, DateSplit)
    assert rule.max_window == 6
    study = load("published")
    history, test = (frame(days, columns=study.data.features) for days in (1895, 243))
    found = prepare([history, test], study, "fingerprint")
    assert found.rule == PublishedSplit(0.7, drop_last_window=True, test_window=19, scale_each_file=True)
    assert [found.days(split, 99) for split in SPLITS] == [1257, 538, 223]


def test_days_without_a_logarithm_are_counted_by_split() -> None:
    """April is valid and May test; the first three days of May and one of April have no volume."""
    found = prepare(
        [with_column(with_column(frame(), 1, slice(121, 124), 0.0), 1, slice(100, 101), 0.0)], definition(), ""
    )
    assert [found.days_without_log(split, 4) for split in SPLITS] == [0, 1, 3]
    assert found.days("test", 4) == 31


@pytest.mark.parametrize("days", [20, 95, 122])
def test_too_few_rows_for_the_largest_window_are_refused_with_the_split_named(days: int) -> None:
    split = {20: "valid", 95: "test", 122: "test"}[days]
    message = refusal(frame(days), definition())
    assert f"the {split} split has" in message
    assert f"window of 6 days; volopt read {days} trade days" in message


def test_a_window_longer_than_train_is_refused() -> None:
    found = definition().model_copy(update={"space": {"window": (4, 100)}})
    assert "the train split has 0 days to forecast with a window of 100 days" in refusal(frame(), found)


@pytest.mark.parametrize(("column", "name"), [(0, "$close"), (1, "$volume")])
def test_a_column_that_is_constant_in_train_is_refused_by_name(column: int, name: str) -> None:
    message = refusal(with_column(frame(), column, slice(0, 91), 7.0), definition())
    assert f"{name} of SH600000 is constant (7) over train" in message


def test_a_target_that_is_constant_in_train_is_refused_even_where_it_is_no_feature() -> None:
    constant = with_column(frame(), 1, slice(0, 91), 7.0)
    assert "the target of SH600000 is constant" in refusal(constant, definition(data={"features": ("$close",)}))


def test_a_column_that_is_constant_after_train_is_allowed() -> None:
    prepare([with_column(frame(), 0, slice(91, None), 7.0)], definition(), "fingerprint")


@pytest.mark.parametrize(("split", "rows"), [("valid", slice(91, 121)), ("test", slice(121, 152))])
def test_a_target_that_is_constant_in_valid_or_test_is_refused(split: str, rows: slice) -> None:
    days = rows.stop - rows.start
    message = refusal(with_column(frame(), 1, rows, 7.0), definition())
    assert f"the target is constant (7) on the {days} days of {split} with a window of 6 days" in message


def test_a_target_that_is_constant_on_the_days_that_train_forecasts_is_refused() -> None:
    message = refusal(with_column(frame(), 1, slice(6, 91), 7.0), definition())
    assert "the target is constant (7) on the 85 days of train" in message


@pytest.mark.parametrize("rows", [slice(7, 91), slice(91, 120), slice(121, 151)])
def test_a_target_that_moves_once_in_a_split_is_allowed(rows: slice) -> None:
    prepare([with_column(frame(), 1, rows, 7.0)], definition(), "fingerprint")


@pytest.mark.parametrize("transform", ["none", "log"])
def test_a_target_that_does_not_move_relative_to_its_windows_is_refused_with_an_anchor_only(transform: str) -> None:
    line = 1.0 + np.arange(152) / 70
    values = np.column_stack([frame().values[:, 0], np.exp(line) if transform == "log" else line])
    straight = replace(frame(), values=values)
    message = refusal(straight, definition(data={"anchor": "window_mean", "transform": transform}))
    assert "the target of SH600000 minus the mean of the 6 days before is constant (0.05) over train" in message
    prepare([straight], definition(data={"transform": transform}), "fingerprint")


@pytest.mark.parametrize("row", [3, 100, 140])
@pytest.mark.parametrize("value", [1e31, -1e300])
def test_a_value_too_large_to_be_computed_with_is_refused_with_its_day(row: int, value: float) -> None:
    day = np.datetime64("2020-01-01") + row
    message = refusal(with_column(frame(), 0, slice(row, row + 1), value), definition())
    assert f"$close of SH600000 is {value:g} on {day}" in message


def test_a_value_too_large_beside_what_train_moves_by_is_refused() -> None:
    small = with_column(frame(), 0, slice(0, 91), 0.0)
    small.values[5, 0] = 1e-25
    assert "$close of SH600000 is" in refusal(with_column(small, 0, slice(100, 101), 1e6), definition())
    prepare([with_column(frame(), 0, slice(100, 101), 1e29)], definition(), "fingerprint")


@pytest.mark.parametrize("value", [0.0, -2.0])
def test_the_log_of_a_target_that_is_not_positive_is_refused_with_the_day(value: float) -> None:
    broken = with_column(frame(), 1, slice(30, 32), value)
    message = refusal(broken, definition(data={"transform": "log"}))
    assert f"the target $volume of SH600000 is {value:g} on 2020-01-31" in message


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"scaling": "standard"}},
        {"data": {"anchor": "window_mean"}},
        {"data": {"transform": "log"}},
        {"data": {"target": "$close"}},
        {"data": {"features": ("$volume", "$close")}},
        {"data": {"valid": (definition().data.test,), "test": definition().data.valid[0]}},
        {"space": {}},  # the largest window is then the baseline's: train begins earlier
    ],
)
def test_the_recipe_differs_with_everything_done_to_the_data(changes: dict[str, dict[str, Any]]) -> None:
    study = definition()
    for name, values in changes.items():
        update = values if name == "space" else getattr(study, name).model_copy(update=values)
        study = study.model_copy(update={name: update})
    plain = prepare([frame()], definition(), "fingerprint").recipe
    assert prepare([frame()], definition(), "another").recipe == plain
    assert prepare([frame()], study, "fingerprint").recipe != plain


# Panels: instruments that cannot be trained on are left out and named.


def panel() -> Definition:
    """Return a definition of many instruments: 600 days of train, 150 of valid, 100 of test, a window of 6 at most."""
    day = date(2020, 1, 1)
    ends = [(0, 599), (600, 749), (750, 849)]
    train, valid, test = ((day + timedelta(first), day + timedelta(last)) for first, last in ends)
    data = {"instrument": None, "instruments": "all", "train": train, "valid": (valid,), "test": test}
    return definition(data=data)


def named(name: str, rows: slice = slice(None), seed: int = 0) -> Frame:
    """Return a frame of all 850 days, or of some of them."""
    whole = frame(850, seed)
    return replace(whole, name=name, dates=whole.dates[rows], values=whole.values[rows])


@pytest.mark.parametrize(
    ("first", "dropped", "why"),
    [
        (94, (), None),  # 506 days of train less the first 6
        (95, (), "B has 499 train days, fewer than 500"),
        (0, (650, 700), None),  # 100 days of valid
        (0, (650, 701), "B has 99 valid days, fewer than 100"),
        (600, (), "B has 0 train days, fewer than 500"),
        (0, (600, 850), "B has 0 valid days, fewer than 100"),
    ],
)
def test_an_instrument_needs_500_train_and_100_valid_days(
    first: int, dropped: tuple[int, ...], why: str | None
) -> None:
    whole = named("B", seed=1)
    rows = [row for row in range(first, 850) if not dropped or not dropped[0] <= row < dropped[1]]
    few = replace(whole, dates=whole.dates[rows], values=whole.values[rows])
    found = prepare([named("A"), few], panel(), "")
    assert [series.name for series in found.series] == (["A", "B"] if why is None else ["A"])
    assert found.left_out == ({} if why is None else {"B": why})


def test_an_instrument_alone_needs_no_more_days_than_ever() -> None:
    assert MIN_DAYS == {"train": 500, "valid": 100}
    assert prepare([frame()], definition(), "").days("train", 4) == 85


def test_an_instrument_needs_enough_days_in_each_valid_period() -> None:
    study, spans = panel(), ((600, 699), (700, 799))
    day = date(2020, 1, 1)
    data = {
        "valid": tuple((day + timedelta(a), day + timedelta(b)) for a, b in spans),
        "test": (day + timedelta(800), day + timedelta(849)),
    }
    several = study.model_copy(update={"data": study.data.model_copy(update=data)})
    late, few = named("late", slice(97, None)), named("few", slice(0, 790))
    found = prepare([named("A"), late, few], several, "")
    assert [series.name for series in found.series] == ["A"]
    assert found.left_out == {
        "late": "late has 497 train days of period 1, fewer than 500",
        "few": "few has 90 valid days of period 2, fewer than 100",
    }
    assert [period.days("train", 6) for period in found.periods] == [594, 694]
    one = study.model_copy(update={"data": study.data.model_copy(update=data | {"valid": data["valid"][:1]})})
    assert prepare([named("A"), late], one, "").fingerprint == found.fingerprint  # so that fits are shared


def test_whatever_keeps_an_instrument_from_training_is_its_reason() -> None:
    constant = with_column(named("flat"), 0, slice(0, 600), 7.0)
    huge = with_column(named("huge"), 0, slice(700, 701), 1e31)
    study = panel()
    log = study.model_copy(update={"data": study.data.model_copy(update={"transform": "log"})})
    none = with_column(named("none"), 1, slice(30, 31), 0.0)
    found = prepare([constant, named("A"), huge, none], log, "")
    assert [series.name for series in found.series] == ["A"]
    assert found.left_out["flat"] == "$close of flat is constant (7) over train and cannot be scaled"
    assert found.left_out["huge"].startswith("$close of huge is 1e+31 on 2021-12-01, too large")
    assert found.left_out["none"] == "the target $volume of none is 0 on 2020-01-31 and has no logarithm"


def test_a_panel_of_which_nothing_is_left_is_refused_with_the_first_reason() -> None:
    with pytest.raises(DataError) as told:
        prepare([named("A", slice(500, None)), named("B", slice(0, 10))], panel(), "")
    assert told.value.message == "no instrument of the panel can be trained on: A has 94 train days, fewer than 500"
    assert told.value.hint


def test_how_many_days_are_enough_is_the_caller_s_and_reasons_add_up() -> None:
    study = panel()
    data = assemble([named("A"), named("B", slice(500, None))], study, prepare([named("A")], study, "").rule, "")
    with_reason: Dataset = replace(data, left_out={"C": "no data"})
    assert without_short_series(with_reason, 6, {}).left_out == {"C": "no data"}
    assert without_short_series(with_reason, 6, {"train": 95}).left_out.keys() == {"B", "C"}
    assert [series.name for series in without_short_series(with_reason, 6, {"train": 94}).series] == ["A", "B"]
