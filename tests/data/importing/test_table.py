"""A file, CSV with any separator or Parquet, becomes a table of its recognised columns; refused files."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from volopt.data.importing import content as limits
from volopt.data.importing.content import MAX_COLUMNS, to_utf8
from volopt.data.importing.csv_table import read_csv
from volopt.data.importing.table import MAX_TEXT_LENGTH, VendorTable, read_table
from volopt.errors import DataError

HEADER = "date,close,volume\n"
DAYS = pd.to_datetime(["2010-01-04", "2010-01-05"])


def read(path: Path, content: str | bytes, **given: str) -> VendorTable:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, given)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_first_line_tells_the_separator(path: Path, separator: str, end: str) -> None:
    lines = ["", "date,note,close,volume", "2010-01-04,x,1,2", "", "2010-01-05,,3,", ""]
    vendor = read(path, end.join(lines).replace(",", separator))
    assert vendor.values.to_dict("list") == {
        "date": ["2010-01-04", "2010-01-05"],
        "close": ["1", "3"],
        "volume": ["2", ""],
    }
    assert vendor.layout.ignored == ["note"]
    assert vendor.issues == ()


def test_quoted_commas_belong_to_the_value(path: Path) -> None:
    vendor = read(path, 'date,"close",volume\n2010-01-04,"1,234.5","2,000"\n')
    assert vendor.values.iloc[0].tolist() == ["2010-01-04", "1,234.5", "2,000"]


def test_codes_keep_their_zeros(path: Path) -> None:
    assert read(path, "code,date,close,volume\n000001,2010-01-04,1,2\n").values["code"].tolist() == ["000001"]


def test_a_line_of_another_length_is_dropped_and_counted(path: Path) -> None:
    vendor = read(path, HEADER + "2010-01-04,1,2\n" * 3 + "Data from a vendor\n")
    assert len(vendor.values) == 3
    (issue,) = vendor.issues
    assert (issue.count, issue.examples) == (1, ("Data from a vendor",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "it is empty"),
        ("\n\n\n", "it is empty"),
        (",,\n,,\n", "it has no names of columns"),
        (HEADER + "2010-01-04,1,234,5\n" * 2, "a different number of values than the first: 2010-01-04,1,234,5"),
        (HEADER + '2010-01-04,1,"2\n2010-01-05,1,2\n', "a quote is not closed"),
        (HEADER + '"2010-01-04,1,2\n2010-01-05,1,2\n', "a quote is not closed"),
        ("a," * MAX_COLUMNS + "a\n", "has 1001 columns, more than the limit of 1000"),
        (HEADER + "x" * 3_000_000 + ",1,1\n2010-01-04,1,1\n", "is not a table"),
        ('"' + "x" * 200_000 + HEADER, "field larger than field limit"),
    ],
    ids=[
        "empty",
        "blank",
        "no names",
        "commas without quotes",
        "open quote",
        "quote of all",
        "columns",
        "long value",
        "long name",
    ],
)
def test_content_that_is_not_a_table_is_refused(path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(path, content)


def test_more_rows_than_a_table_may_have_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ROWS", 2)
    assert len(read(path, HEADER + "2010-01-04,1,2\n" * 2).values) == 2
    with pytest.raises(DataError, match="has 3 rows, more than the limit of 2"):
        read(path, HEADER + "2010-01-04,1,2\n" * 3)


def test_a_header_alone_is_an_empty_table(path: Path) -> None:
    assert read(path, HEADER).values.empty
    assert read(path, HEADER.strip()).values.empty


CELLS = ["2010-01-04", "1", "-1e400", "nan", '"', '""', "\x1b", "\n", ",", "\r", "é", ";"]


@given(st.one_of(st.binary(), st.lists(st.sampled_from(CELLS)).map(lambda cells: "".join(cells).encode())))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        found = read_csv(to_utf8(HEADER.encode() + content, "x.csv")[0], {}, "x.csv")
        values = found.read(range(3))
    except DataError:
        return
    assert list(values) == [0, 1, 2]


def write_parquet(path: Path, **columns: object) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def test_a_parquet_file_of_pandas_with_an_unnamed_index(tmp_path: Path) -> None:
    pd.DataFrame({"Close": [1.5, None], "Volume": [1, 2]}, index=DAYS).to_parquet(tmp_path / "x")
    vendor = read_table(tmp_path / "x", {})
    assert vendor.layout.names["date"] == "__index_level_0__"
    assert vendor.values["date"].tolist() == list(DAYS)
    assert vendor.values["volume"].tolist() == [1, 2]


def test_days_decimals_and_texts_in_parquet_as_others_write_them(tmp_path: Path) -> None:
    days = [date(2010, 1, 4), None]
    path = write_parquet(
        tmp_path / "x", date=days, code=["AAPL", None], close=[Decimal("1.25"), None], volume=["1,000", ""]
    )
    values = read_table(path, {}).values
    assert values["date"].isna().tolist() == [False, True]
    assert values["code"].tolist()[0] == "AAPL"
    assert values["close"].tolist()[0] == 1.25
    assert values["volume"].tolist() == ["1,000", ""]


@pytest.mark.usefixtures("little_memory")
def test_a_long_text_of_many_rows_is_cut_before_it_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 10_000_000)
    rows = 1000
    long = pa.DictionaryArray.from_arrays([0] * rows, ["x" * 500_000])
    path = write_parquet(tmp_path / "x", date=["2010-01-04"] * rows, code=long, close=[1] * rows, volume=[1] * rows)
    codes = read_table(path, {}).values["code"]
    assert len(codes) == rows
    assert codes.str.len().max() == MAX_TEXT_LENGTH


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x", date=["2010-01-04"], close=[1], volume=[1])
    whole = path.read_bytes()
    for content in (b"PAR1", whole[:-9], whole[:40] + b"\xff" * 40 + whole[80:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="is not a readable Parquet file"):
            read_table(path, {})


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x", date=["2010-01-04"], close=[[1]], volume=[1])
    with pytest.raises(DataError, match="has a column of list"):
        read_table(path, {})


@pytest.mark.parametrize(("bound", "message"), [("MAX_COLUMNS", "has 3 columns"), ("MAX_ROWS", "has 4 rows")])
def test_more_than_a_parquet_table_may_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, message: str
) -> None:
    path = write_parquet(tmp_path / "x", date=["2010-01-04"] * 4, close=[1] * 4, volume=[1] * 4)
    monkeypatch.setattr(limits, bound, 2)
    with pytest.raises(DataError, match=message):
        read_table(path, {})


def test_more_bytes_than_a_parquet_file_may_unpack_to_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table({"date": [20100104] * 10_000, "close": [1] * 10_000, "volume": [1] * 10_000})
    parquet.write_table(table, tmp_path / "x", use_dictionary=False, compression="zstd")
    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    with pytest.raises(DataError, match="bytes unpacked, more than the limit of 100000"):
        read_table(tmp_path / "x", {})
