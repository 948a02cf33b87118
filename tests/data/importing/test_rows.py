"""Rows become raw numbers: shares, prices as paid, a factor."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from volopt.data.importing.options import ImportOptions
from volopt.data.importing.rows import ParsedRows, parse_rows
from volopt.data.importing.table import read_table
from volopt.errors import DataError

Read = Callable[..., ParsedRows]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a table of these lines."""

    def rows(*lines: str, unit: float | None = None, **options: Any) -> ParsedRows:
        (tmp_path / "x.csv").write_text("\n".join(lines))
        return parse_rows(read_table(tmp_path / "x.csv", {}), "AAPL", ImportOptions(volume_unit=unit, **options))

    return rows


def test_without_a_factor_it_is_1_and_noted(read: Read) -> None:
    rows = read("date,close,volume", "2010-01-04,2,30")
    assert rows.values[["instrument", "close", "volume", "factor"]].iloc[0].tolist() == ["AAPL", 2, 30, 1]
    assert rows.notes == ("volume taken as shares", "prices unchanged, factor 1")


def test_an_adjusted_close_gives_the_factor(read: Read) -> None:
    rows = read("date,close,adj close,volume", "2010-01-04,2,1,30", "2010-01-05,0,1,30", "2010-01-06,,1,30")
    np.testing.assert_array_equal(rows.values["factor"], [0.5, np.nan, np.nan])
    assert rows.notes[1] == "prices times adj close / close"
    assert "adjusted_close" not in rows.values


def test_a_factor_counts_more_than_an_adjusted_close(read: Read) -> None:
    rows = read("TRADE_DT,S_DQ_CLOSE,S_DQ_ADJCLOSE,S_DQ_VOLUME,S_DQ_ADJFACTOR", "20100104,2,1,30,1.5")
    assert rows.values["factor"].tolist() == [1.5]
    assert rows.notes[1] == "prices times S_DQ_ADJFACTOR"


def test_tushare_counts_lots_of_chinese_shares_only(read: Read) -> None:
    header = "ts_code,trade_date,close,vol"
    chinese = read(header, "600000.SH,20100104,2,30.5")
    assert chinese.values["volume"].tolist() == [3050]
    assert "lots of 100, as tushare counts" in chinese.notes[0]
    assert read(header, "00700.HK,20100104,2,30").values["volume"].tolist() == [30]
    shares = read(header, "600000.SH,20100104,2,30", unit=1)
    assert shares.values["volume"].tolist() == [30]
    assert shares.notes[0] == "volume in shares"


@pytest.mark.parametrize(("amount", "noted"), [(2 * 30 * 100, True), (2 * 30 / 10, True), (2 * 30, False), ("", False)])
def test_an_amount_that_only_lots_explain_is_noted(read: Read, amount: float, noted: bool) -> None:
    rows = read("date,close,volume,amount", f"2010-01-04,2,30,{amount}")
    assert ("--volume-unit lots" in rows.notes[0]) == noted
    assert rows.values["volume"].tolist() == [30]


def test_wind_s_unit_is_noted_as_uncertain(read: Read) -> None:
    assert "Wind" in read("TRADE_DT,S_DQ_CLOSE,S_DQ_VOLUME", "20100104,2,30").notes[0]


def test_a_given_unit_is_used(read: Read) -> None:
    rows = read("date,close,volume", "2010-01-04,2,30", unit=1000)
    assert rows.values["volume"].tolist() == [30_000]
    assert rows.notes[0] == "volume times 1000"


def test_the_adjustment_of_qlib_s_fields_is_undone(read: Read) -> None:
    """Writing them again then gives the same numbers."""
    rows = read("datetime,instrument,$close,$volume,$factor", "2010-01-04,SH600000,3,20,1.5", "2010-01-05,X,3,20,")
    assert rows.values[["close", "volume", "factor"]].to_numpy().tolist() == [[2, 30, 1.5], [3, 20, 1]]


def test_baostock_s_adjustment_is_noted(read: Read) -> None:
    header = "date,code,close,volume,adjustflag,tradestatus"
    rows = read(header, "2010-01-04,sh.600000,2,30,2,1", "2010-01-05,sh.600000,2,,2,0")
    assert rows.notes[1] == "prices unchanged, adjusted forward (adjustflag 2), factor 1"
    assert rows.values["halted"].tolist() == [False, True]
    assert rows.values["instrument"].tolist() == ["SH600000"] * 2


def test_a_value_that_is_not_a_number_is_kept_for_the_report(read: Read) -> None:
    rows = read("date,close,volume", "2010-01-04,2,many", "2010-01-05,1e999,1", "2010-01-06,2,3", skip_bad=True)
    assert rows.values["wrong"].tolist() == ["volume 'many'", "close '1e999'", ""]
    assert rows.values[["close", "volume"]].isna().to_numpy().tolist() == [[False, True], [True, False], [False, False]]


def test_rows_without_a_code_are_dropped_and_counted(read: Read) -> None:
    lines = ("date,code,close,volume", "2010-01-04,A,2,3", "2010-01-05,,2,3", ",,,")
    with pytest.raises(DataError, match="has 1 of 2 rows without a code"):
        read(*lines)
    rows = read(*lines, skip_bad=True)
    assert (rows.read, len(rows.values)) == (3, 1)
    assert [(each.what, each.count) for each in rows.dropped] == [("rows without a code", 2)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["date,close,volume", "Monday,1,1"], "has no readable date in column 'date': it has 'Monday'"),
        (["date,close,volume", "2010-01-04,n. a.,1"], "has no readable close in column 'close': it has 'n. a.'"),
        (["date,code,close,volume", "2010-01-04,../x,1,1"], "has '../x' where the code"),
    ],
)
def test_a_column_without_readable_values_is_refused(read: Read, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(*lines)
