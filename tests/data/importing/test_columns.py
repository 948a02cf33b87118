import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing.columns import MAPPED, NAMES, PRICES, ColumnLayout, bare, recognise
from volopt.errors import DataError

OHLCV = ["open", "high", "low", "close", "volume"]


def found(*header: str, **given: str) -> dict[str, str]:
    return recognise(header, given, "x.csv").names


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
    assert {"date", *PRICES, "volume", adjusted} <= found(*header.split(",")).keys()


@given(st.sampled_from([(role, name) for role in MAPPED for name in NAMES[role] if name != "price"]), st.data())
def test_any_case_and_any_blanks_are_the_same_name(known: tuple[str, str], data: st.DataObject) -> None:
    role, name = known
    shown = data.draw(st.sampled_from([name.upper(), f" {name} ", "_".join(name), f"<{name.title()}>"]))
    needed = {"date": "Date", "close": "Close", "volume": "Volume"} | {role: shown}
    assert bare(shown) == name
    if role != "adjusted_close":
        assert found(*needed.values()) == needed


@given(st.lists(st.text()))
def test_any_header_has_a_layout_or_is_refused(header: list[str]) -> None:
    try:
        layout = recognise(header, {}, "x.csv")
    except DataError:
        return
    assert {"date", "close", "volume"} <= layout.columns.keys()


def test_the_first_of_several_names_is_taken_and_the_others_are_ignored() -> None:
    layout = recognise(["date", "last", "close", "volume", "series"], {}, "x.csv")
    assert layout.names["close"] == "close"
    assert layout.ignored == ["last", "series"]


def test_a_given_column_is_taken_whatever_its_name_and_however_many_are_like_it() -> None:
    assert found("Day", "Last", "Shares", "Close", close="Last", volume="Shares")["close"] == "Last"
    assert found("date", "close", "Close", "volume", close="Close")["close"] == "Close"


def test_an_unnamed_column_is_the_date_only_where_no_other_is() -> None:
    assert found("", *OHLCV)["date"] == ""
    assert found("Unnamed: 0", *OHLCV)["date"] == "Unnamed: 0"
    assert found(*OHLCV, "__index_level_0__")["date"] == "__index_level_0__"
    assert found("", "date", *OHLCV)["date"] == "date"


def test_an_adjusted_close_alone_is_the_close() -> None:
    layout = recognise(["date", "adj close", "volume"], {}, "x.csv")
    assert layout.names == {"date": "date", "volume": "volume", "close": "adj close"}


@pytest.mark.parametrize(
    ("header", "given", "message", "hint"),
    [
        (["date", "close"], {}, "x.csv has no column that is known as volume", "there are: date, close"),
        (["close", "volume"], {}, "no column that is known as date", "--map date=COLUMN"),
        ([], {}, "no column that is known as date", "its first line names none"),
        (["date", "close", "Close", "volume"], {}, "two columns for close, 'close' and 'Close'", "rename"),
        (["date", "close", "volume"], {"close": "clse"}, "no column 'clse'", "did you mean close"),
        (["date", "a", "a", "volume"], {"close": "a"}, "'a' more than once", "rename"),
    ],
)
def test_a_column_that_is_missing_or_twice_is_told(
    header: list[str], given: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        recognise(header, given, "x.csv")
    assert hint in caught.value.hint


def test_layouts_that_say_more_are_known() -> None:
    layouts: dict[str, ColumnLayout] = {
        name: recognise(header.split(","), {}, "x.csv")
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


def test_columns_that_only_help_are_neither_named_nor_to_be_given() -> None:
    layout = recognise(["date", "close", "volume", "amount", "adjustflag"], {}, "x.csv")
    assert layout.ignored == ["amount", "adjustflag"]
    assert {"amount", "adjustment"}.isdisjoint([*layout.names, *MAPPED])
