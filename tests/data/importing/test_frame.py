"""A DataFrame of daily rows, wherever its days and codes are."""

from pathlib import Path

import pandas as pd
import pytest

from volopt.data.importing.frame import import_frame
from volopt.data.provider import open_provider
from volopt.errors import DataError

DAYS = pd.DatetimeIndex(["2020-01-02", "2020-01-03"])
ROWS = pd.DataFrame({"Close": [1.0, 2.0], "Volume": [3, 4], "note": [["a"], {}]}, index=DAYS)


@pytest.mark.parametrize(
    "frame",
    [ROWS, ROWS.rename_axis("Date"), ROWS.reset_index(names="trade_date"), ROWS.assign(code="ABC")],
    ids=["index", "named index", "column", "code"],
)
def test_days_are_in_the_index_or_in_a_column(frame: pd.DataFrame, tmp_path: Path) -> None:
    report = import_frame(frame, tmp_path / "provider", None if "code" in frame else "ABC")
    assert [(each.name, each.days) for each in report.instruments] == [("ABC", 2)]
    assert open_provider(tmp_path / "provider").column("ABC", "$volume").tolist() == [3.0, 4.0]


@pytest.mark.parametrize("swap", [False, True])
def test_columns_of_fields_and_tickers_as_yfinance_has_them(tmp_path: Path, swap: bool) -> None:
    frame = pd.concat({"ABC": ROWS[["Close", "Volume"]]}, axis=1).rename_axis("Date")
    report = import_frame(frame.swaplevel(axis=1) if swap else frame, tmp_path / "provider", None)
    assert [(each.name, each.days) for each in report.instruments] == [("ABC", 2)]
    assert open_provider(tmp_path / "provider").column("ABC", "$close").tolist() == [1.0, 2.0]


def test_a_frame_without_codes_or_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the frame has no column for code"):
        import_frame(ROWS, tmp_path, None)
    with pytest.raises(DataError, match="the frame is not a table of days, numbers and texts"):
        import_frame(ROWS.assign(Volume=[[1], "x"]), tmp_path, "ABC")
