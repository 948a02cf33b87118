"""Files of vendors are imported and read back, through qlib and natively, with the same numbers."""

import gzip
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volopt.data import qlib_reader
from volopt.data.check import check_provider
from volopt.data.importing import importing
from volopt.data.importing.importing import ImportedInstrument, ImportOptions, ImportReport, import_files
from volopt.data.provider import open_provider
from volopt.data.readers import READERS
from volopt.data.sample import write_sample
from volopt.data.staging import replacing
from volopt.definition.expressions import parse
from volopt.errors import DataError

FLOAT32 = 2.0**-22  # relative: two roundings of a quotient and one of a product
HEADER = "date,open,high,low,close,volume\n"
needs_qlib = pytest.mark.skipif(not qlib_reader.available(), reason="no qlib on this machine")


def read(directory: Path, instrument: str, *texts: str, reader: str = "native") -> pd.DataFrame:
    provider = open_provider(directory)
    values = READERS[reader](provider, instrument, [parse(text) for text in texts], provider.rows(None, None))
    return values.dropna(how="all")


def one(report: ImportReport) -> ImportedInstrument:
    (instrument,) = report.instruments
    return instrument


def counts(issues: Any) -> dict[str, int]:
    return {issue.what: issue.count for issue in issues}


def take(place: Path, content: str, name: str = "AAPL.csv", to: str = "p", **options: Any) -> ImportReport:
    (place / name).write_text(content)
    return import_files([place / name], place / to, ImportOptions(**options))


def lines(days: pd.DatetimeIndex, close: float = 2.0) -> str:
    return HEADER + "".join(f"{day:%Y-%m-%d},{close},{close},{close},{close},30\n" for day in days)


DAYS = pd.bdate_range("2020-01-01", periods=6)
NUMBER = st.floats(0.01, 1e6).map(lambda value: round(value, 4))
FILE = st.lists(
    st.tuples(st.dates(date(1990, 1, 1), date(2030, 1, 1)), NUMBER, NUMBER, st.integers(0, 10**11), NUMBER),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[0],
)
FORMS = st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d-%b-%Y", "%Y/%m/%d"])


def _written(rows: Any, form: str, thousands: bool) -> str:
    shown = [
        [f'"{value:,}"' if thousands else str(value) for value in (opening, close, volume)] + [str(factor)]
        for _, opening, close, volume, factor in rows
    ]
    days = [row[0].strftime(form) for row in rows]
    return "Date,OPEN,Close,vol,factor\n" + "".join(
        f"{day},{','.join(row)}\n" for day, row in zip(days, shown, strict=True)
    )


def _assert_read_back(directory: Path, rows: Any, reader: str) -> None:
    texts = ("$open/$factor", "$close/$factor", "$volume*$factor", "$factor")
    expected = pd.DataFrame([row[1:] for row in rows], index=pd.DatetimeIndex([row[0] for row in rows])).sort_index()
    values = read(directory, "AAPL", *texts, reader=reader)
    assert values.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(values, expected.to_numpy(float), rtol=FLOAT32)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=FILE, form=FORMS, thousands=st.booleans())
def test_any_file_is_read_back_natively_as_it_is(tmp_path: Path, rows: Any, form: str, thousands: bool) -> None:
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    take(place, _written(rows, form, thousands))
    _assert_read_back(place / "p", rows, "native")


@needs_qlib
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=FILE)
def test_any_file_is_read_back_through_qlib_as_it_is(tmp_path: Path, rows: Any) -> None:
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    take(place, _written(rows, "%Y-%m-%d", thousands=False))
    _assert_read_back(place / "p", rows, "qlib")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=FILE, cut=st.integers(0, 20))
def test_two_imports_are_the_same_files_as_one(tmp_path: Path, rows: Any, cut: int) -> None:
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    parts = [part for part in (rows[:cut], rows[cut:]) if part]
    for part in parts:
        take(place, _written(part, "%Y%m%d", thousands=False), to="twice")
    take(place, _written(rows, "%Y%m%d", thousands=False), to="once")
    once = {path.relative_to(place / "once"): path.read_bytes() for path in (place / "once").rglob("*.*")}
    twice = {path.relative_to(place / "twice"): path.read_bytes() for path in (place / "twice").rglob("*.*")}
    for name, content in once.items():
        if name.name != "change.day.bin":  # over a day of the other part it goes through float32
            assert twice[name] == content, name


def test_prices_without_a_factor_are_read_back_bit_for_bit(tmp_path: Path) -> None:
    report = take(tmp_path, lines(DAYS, close=0.1))
    assert one(report).name == "AAPL"
    values = read(tmp_path / "p", "AAPL", "$open", "$high", "$low", "$close", "$volume", "$factor")
    np.testing.assert_array_equal(values, np.array([[0.1, 0.1, 0.1, 0.1, 30, 1]] * 6, np.float32))
    assert check_provider(tmp_path / "p").problems == ()


def test_several_instruments_in_a_file_and_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("symbol,date,close,volume\nA,2020-01-02,1,1\nB,2020-01-03,2,2\nA,2020-01-01,3,3\n")
    (tmp_path / "C.txt.gz").write_bytes(gzip.compress(b"date\tclose\tvol\n2020-01-06\t4\t4\n"))
    pd.DataFrame({"close": [5.0], "volume": [5]}, index=pd.DatetimeIndex(["2020-01-07"])).to_parquet(tmp_path / "D.pq")
    files = [tmp_path / name for name in ("a.csv", "C.txt.gz", "D.pq")]
    report = import_files(files, tmp_path / "p", ImportOptions())
    assert [(each.name, each.days) for each in report.instruments] == [("A", 2), ("B", 1), ("C", 1), ("D", 1)]
    assert report.calendar == (date(2020, 1, 1), date(2020, 1, 7), 5)
    assert read(tmp_path / "p", "A", "$close")["$close"].tolist() == [3, 1]
    assert read(tmp_path / "p", "D", "$close").index.tolist() == [pd.Timestamp("2020-01-07")]


def test_years_in_files_of_their_own_are_one_instrument(tmp_path: Path) -> None:
    for year, days in (("2019", DAYS[:4]), ("2020", DAYS[2:])):
        (tmp_path / f"{year}.csv").write_text(lines(days))
    report = one(
        import_files([tmp_path / "2019.csv", tmp_path / "2020.csv"], tmp_path / "p", ImportOptions(instrument="A"))
    )
    assert (report.rows, report.days, counts(report.dropped)) == (8, 6, {"identical duplicates": 2})


def test_newer_rows_extend_and_known_ones_are_reported_if_they_differ(tmp_path: Path) -> None:
    take(tmp_path, lines(DAYS[:4]))
    same = one(take(tmp_path, lines(DAYS[2:])))
    assert (same.added, same.known, same.doubted) == (2, 2, ())
    differing = one(take(tmp_path, lines(DAYS[5:], close=3)))
    assert (differing.added, differing.known) == (0, 1)
    assert counts(differing.doubted) == {"known days with different values (new ones used)": 1}
    assert read(tmp_path / "p", "AAPL", "$close")["$close"].tolist() == [2, 2, 2, 2, 2, 3]


def test_a_provider_of_others_is_extended_and_its_other_instruments_stay(provider_dir: Path, tmp_path: Path) -> None:
    before = {name: read(provider_dir, name, "$close", "$volume") for name in ("SH600000", "SH600001")}
    (tmp_path / "x.csv").write_text("ts_code,trade_date,close,vol\n600000.SH,20100802,2,3\n")
    report = import_files([tmp_path / "x.csv"], provider_dir, ImportOptions())
    assert (one(report).name, one(report).added) == ("SH600000", 1)
    pd.testing.assert_frame_equal(read(provider_dir, "SH600001", "$close", "$volume"), before["SH600001"])
    now = read(provider_dir, "SH600000", "$close", "$volume")
    pd.testing.assert_frame_equal(now.iloc[:-1], before["SH600000"])
    assert now.iloc[-1].tolist() == [2, 300]
    assert any("jumps of the factor" in what for what in counts(one(report).doubted))


def test_names_that_share_a_folder_are_one_instrument_with_the_known_name(tmp_path: Path) -> None:
    take(tmp_path, lines(DAYS[:2]))
    report = take(tmp_path, "code,date,close,volume\naapl,2020-02-03,1,1\nAapl,2020-02-04,1,1\n", name="x.csv")
    assert (one(report).name, one(report).added) == ("AAPL", 2)


def test_names_that_share_a_folder_are_spelt_as_the_first_where_none_is_known(tmp_path: Path) -> None:
    report = take(tmp_path, "code,date,close,volume\naapl,2020-02-03,1,1\nAapl,2020-02-04,1,1\n", name="x.csv")
    assert (one(report).name, one(report).days) == ("aapl", 2)


def test_a_table_of_yfinance_with_its_three_lines_of_names(tmp_path: Path) -> None:
    content = "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n2020-01-02,2,2,2,2,30\n"
    report = one(take(tmp_path, content, name="x.csv"))
    assert (report.name, report.days, report.dropped, report.doubted) == ("AAPL", 1, (), ())


@pytest.mark.parametrize("reader", ["native", pytest.param("qlib", marks=needs_qlib)])
def test_names_that_cannot_be_a_directory_are_read_by_their_own_name(tmp_path: Path, reader: str) -> None:
    names = ["M&M", "BTC/USDT", "S&P 500", "贵州茅台", "NUL"]
    rows = "".join(f"{name},2020-01-0{day},{place}.5,9\n" for place, name in enumerate(names, 1) for day in (2, 3))
    take(tmp_path, f"code,date,close,volume\n{rows}", name="x.csv")
    take(tmp_path, "date,close,volume\n2020-01-06,7,9\n", instrument="M&M")
    assert list(open_provider(tmp_path / "p").instruments) == sorted(names)
    for place, name in enumerate(names, 1):
        later = [7.0] if name == "M&M" else []
        assert read(tmp_path / "p", name, "$close", reader=reader)["$close"].tolist() == [place + 0.5] * 2 + later
    assert {report.name for report in check_provider(tmp_path / "p").instruments} == set(names)
    assert all(path.parent == tmp_path / "p" / "features" for path in (tmp_path / "p" / "features").iterdir())


def test_an_export_of_qlib_is_imported_as_the_same_numbers(provider_dir: Path, tmp_path: Path) -> None:
    fields = ("$open", "$high", "$low", "$close", "$volume", "$factor")
    table = read(provider_dir, "SH600000", *fields)
    table.to_csv(tmp_path / "SH600000.csv")
    import_files([tmp_path / "SH600000.csv"], tmp_path / "p", ImportOptions())
    np.testing.assert_allclose(read(tmp_path / "p", "SH600000", *fields), table, rtol=2**-23)


def test_days_without_trade_are_kept(tmp_path: Path) -> None:
    content = "date,close,volume,tradestatus\n2020-01-01,2,30,1\n2020-01-02,,,0\n2020-01-03,2,0,0\n"
    report = one(take(tmp_path, content))
    assert (report.days, report.without_trade) == (3, 2)
    assert read(tmp_path / "p", "AAPL", "$volume")["$volume"].tolist() == [30, 0, 0]


def test_an_instrument_without_a_day_is_reported_and_not_written(tmp_path: Path) -> None:
    report = take(tmp_path, "code,date,close,volume\nA,2020-01-01,1,1\nB,,1,1\n", name="x.csv")
    assert [(each.name, each.days, each.first) for each in report.instruments] == [
        ("A", 1, date(2020, 1, 1)),
        ("B", 0, None),
    ]
    assert list(open_provider(tmp_path / "p").instruments) == ["A"]


@pytest.mark.parametrize("content", [HEADER, HEADER + "2020-01-01,,,,,\n"])
def test_a_file_without_a_day_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError, match="has no row with a date and a number"):
        take(tmp_path, content)
    assert not (tmp_path / "p").exists()


def test_real_rows_are_not_added_to_a_sample(tmp_path: Path) -> None:
    write_sample(tmp_path / "p")
    with pytest.raises(DataError, match="is a synthetic sample: real and generated rows must not mix"):
        take(tmp_path, lines(DAYS))


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine").touch()
    with pytest.raises(DataError, match="exists and is not a qlib provider directory"):
        take(tmp_path, lines(DAYS))
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("bound", "message"), [("MAX_ROWS", "more than 1 rows"), ("MAX_INSTRUMENTS", "than 1 instruments")]
)
def test_more_than_a_provider_may_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, message: str
) -> None:
    monkeypatch.setattr(importing, bound, 1)
    with pytest.raises(DataError, match=message):
        take(tmp_path, "code,date,close,volume\nA,2020-01-01,1,1\nB,2020-01-01,1,1\n", name="x.csv")


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written: File exists"):
        take(tmp_path, lines(DAYS), to="file/p")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DataError, match="cannot be written"):
        take(tmp_path, lines(DAYS), to="circle")
    take(tmp_path, lines(DAYS))
    monkeypatch.chdir(tmp_path / "p")
    with pytest.raises(DataError, match="holds the current directory and cannot be replaced"):
        import_files([tmp_path / "AAPL.csv"], Path(), ImportOptions())


def test_a_directory_that_another_process_writes_is_an_error(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), replacing(tmp_path / "p"):
        with pytest.raises(DataError, match="another process is writing data to"):
            take(tmp_path, lines(DAYS))
        raise ZeroDivisionError


def test_yahoo_s_45_days_twice_and_its_empty_row(real_data: Path, tmp_path: Path) -> None:
    file = real_data / "vendor_csv" / "yahoo_AAPL_duplicates.csv"
    report = one(import_files([file], tmp_path / "p", ImportOptions(instrument="AAPL")))
    assert (report.rows, report.days, report.without_trade) == (6233, 6187, 0)
    assert counts(report.dropped) == {"empty rows": 1, "earlier rows of days with different rows": 45}
    assert counts(report.doubted)["days with different rows (last one kept)"] == 45
    with pytest.raises(DataError, match="AAPL has different rows on 45 of its days, first on 2022-01-31"):
        import_files([file], tmp_path / "q", ImportOptions(instrument="AAPL", on_duplicate="error"))


@pytest.mark.parametrize("reader", ["native", pytest.param("qlib", marks=needs_qlib)])
@pytest.mark.parametrize(
    ("file", "instrument", "close", "rows"),
    [
        ("yahoo_AAPL_duplicates.csv", "AAPL", "Adj Close", 6187),
        ("nse_INFY_thousands.csv", "INFY", "close", 1734),
        ("tushare_600000.csv", "SH600000", "close", 2416),
        ("baostock_sh600000.csv", "SH600000", "close", 5002),
    ],
)
def test_a_vendor_s_file_is_read_back_equal(
    real_data: Path, tmp_path: Path, reader: str, file: str, instrument: str, close: str, rows: int
) -> None:
    path = real_data / "vendor_csv" / file
    report = one(import_files([path], tmp_path / "p", ImportOptions(instrument=instrument)))
    table = (
        pd.read_csv(path, thousands=",")
        .rename(columns=str.lower)
        .rename(columns={"trade_date": "date", "vol": "volume"})
    )
    table = table.dropna(subset="close").drop_duplicates("date", keep="last")
    table = table.set_index(pd.to_datetime(table["date"].astype(str))).sort_index()
    values = read(tmp_path / "p", instrument, "$close", "$volume*$factor", "$open/$factor", reader=reader)
    assert len(values) == report.days == rows
    assert values.index.tolist() == table.index.tolist()
    shares = table["volume"] * (100 if file.startswith("tushare") else 1)
    np.testing.assert_allclose(values["$close"], table[close.lower()], rtol=2**-23)
    np.testing.assert_allclose(values.iloc[:, 1], shares, rtol=FLOAT32)
    np.testing.assert_allclose(values.iloc[:, 2], table["open"], rtol=FLOAT32)


@pytest.mark.parametrize(("file", "days"), [("baostock_sh600000.csv", 2540), ("tushare_600000.csv", 2416)])
def test_shares_traded_agree_with_qlib_s_own_on_every_common_day(
    real_data: Path, tmp_path: Path, file: str, days: int
) -> None:
    import_files([real_data / "vendor_csv" / file], tmp_path / "p", ImportOptions())
    (ours, theirs) = (
        read(directory, "SH600000", "$volume*$factor").iloc[:, 0].loc[lambda shares: shares > 0]
        for directory in (tmp_path / "p", real_data / "qlib_cn")
    )
    common = ours.index.intersection(theirs.index)
    assert len(common) == days
    np.testing.assert_allclose(ours[common], theirs[common], rtol=FLOAT32)
