"""Parquet files: as pandas and others write them, and what they must not have."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from volopt.data.importing import parquet as vendor_parquet
from volopt.data.importing import table, text
from volopt.data.importing.table import read_table
from volopt.errors import DataError

DAYS = pd.to_datetime(["2010-01-04", "2010-01-05"])


def write(path: Path, **columns: object) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def test_a_table_of_pandas_with_an_unnamed_index(tmp_path: Path) -> None:
    pd.DataFrame({"Close": [1.5, None], "Volume": [1, 2]}, index=DAYS).to_parquet(tmp_path / "x")
    found = read_table(tmp_path / "x", {})
    assert found.layout.names["date"] == "__index_level_0__"
    assert found.values["date"].tolist() == list(DAYS)
    assert found.values["volume"].tolist() == [1, 2]


def test_days_decimals_and_texts_as_others_write_them(tmp_path: Path) -> None:
    days = [date(2010, 1, 4), None]
    path = write(tmp_path / "x", date=days, code=["AAPL", None], close=[Decimal("1.25"), None], volume=["1,000", ""])
    values = read_table(path, {}).values
    assert values["date"].isna().tolist() == [False, True]
    assert values["code"].tolist()[0] == "AAPL"
    assert values["close"].tolist()[0] == 1.25
    assert values["volume"].tolist() == ["1,000", ""]


@pytest.mark.usefixtures("little_memory")
def test_a_long_text_that_stands_in_many_rows_is_cut_before_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 10_000_000)
    rows = 1000
    long = pa.DictionaryArray.from_arrays([0] * rows, ["x" * 500_000])
    path = write(tmp_path / "x", date=["2010-01-04"] * rows, code=long, close=[1] * rows, volume=[1] * rows)
    codes = read_table(path, {}).values["code"]
    assert len(codes) == rows
    assert codes.str.len().max() == vendor_parquet.LONGEST


def test_a_file_that_is_broken_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x", date=["2010-01-04"], close=[1], volume=[1])
    whole = path.read_bytes()
    for content in (b"PAR1", whole[:-9], whole[:40] + b"\xff" * 40 + whole[80:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="is no Parquet file that can be read"):
            read_table(path, {})


def test_a_column_of_no_days_numbers_or_texts_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x", date=["2010-01-04"], close=[[1]], volume=[1])
    with pytest.raises(DataError, match="has a column of list"):
        read_table(path, {})


@pytest.mark.parametrize(("bound", "told"), [("MAX_COLUMNS", "has 3 columns"), ("MAX_ROWS", "has 4 rows")])
def test_more_than_a_table_may_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, told: str
) -> None:
    path = write(tmp_path / "x", date=["2010-01-04"] * 4, close=[1] * 4, volume=[1] * 4)
    monkeypatch.setattr(table, bound, 2)
    with pytest.raises(DataError, match=told):
        read_table(path, {})


def test_more_bytes_than_it_may_unpack_to_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x", date=["2010-01-04"], close=[1], volume=[1])
    monkeypatch.setattr(vendor_parquet, "MAX_BYTES", 10)
    with pytest.raises(DataError, match="bytes unpacked, at most 10 are read"):
        read_table(path, {})
