import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing.columns import MAPPABLE, NAMES, PRICES, ColumnLayout, find_columns, normalise_name
from volopt.errors import DataError

OHLCV = ["open", "high", "low", "close", "volume"]


def names(*header: str, **mapped: str) -> dict[str, str]:
    return find_columns(header, mapped, "x.csv").names


@pytest.mark.parametrize(
    ("header", "adjusted"),
    [
        ("Date,Open,High,Low,Close,Adj Close,Volume", "adjusted_close"),
        ("trade_date,ts_code,open,high,low,close,vol,adj_factor", "factor"),
        ("TRADE_DT,S_INFO_WINDCODE,S_DQ_OPEN,S_DQ_HIGH,S_DQ_LOW,S_DQ_CLOSE,S_DQ_VOLUME,S_DQ_ADJFACTOR", "factor"),
        ("<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,factor", "factor"),
        ("日期,开盘,最高,最低,收盘,成交量,复权因子", "factor"),
        ("timestamp,1. open,2. high,3. low,4. close,5. adjusted close,6. volume", "adjusted_close"),
        (",open,high,low,close,vol,ADJCLOSE", "adjusted_close"),
        ("DATE,OPEN_PRICE,HIGH_PRICE,LOW_PRICE,CLOSE_PRICE,Adj. Close**,VOLUME", "adjusted_close"),
        ("instrument,datetime,$open,$high,$low,$close,$volume,$factor", "factor"),
    ],
)
def test_the_columns_of_vendors_are_recognised(header: str, adjusted: str) -> None:
    assert {"date", *PRICES, "volume", adjusted} <= names(*header.split(",")).keys()


@given(st.sampled_from([(role, name) for role in MAPPABLE for name in NAMES[role] if name != "price"]), st.data())
def test_any_case_and_any_blanks_are_the_same_name(known: tuple[str, str], data: st.DataObject) -> None:
    role, name = known
    shown = data.draw(st.sampled_from([name.upper(), f" {name} ", "_".join(name), f"<{name.title()}>"]))
    needed = {"date": "Date", "close": "Close", "volume": "Volume"} | {role: shown}
    assert normalise_name(shown) == name
    if role != "adjusted_close":
        assert names(*needed.values()) == needed


@given(st.lists(st.text()))
def test_any_header_has_a_layout_or_is_refused(header: list[str]) -> None:
    try:
        layout = find_columns(header, {}, "x.csv")
    except DataError:
        return
    assert {"date", "close", "volume"} <= layout.columns.keys()


def test_the_first_of_several_names_is_used_and_the_others_are_ignored() -> None:
    layout = find_columns(["date", "last", "close", "volume", "series"], {}, "x.csv")
    assert layout.names["close"] == "close"
    assert layout.ignored == ["last", "series"]


def test_a_mapped_column_is_used_with_any_name_and_among_similar_ones() -> None:
    assert names("Day", "Last", "Shares", "Close", close="Last", volume="Shares")["close"] == "Last"
    assert names("date", "close", "Close", "volume", close="Close")["close"] == "Close"


def test_an_unnamed_column_is_the_date_only_if_no_other_is() -> None:
    assert names("", *OHLCV)["date"] == ""
    assert names("Unnamed: 0", *OHLCV)["date"] == "Unnamed: 0"
    assert names(*OHLCV, "__index_level_0__")["date"] == "__index_level_0__"
    assert names("", "date", *OHLCV)["date"] == "date"


def test_an_adjusted_close_alone_is_the_close() -> None:
    layout = find_columns(["date", "adj close", "volume"], {}, "x.csv")
    assert layout.names == {"date": "date", "volume": "volume", "close": "adj close"}


@pytest.mark.parametrize(
    ("header", "mapped", "message", "hint"),
    [
        (["date", "close"], {}, "x.csv has no column for volume", "its columns are: date, close"),
        (["close", "volume"], {}, "no column for date", "--map date=COLUMN"),
        ([], {}, "no column for date", "its first line has no names"),
        (["date", "close", "Close", "volume"], {}, "two columns for close, 'close' and 'Close'", "rename"),
        (["date", "close", "volume"], {"close": "clse"}, "no column 'clse'", "did you mean close"),
        (["date", "a", "a", "volume"], {"close": "a"}, "'a' more than once", "rename"),
    ],
)
def test_a_missing_or_repeated_column_is_refused(
    header: list[str], mapped: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        find_columns(header, mapped, "x.csv")
    assert hint in caught.value.hint


def test_layouts_of_tushare_wind_and_qlib_are_recognised() -> None:
    layouts: dict[str, ColumnLayout] = {
        name: find_columns(header.split(","), {}, "x.csv")
        for name, header in {
            "tushare": "ts_code,trade_date,close,vol",
            "wind": "TRADE_DT,S_DQ_CLOSE,S_DQ_VOLUME",
            "qlib": "datetime,$close,$volume",
            "yahoo": "Date,Close,Volume",
        }.items()
    }
    assert {name for name, layout in layouts.items() if layout.tushare} == {"tushare"}
    assert {name for name, layout in layouts.items() if layout.wind} == {"wind"}
    assert {name for name, layout in layouts.items() if layout.qlib} == {"qlib"}


def test_columns_that_only_help_are_neither_imported_nor_mappable() -> None:
    layout = find_columns(["date", "close", "volume", "amount", "adjustflag"], {}, "x.csv")
    assert layout.ignored == ["amount", "adjustflag"]
    assert {"amount", "adjustment"}.isdisjoint([*layout.names, *MAPPABLE])
