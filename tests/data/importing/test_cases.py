"""Files as people have them: each is read as it is meant, or refused with the option that decides."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from volopt.data.check import check_provider
from volopt.data.importing.importing import ImportReport, import_files
from volopt.data.importing.options import ImportOptions
from volopt.data.provider import open_provider
from volopt.errors import DataError

DAYS = pd.bdate_range("2019-03-04", periods=45)
NUMBERS = range(len(DAYS))
CLOSE = [40 + 0.125 * number for number in NUMBERS]
VOLUME = [123_456 + 7_919 * number for number in NUMBERS]


def european(number: float, digits: int) -> str:
    """Return a number with a decimal comma and points between thousands."""
    return f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def lines(separator: str, *header: str, days: str = "%Y-%m-%d", **cells: Sequence[object]) -> list[str]:
    """Return the lines of a table: days, and the columns that are given."""
    rows = zip(DAYS.strftime(days), *cells.values(), strict=True)
    return [separator.join(header), *(separator.join(map(str, row)) for row in rows)]


def usual(separator: str = ",", days: str = "%Y-%m-%d") -> list[str]:
    return lines(separator, "Date", "Close", "Volume", days=days, close=CLOSE, volume=VOLUME)


class Import:
    """Imports a file and reads back what was written."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __call__(self, content: bytes | Sequence[str], name: str = "ABC.csv", **options: Any) -> ImportReport:
        data = content if isinstance(content, bytes) else "\n".join(content).encode()
        (self.place / name).write_bytes(data)
        return import_files([self.place / name], self.place / "p", ImportOptions(**options))

    def column(self, field: str, instrument: str = "ABC") -> list[float]:
        column = open_provider(self.place / "p").column(instrument, field)
        return [float(value) for value in column[np.isfinite(column)]]

    def assert_usual(self, instrument: str = "ABC") -> None:
        assert open_provider(self.place / "p").calendar.tolist() == DAYS.date.tolist()
        assert self.column("$close", instrument) == CLOSE
        assert self.column("$volume", instrument) == VOLUME


@pytest.fixture
def take(tmp_path: Path) -> Import:
    return Import(tmp_path)


def doubts(report: ImportReport) -> str:
    issues = [each for file in report.files for each in file.doubted]
    return "\n".join(issue.line() for issue in [*issues, *(each for one in report.instruments for each in one.doubted)])


def notes(report: ImportReport) -> str:
    return "\n".join(report.files[0].notes)


def dropped(report: ImportReport) -> str:
    return "\n".join(issue.line() for issue in report.files[0].dropped)


@pytest.mark.parametrize("digits", [2, 3])
def test_decimal_commas_with_points_between_thousands(take: Import, digits: int) -> None:
    close = [european(round(value, digits), digits) for value in CLOSE]
    volume = [european(value, 0) for value in VOLUME]
    report = take(lines(";", "Date", "Close", "Volume", days="%d.%m.%Y", close=close, volume=volume))
    assert take.column("$close") == pytest.approx([round(value, digits) for value in CLOSE])
    assert take.column("$volume") == VOLUME
    assert f"volume ',': {volume[0]} is {VOLUME[0]}" in notes(report)
    assert "dates: 04.03.2019 is 2019-03-04" in notes(report)


def test_points_between_thousands_of_volume_beside_prices_with_decimal_points(take: Import) -> None:
    volume = [european(value, 0) for value in VOLUME]
    take(lines(";", "Date", "Close", "Volume", days="%d.%m.%Y", close=CLOSE, volume=volume))
    take.assert_usual()


@pytest.mark.parametrize(("decimal", "first"), [(".", 123.456), (",", 123_456)])
def test_thousands_or_decimals_that_nothing_tells_are_refused_until_the_user_says(
    take: Import, decimal: str, first: float
) -> None:
    content = lines(",", "Date", "Close", "Volume", close=CLOSE, volume=[european(value, 0) for value in VOLUME])
    with pytest.raises(
        DataError, match=r"'123\.456' in the column of volume, which may be 123\.456 .* or 123456"
    ) as told:
        take(content)
    assert told.value.hint == "choose --decimal . or --decimal ,"
    take(content, decimal=decimal)
    assert take.column("$volume")[0] == pytest.approx(first)


STAMPS = (DAYS.tz_localize("Asia/Kolkata").tz_convert("UTC")).strftime("%Y-%m-%dT%H:%M:%S.000Z")
SHIFTED = ["date,close,volume", *map("{},{},{}".format, STAMPS, CLOSE, VOLUME)]


def test_days_in_utc_are_doubted_and_a_time_zone_mends_them(take: Import) -> None:
    assert "times of day that are never midnight" in doubts(take(SHIFTED))
    take.place.joinpath("p").rename(take.place / "before")
    report = take(SHIFTED, timezone="Asia/Kolkata")
    assert doubts(report) == ""
    assert "days in Asia/Kolkata" in notes(report)
    take.assert_usual()


def test_sundays_are_doubted_by_import_and_check(take: Import) -> None:
    early = [f"{day - pd.Timedelta(days=1):%Y-%m-%d},{close},9" for day, close in zip(DAYS, CLOSE, strict=True)]
    assert "days on a Saturday or Sunday (of another time zone? import with --timezone): 9" in doubts(
        take(["date,close,volume", *early])
    )
    (instrument,) = check_provider(take.place / "p").instruments
    assert instrument.calendar[0].line().endswith(": 9 (2019-03-03, 2019-03-10, 2019-03-17, …)")


@pytest.mark.parametrize(("frequency", "step"), [("W-MON", "7 days"), ("MS", "31 days")])
def test_rows_of_weeks_or_months_are_doubted(take: Import, frequency: str, step: str) -> None:
    days = pd.date_range("2015-01-01", periods=40, freq=frequency)
    report = take(["date,close,volume", *(f"{day:%Y-%m-%d},2,{10**6 + day.day}" for day in days)])
    assert f"rows that are {step} apart" in doubts(report)
    assert step in check_provider(take.place / "p").instruments[0].calendar[-1].what


def test_a_market_without_weekends_is_not_doubted(take: Import) -> None:
    days = pd.date_range("2020-01-01", periods=60)
    assert doubts(take(["date,close,volume", *(f"{day:%Y-%m-%d},2,1000" for day in days)])) == ""


@pytest.mark.parametrize("tickers", [("KO", "PEP"), ("KO", "PEP", "XOM", "CVX"), ("17", "4", "90")])
def test_several_tickers_in_a_column_that_is_not_known_are_refused_and_the_hint_imports_them(
    take: Import, tickers: Sequence[str]
) -> None:
    rows = [f"{day:%Y-%m-%d},{close + place},{volume + place},{ticker}" for place, ticker in enumerate(tickers)
            for day, close, volume in zip(DAYS, CLOSE, VOLUME, strict=True)]  # fmt: skip
    content = ["Date,Close,Volume,Company", *rows]
    with pytest.raises(DataError, match="has 45 of its 45 days more than once with differing values") as caught:
        take(content)
    assert "--map code=Company" in caught.value.hint
    take(content, columns={"code": "Company"})
    take.assert_usual(tickers[0])
    assert take.column("$close", tickers[1]) == [close + 1 for close in CLOSE]


def test_a_night_session_beside_the_day_s_is_refused_and_may_be_insisted_on(take: Import) -> None:
    rows = [
        f"{day:%Y-%m-%d} {hour}:00,{close},{hour}" for day, close in zip(DAYS, CLOSE, strict=True) for hour in (9, 21)
    ]
    with pytest.raises(DataError, match="days more than once") as caught:
        take(["date,close,volume", *rows])
    assert "differ in their time" in caught.value.hint
    take(["date,close,volume", *rows], skip_bad=True)
    assert take.column("$volume") == [21] * 45


def test_two_series_of_one_symbol_are_doubted_and_the_others_come_in(take: Import) -> None:
    rows = ["A,EQ,2,3,04-MAR-2019,", "B&C,EQ,2,3,04-MAR-2019,", "D,N1,2,3,04-MAR-2019,", "D,N2,4,5,04-MAR-2019,"]
    report = take(["SYMBOL,SERIES,CLOSE,TOTTRDQTY,TIMESTAMP,", *rows])
    assert "days with several rows, which SERIES tells apart (keep those of one): 1 (D 2019-03-04)" in doubts(report)
    assert set(open_provider(take.place / "p").instruments) == {"A", "B&C", "D"}


def test_a_volume_of_zeros_beside_a_filled_column_is_doubted_and_the_hint_imports_that(take: Import) -> None:
    content = lines("\t", "<DATE>", "<CLOSE>", "<TICKVOL>", "<VOL>", close=CLOSE, ticks=VOLUME, volume=[0] * 45)
    assert "a number in column <TICKVOL> (--map volume=<TICKVOL> imports that): 45" in doubts(take(content))
    take(content, columns={"volume": "<TICKVOL>"})
    take.assert_usual()


@pytest.mark.parametrize(
    ("unit", "scale"), [("万", 10**4), ("亿", 10**8), ("K", 10**3), ("M", 10**6), (" B", 10**9), ("百万", 10**6)]
)
def test_units_above_a_limit_and_plain_numbers_below(take: Import, unit: str, scale: int) -> None:
    counts = [scale // 4 + number * scale // 20 for number in NUMBERS]
    shown = [f"{count / scale:.2f}{unit}" if count >= scale else str(count) for count in counts]
    report = take(lines(",", "日期", "收盘", "成交量", close=CLOSE, volume=shown))
    assert take.column("$volume") == pytest.approx(counts)
    assert f"volume in units: 1.00{unit} is {scale}" in notes(report)


def test_a_unit_that_is_not_known_refuses_the_file_until_the_user_insists(take: Import) -> None:
    shown = [f"{volume / 1e5:.2f}lakh" if volume > 400_000 else str(volume) for volume in VOLUME]
    content = lines(",", "Date", "Close", "Volume", close=CLOSE, volume=shown)
    with pytest.raises(DataError, match="has 10 of 45 values in column 'Volume' that are no numbers") as caught:
        take(content)
    assert "'4.01lakh'" in caught.value.hint
    assert "days with an unreadable number (left empty): 10" in doubts(take(content, skip_bad=True))


@pytest.mark.parametrize("unit", ["(手)", "（手）", " (lots)"])
def test_a_unit_in_the_name_of_volume_is_used_and_told(take: Import, unit: str) -> None:
    report = take(lines(",", "日期", "收盘(元)", f"成交量{unit}", close=CLOSE, volume=VOLUME))
    assert take.column("$volume") == [100 * volume for volume in VOLUME]
    assert "volume times 100, for 成交量" in notes(report)


def test_a_letter_of_another_encoding_in_a_column_that_is_ignored(take: Import) -> None:
    content = lines(",", "Date", "Close", "Volume", "Name", close=CLOSE, volume=VOLUME, name=["Société"] * 45)
    report = take("\n".join(content).encode("cp1252"))
    take.assert_usual()
    assert "text read as cp1252" in notes(report)


@pytest.mark.parametrize(("unit", "ticks"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_times_that_count_from_1970_are_days(take: Import, unit: str, ticks: int) -> None:
    seconds = [int(day.timestamp()) * ticks for day in DAYS]
    rows = [f"{time},{close},{volume}" for time, close, volume in zip(seconds, CLOSE, VOLUME, strict=True)]
    report = take(["open_time,close,volume", *rows])
    take.assert_usual()
    assert "seconds from 1970-01-01 UTC" in notes(report)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_titles_above_the_header_and_notes_below_the_rows_are_told(take: Import, separator: str) -> None:
    note = "Prices; of a vendor, who asks | not to be named"
    report = take([f"sep={separator}", *usual(separator), "", "Source: a vendor", "All rights reserved"])
    take.assert_usual()
    assert f"lines above the header: 1 (sep={separator})" in dropped(report).replace("\\t", "\t")
    assert "lines below the rows: 2 (Source: a vendor, All rights reserved)" in dropped(report)
    report = take(["ABC, daily", note, "", *usual(separator)])
    take.assert_usual()
    assert "names of columns on line 4" in notes(report)
    assert "lines above the header: 2 (ABC, daily," in dropped(report)


def test_a_comma_more_in_each_row_than_in_the_header(take: Import) -> None:
    take([f"{line}," if number else line for number, line in enumerate(usual())])
    take.assert_usual()


def test_a_value_beyond_the_header_is_no_empty_one(take: Import) -> None:
    content = [f"{line}," if number else line for number, line in enumerate(usual())]
    content[5] = "2019-03-08,40.5,1,555"
    assert "lines with a different number of values than the first: 1" in dropped(take(content))
    assert len(take.column("$volume")) == 44


FIELDS = ("Close", "Volume")


def wide(first: Sequence[str], second: Sequence[str], *third: str) -> list[str]:
    rows = [f"{day:%Y-%m-%d},{close},{volume},{close + 1},{volume + 1}"
            for day, close, volume in zip(DAYS, CLOSE, VOLUME, strict=True)]  # fmt: skip
    return [",".join(first), ",".join(second), *third, *rows]


@pytest.mark.parametrize(
    "header",
    [
        wide(("Ticker", "KO", "KO", "PEP", "PEP"), ("Price", *FIELDS, *FIELDS), "Date,,,,"),
        wide(("Price", *FIELDS, *FIELDS), ("Ticker", "KO", "KO", "PEP", "PEP"), "Date,,,,"),
        wide(("", "KO", "", "PEP", ""), ("Date", *FIELDS, *FIELDS)),
        wide(("Attributes", *FIELDS, *FIELDS), ("Symbols", "KO", "KO", "PEP", "PEP"), "Date,,,,"),
        wide(("Date", *FIELDS, *FIELDS), ("", "KO", "KO", "PEP", "PEP")),
    ],
    ids=["ticker above", "ticker below", "merged cells", "pandas-datareader", "without names"],
)
def test_two_header_rows_in_either_order(take: Import, header: list[str]) -> None:
    take(header, name="both.csv")
    take.assert_usual("KO")
    assert take.column("$volume", "PEP") == [volume + 1 for volume in VOLUME]


def test_a_second_line_of_units_is_no_line_of_tickers(take: Import) -> None:
    content = usual()
    take([content[0], ",USD,shares", *content[1:]])
    take.assert_usual()


def test_a_header_that_files_repeat_is_dropped(take: Import) -> None:
    content = usual()
    report = take([*content[:20], content[0], *content[20:]])
    take.assert_usual()
    assert "rows that repeat the header: 1" in dropped(report)


@pytest.mark.parametrize("code", ['"{""code"": 600000}"', "../etc", "a" * 61])
def test_a_column_of_codes_that_are_none_is_refused_and_one_such_code_is_left_out(take: Import, code: str) -> None:
    rows = [f"{day:%Y-%m-%d},{code},1,2" for day in DAYS]
    with pytest.raises(DataError, match="where the code of an instrument belongs"):
        take(["date,code,close,volume", *rows])
    report = take(["date,code,close,volume", *(row.replace(code, "KO") for row in rows), rows[0]])
    assert "rows with a code that cannot be a name: 1" in dropped(report)
    assert [each.name for each in report.instruments] == ["KO"]


def test_days_with_the_month_last_are_refused(take: Import) -> None:
    with pytest.raises(DataError, match="values in column 'Date' that are no days"):
        take(usual(days="%Y-%d-%m"))


@pytest.mark.parametrize(
    "days", ["%y/%m/%d", "%d.%m.%y", "%m/%d/%y", "%d/%m/%Y", "%m-%d-%Y", "%Y年%m月%d日", "%d-%b-%y"]
)
def test_any_order_of_the_date_is_found_from_all_rows(take: Import, days: str) -> None:
    take(usual(";", days))
    take.assert_usual()


def test_codes_without_their_zeros_are_doubted(take: Import) -> None:
    rows = [f"{day:%Y-%m-%d},1,{close},9" for day, close in zip(DAYS, CLOSE, strict=True)]
    assert "codes of up to three digits (were leading zeros lost?): 1 (1)" in doubts(
        take(["日期,股票代码,收盘,成交量", *rows])
    )


@pytest.mark.parametrize("pack", ["zip", "gzip", "zip of gzip"])
def test_packed_files(take: Import, pack: str) -> None:
    content = "\n".join(usual()).encode()
    content = gzip.compress(content) if "gzip" in pack else content
    if "zip of" in pack or pack == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("data/ABC.csv", content)
            file.writestr("__MACOSX/data/._ABC.csv", b"\0")
        content = archive.getvalue()
    take(content, name="ABC.csv" if pack == "gzip" else "archive.zip")
    take.assert_usual()


FRAME = pd.DataFrame({"Close": CLOSE, "Volume": VOLUME}, index=DAYS)
SEVERAL = pd.concat({"KO": FRAME, "PEP": FRAME + 1})  # codes above days


@pytest.mark.parametrize("names", [["Ticker", "Date"], [None, None]])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_index_of_days_and_tickers(take: Import, names: list[str | None], swap: bool, form: str) -> None:
    frame = SEVERAL.rename_axis(names)
    frame = frame.swaplevel() if swap else frame
    content = frame.to_csv().encode() if form == "csv" else frame.to_parquet()
    take(content, name=f"both.{form}")
    take.assert_usual("KO")
    assert take.column("$close", "PEP") == [close + 1 for close in CLOSE]


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("form", ["csv", "parquet", "flat csv"])
def test_columns_of_fields_and_tickers(take: Import, swap: bool, form: str) -> None:
    frame = pd.concat({"KO": FRAME, "PEP": FRAME + 1}, axis=1).rename_axis("Date")
    frame = frame.swaplevel(axis=1) if swap else frame
    flat = frame.set_axis(list(map(str, frame.columns)), axis=1)
    content = {"csv": frame.to_csv, "flat csv": flat.to_csv, "parquet": frame.to_parquet}[form]()
    take(content.encode() if isinstance(content, str) else content, name="both")
    take.assert_usual("KO")


def test_the_export_of_a_qlib_directory_is_imported_as_the_same_numbers(take: Import) -> None:
    """The frame of ``D.features``, which has several instruments and adjusted numbers."""
    frame = SEVERAL.rename_axis(["instrument", "datetime"]).rename(columns={"Close": "$close", "Volume": "$volume"})
    report = take(frame.assign(**{"$factor": 0.5}).to_csv().encode())
    take.assert_usual("KO")
    assert "numbers are adjusted, as in qlib" in notes(report)
