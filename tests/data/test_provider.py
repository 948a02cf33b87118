import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.bins import SYNTHETIC, write_provider
from volopt.data.exchange import sessions_after
from volopt.data.provider import COMPUTED_FIELDS, open_provider
from volopt.data.sessions import AHEAD, CALENDAR_FIELDS, DAYS_TO_NEXT, SESSIONS_MISSED
from volopt.errors import DataError


def test_an_opened_provider_knows_calendar_instruments_and_fields(provider_dir: Path) -> None:
    provider = open_provider(provider_dir)
    assert (provider.day(0), provider.day(-1)) == (date(2010, 1, 4), date(2010, 7, 30))
    assert provider.instruments["SH600001"][0].first == date(2010, 3, 1)
    assert provider.fields("SH600000") == ["$close", "$factor", "$high", "$low", "$open", "$volume"]
    assert not provider.synthetic


def test_the_marker_file_makes_a_provider_synthetic(provider_dir: Path) -> None:
    (provider_dir / SYNTHETIC).write_text("{}")
    assert open_provider(provider_dir).synthetic


def test_a_range_takes_the_days_in_it_and_holidays_at_its_ends_do_no_harm(provider_dir: Path) -> None:
    provider = open_provider(provider_dir)
    assert provider.rows(None, None) == range(len(provider.calendar))
    assert provider.rows(date(2010, 1, 1), date(2010, 1, 10)) == range(5)
    assert provider.rows(date(2010, 1, 5), date(2010, 1, 5)) == range(1, 2)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2009, 12, 1), date(2010, 6, 1)),
        (date(2010, 6, 1), date(2010, 12, 1)),
        (date(2010, 7, 31), date(2010, 8, 1)),
        (date(2010, 1, 2), date(2010, 1, 3)),
    ],
)
def test_a_range_outside_the_calendar_is_refused_and_its_ends_are_named(
    provider_dir: Path, start: date, end: date
) -> None:
    with pytest.raises(DataError, match="outside the calendar") as caught:
        open_provider(provider_dir).rows(start, end)
    assert caught.value.hint == "it has the days from 2010-01-04 to 2010-07-30"


def test_a_weekend_is_no_range(provider_dir: Path) -> None:
    with pytest.raises(DataError, match="has no trading day"):
        open_provider(provider_dir).rows(date(2010, 1, 9), date(2010, 1, 10))


def test_an_unknown_instrument_gets_the_nearest_names(provider_dir: Path) -> None:
    with pytest.raises(DataError, match="has no instrument SH60000") as caught:
        open_provider(provider_dir).check("SH60000", ["$close"], None, None)
    assert "SH600000" in caught.value.hint


def test_an_unknown_field_gets_the_nearest_name(provider_dir: Path) -> None:
    with pytest.raises(DataError, match=r"no field \$vwap_volume") as caught:
        open_provider(provider_dir).check("SH600000", ["$close", "$vwap_volume"], None, None)
    assert "$volume" in caught.value.hint


def test_an_unknown_field_of_the_calendar_gets_the_nearest_name(provider_dir: Path) -> None:
    with pytest.raises(DataError, match=r"no field \$sessions_to_holidays") as caught:
        open_provider(provider_dir).check("SH600000", ["$sessions_to_holidays"], None, None)
    assert "$sessions_to_holiday" in caught.value.hint


def test_an_instrument_outside_its_listing_is_refused(provider_dir: Path) -> None:
    with pytest.raises(DataError, match="SH600001 is not listed between 2010-01-04 and 2010-01-29"):
        open_provider(provider_dir).check("SH600001", ["$close"], None, date(2010, 1, 31))


def test_a_broken_series_is_refused_before_anyone_reads_it(provider_dir: Path) -> None:
    (provider_dir / "features/sh600000/close.day.bin").write_bytes(b"123")
    provider = open_provider(provider_dir)
    with pytest.raises(DataError, match=r"close\.day\.bin is broken"):
        provider.check("SH600000", ["$close"], None, None)
    assert provider.check("SH600000", ["$open"], None, None)[0] == 0


@pytest.mark.parametrize("part", ["calendars", "instruments", "features"])
def test_an_incomplete_provider_is_refused(provider_dir: Path, part: str) -> None:
    shutil.rmtree(provider_dir / part)
    with pytest.raises(DataError, match=f"it has no {part}"):
        open_provider(provider_dir)


@pytest.mark.parametrize("part", ["calendars/day.txt", "instruments/all.txt"])
def test_a_provider_without_its_lists_is_refused(provider_dir: Path, part: str) -> None:
    (provider_dir / part).unlink()
    with pytest.raises(DataError, match=f"{part} is missing"):
        open_provider(provider_dir)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing does not exist"):
        open_provider(tmp_path / "nothing")


def test_a_listed_instrument_without_files_is_named(provider_dir: Path) -> None:
    shutil.rmtree(provider_dir / "features/sh600001")
    with pytest.raises(DataError, match="sh600001 cannot be read"):
        open_provider(provider_dir).fields("SH600001")


@pytest.mark.parametrize(
    ("calendar", "reason"),
    [
        ("", "has no day"),
        ("2010-01-05\n2010-01-04\n", "not in ascending order: 2010-01-04 follows 2010-01-05"),
        ("2010-01-04\n2010-01-04\n", "not in ascending order"),
        ("2010-02-30\n", "'2010-02-30' where a date belongs"),
        ("today\n", "'today' where a date belongs"),
        ("20100104\n", "where a date belongs"),
    ],
)
def test_an_invalid_calendar_is_refused(provider_dir: Path, calendar: str, reason: str) -> None:
    (provider_dir / "calendars/day.txt").write_text(calendar)
    with pytest.raises(DataError, match=reason):
        open_provider(provider_dir)


@pytest.mark.parametrize("line", ["SH600000", "../x\t2010-01-04\t2010-07-30", "A\t2010-01-04", "A,2010-01-04,x"])
def test_an_invalid_instrument_list_is_refused(provider_dir: Path, line: str) -> None:
    (provider_dir / "instruments/all.txt").write_text(line)
    with pytest.raises(DataError, match="has an invalid line"):
        open_provider(provider_dir)


def test_an_instrument_listed_twice_has_two_spans(provider_dir: Path) -> None:
    (provider_dir / "instruments/all.txt").write_text(
        "SH600000\t2010-01-04\t2010-02-01\nSH600000\t2010-05-03\t2010-07-30\n"
    )
    provider = open_provider(provider_dir)
    assert provider.check("SH600000", ["$close"], date(2010, 6, 1), None)[0] == 106
    with pytest.raises(DataError, match="is not listed") as caught:
        provider.check("SH600000", ["$close"], date(2010, 3, 1), date(2010, 4, 1))
    assert "2010-01-04 to 2010-02-01 and 2010-05-03 to 2010-07-30" in caught.value.hint


def test_a_series_is_read_from_its_row(provider_dir: Path) -> None:
    start, values = open_provider(provider_dir).series("SH600001", "$factor")
    assert (start, values[0]) == (40, np.float32(1))


HOLIDAY = ["2010-02-10", "2010-02-11", "2010-02-12", "2010-02-22", "2010-02-23", "2010-02-26"]  # Wednesday to Friday


def days_to_next(directory: Path, *days: str) -> list[float]:
    calendar = pd.DatetimeIndex(days)
    write_provider(directory, calendar, {"SH600000": pd.DataFrame({"close": 1.0}, index=calendar)})
    start, values = open_provider(directory).series("SH600000", DAYS_TO_NEXT)
    assert (start, values.dtype) == (0, np.float32)
    return list(values)


def test_days_to_next_are_those_of_the_calendar_over_a_weekend_and_a_holiday(tmp_path: Path) -> None:
    assert days_to_next(tmp_path / "p", *HOLIDAY) == [1, 1, 10, 1, 3, 3]


@pytest.mark.parametrize(
    ("last", "days"), [("2010-03-01", 1), ("2010-03-04", 1), ("2010-03-05", 3), ("2010-03-06", 2), ("2010-03-07", 1)]
)
def test_after_the_last_day_the_next_weekday_is_assumed(tmp_path: Path, last: str, days: int) -> None:
    """A Monday, a Thursday, a Friday, and a weekend on which an exchange was open."""
    assert days_to_next(tmp_path / "p", last)[-1] == days


def test_days_to_next_change_with_later_days_on_the_last_one_alone(tmp_path: Path) -> None:
    before = days_to_next(tmp_path / "before", *HOLIDAY)
    after = days_to_next(tmp_path / "after", *HOLIDAY, "2010-03-03", "2010-03-04")
    assert after[:6] == [*before[:5], 5]


def test_computed_fields_need_no_file_and_are_fields_of_every_instrument(provider_dir: Path) -> None:
    provider = open_provider(provider_dir)
    assert COMPUTED_FIELDS.isdisjoint(provider.fields("SH600001"))
    rows = provider.check("SH600001", ["$close", *COMPUTED_FIELDS], date(2010, 6, 1), None)
    assert rows[0] == 106


def test_no_field_of_the_calendar_looks_at_stocks(provider_dir: Path) -> None:
    provider = open_provider(provider_dir)
    before = {field: provider.series("SH600001", field)[1] for field in CALENDAR_FIELDS}
    shutil.rmtree(provider_dir / "features/sh600001")
    for field, values in before.items():
        np.testing.assert_array_equal(provider.series("SH600001", field)[1], values)


def test_the_sessions_that_a_stock_missed_are_counted_from_its_own_first_day(provider_dir: Path) -> None:
    """The stock is suspended on its 11th to 13th day, and its series begins on the 41st of the calendar."""
    column = open_provider(provider_dir).column("SH600001", SESSIONS_MISSED)
    assert np.isnan(column[:41]).all()
    assert column[41:56].tolist() == [*9 * [0], 0, 1, 2, 3, 0, 0]


def test_without_volume_missed_sessions_are_not_known(provider_dir: Path) -> None:
    (provider_dir / "features/sh600000/volume.day.bin").unlink()
    with pytest.raises(DataError, match=r"volume\.day\.bin is missing"):
        open_provider(provider_dir).check("SH600000", [SESSIONS_MISSED], None, None)


EVE = "2010-09-21"  # of three days of holidays in China


@pytest.fixture
def eve_dir(tmp_path: Path) -> Path:
    """Return a provider that ends on the eve of holidays: a stock of Shanghai, and one of no known exchange."""
    calendar = pd.bdate_range("2010-09-01", EVE)
    table = pd.DataFrame({"close": 1.0, "volume": 1.0}, index=calendar)
    write_provider(tmp_path / "eve", calendar, {"SH600000": table, "MSFT": table})
    return tmp_path / "eve"


def last_value(directory: Path, instrument: str, field: str) -> float:
    return float(open_provider(directory).series(instrument, field)[1][-1])


def test_after_the_calendar_come_the_sessions_of_the_exchange_that_the_name_tells(eve_dir: Path) -> None:
    assert last_value(eve_dir, "SH600000", "$sessions_since_holiday") == 0  # after the holidays
    assert last_value(eve_dir, "SH600000", "$next_day") == 27
    assert last_value(eve_dir, "MSFT", "$next_day") == 22
    assert open_provider(eve_dir).sessions_after("MSFT", "XNYS")[0] == np.datetime64("2010-09-22")


def test_days_to_the_next_session_keep_the_last_value_that_stored_studies_have(eve_dir: Path) -> None:
    (eve_dir / "calendars/day_future.txt").write_text("2010-09-28\n")
    assert last_value(eve_dir, "SH600000", DAYS_TO_NEXT) == 1
    known = open_provider(eve_dir).sessions_after("SH600000")
    assert replace(open_provider(eve_dir), following=known).series("SH600000", DAYS_TO_NEXT)[1][-1] == 7


def test_qlib_s_future_calendar_comes_first_and_the_exchange_goes_on(eve_dir: Path) -> None:
    """As qlib writes it, it holds the days of the data too."""
    future = [*(eve_dir / "calendars/day.txt").read_text().split(), "2010-09-23", "2010-09-28"]
    (eve_dir / "calendars/day_future.txt").write_text("\n".join(future))
    provider = open_provider(eve_dir)
    assert last_value(eve_dir, "SH600000", "$next_day") == last_value(eve_dir, "MSFT", "$next_day") == 23
    known = provider.sessions_after("SH600000")
    assert known[:3].tolist() == [date(2010, 9, 23), date(2010, 9, 28), date(2010, 9, 29)]
    assert len(known) > AHEAD
    assert len(provider.sessions_after("MSFT")) == 2
    assert provider.sessions_after("MSFT", "XSHG")[0] == np.datetime64("2010-09-27")


def test_an_outdated_future_calendar_is_none(eve_dir: Path) -> None:
    shutil.copy(eve_dir / "calendars/day.txt", eve_dir / "calendars/day_future.txt")
    assert last_value(eve_dir, "SH600000", "$next_day") == 27


def test_a_broken_future_calendar_is_refused_where_it_is_needed(eve_dir: Path) -> None:
    (eve_dir / "calendars/day_future.txt").write_text("2010-09-28\n2010-09-27\n")
    provider = open_provider(eve_dir)
    provider.check("SH600000", ["$close", DAYS_TO_NEXT], None, None)
    with pytest.raises(DataError, match=r"day_future\.txt is not in ascending order"):
        provider.check("SH600000", ["$next_day"], None, None)


@pytest.mark.parametrize("end", ["2018-09-28", "2019-12-31", "2020-01-02"])
def test_at_the_end_of_the_data_each_field_is_what_it_is_in_their_midst(tmp_path: Path, end: str) -> None:
    sessions = sessions_after("XSHG", date(2017, 12, 31))[:700]
    columns = []
    for name, days in {"short": sessions[sessions <= np.datetime64(end)], "long": sessions}.items():
        calendar = pd.DatetimeIndex(days)
        write_provider(tmp_path / name, calendar, {"SH600000": pd.DataFrame({"close": 1.0}, index=calendar)})
        provider = open_provider(tmp_path / name)
        columns.append([provider.series("SH600000", field)[1] for field in CALENDAR_FIELDS if field != DAYS_TO_NEXT])
    for short, long in zip(*columns, strict=True):
        np.testing.assert_array_equal(short, long[: len(short)])
