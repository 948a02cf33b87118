import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from volopt.data.check import check_provider
from volopt.errors import DataError


def change(directory: Path, field: str, row: int, value: float) -> None:
    path = directory / f"features/sh600000/{field}.day.bin"
    values = np.fromfile(path, "<f4")
    values[row + 1] = value
    path.write_bytes(values.tobytes())


def test_a_valid_provider_has_no_problems(provider_dir: Path) -> None:
    report = check_provider(provider_dir)
    assert report.readable
    assert (report.first, report.last, report.days) == (date(2010, 1, 4), date(2010, 7, 30), 150)
    assert report.problems == ()
    first, second = report.instruments
    assert (first.name, first.trade_days, first.no_trade_days) == ("SH600000", 147, 3)
    assert (second.name, second.first, second.trade_days) == ("SH600001", date(2010, 3, 1), 107)


def test_one_instrument_can_be_checked_alone(provider_dir: Path) -> None:
    assert [each.name for each in check_provider(provider_dir, "SH600001").instruments] == ["SH600001"]
    with pytest.raises(DataError, match="no instrument SH600002") as caught:
        check_provider(provider_dir, "SH600002")
    assert "SH600001" in caught.value.hint


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("close", -1.0, "SH600000: $close is not positive on 1 days"),
        ("close", np.nan, "SH600000: $close is missing on 1 days"),
        ("high", 0.5, "SH600000: $high is below $low on 1 days"),
        ("open", 1000.0, "SH600000: $open or $close lies outside $low to $high on 1 days"),
        ("open", 0.5, "SH600000: $open or $close lies outside $low to $high on 1 days"),
        ("factor", 0.0, "SH600000: $factor is not positive on 1 days"),
        ("volume", -5.0, "SH600000: $volume is negative on 1 days"),
    ],
)
def test_impossible_values_are_problems_and_the_rest_stays_readable(
    provider_dir: Path, field: str, value: float, problem: str
) -> None:
    change(provider_dir, field, 30, value)
    report = check_provider(provider_dir)
    assert problem in report.problems
    assert report.readable


def test_prices_of_days_without_trade_are_not_checked(provider_dir: Path) -> None:
    change(provider_dir, "close", 11, np.nan)
    assert check_provider(provider_dir).problems == ()


def test_an_outlier_and_a_gap_are_reported_but_are_no_problem(provider_dir: Path) -> None:
    change(provider_dir, "volume", 100, 1e9)
    for row in range(40, 50):
        change(provider_dir, "volume", row, 0.0)
    report = check_provider(provider_dir, "SH600000")
    assert report.problems == ()
    assert report.instruments[0].outliers[0].day == date(2010, 5, 24)
    assert report.instruments[0].gaps == ((date(2010, 2, 27), date(2010, 3, 14), 10),)


def test_broken_and_missing_series_are_named(provider_dir: Path) -> None:
    (provider_dir / "features/sh600000/open.day.bin").write_bytes(b"123")
    (provider_dir / "features/sh600000/high.day.bin").unlink()
    shutil.rmtree(provider_dir / "features/sh600001")
    report = check_provider(provider_dir)
    assert report.readable
    problems = "\n".join(report.problems)
    assert "open.day.bin is broken" in problems
    assert "SH600000: $high has no file" in problems
    assert "sh600001 cannot be read" in problems
    assert "SH600001: no day with trade" in problems


def test_an_instrument_without_volume_makes_its_own_report_unreadable(provider_dir: Path) -> None:
    (provider_dir / "features/sh600000/volume.day.bin").write_bytes(b"")
    assert not check_provider(provider_dir, "SH600000").readable
    assert check_provider(provider_dir).readable


def test_an_empty_directory_is_unreadable_and_the_reason_is_given(tmp_path: Path) -> None:
    report = check_provider(tmp_path)
    assert not report.readable
    assert "is not a qlib provider directory" in report.problems[0]


def test_an_empty_instrument_list_is_a_problem(provider_dir: Path) -> None:
    (provider_dir / "instruments/all.txt").write_text("")
    report = check_provider(provider_dir)
    assert not report.readable
    assert report.problems == (f"{provider_dir} lists no instrument",)


def test_the_real_directory_has_no_problem_and_its_doubts_are_reported(real_data: Path) -> None:
    report = check_provider(real_data / "qlib_cn")
    assert report.problems == ()
    assert len(report.instruments) == 19
    by_name = {each.name: each for each in report.instruments}
    assert [str(outlier.day) for outlier in by_name["SH600030"].outliers] == ["2015-01-19"]
    assert by_name["SZ000156"].no_trade_days == 850


def test_the_days_of_generated_rows_are_not_doubted(sample: Path) -> None:
    assert {report.calendar for report in check_provider(sample).instruments} == {()}
