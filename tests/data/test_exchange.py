"""The exchange of an instrument, and its sessions."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.exchange import all_sessions, exchange_named, exchange_of, sessions_after
from volopt.errors import UsageError


@pytest.mark.parametrize(
    ("instrument", "exchange"),
    [
        ("SH600519", "XSHG"),
        ("sz000858", "XSHG"),
        ("BJ430090", "XSHG"),
        ("HK00941", "XHKG"),
        ("0941.HK", "XHKG"),
        ("600519.SS", "XSHG"),
        ("TCS.NS", "XBOM"),
        ("6758.T", "XTKS"),
        ("BMW.DE", "XETR"),
        ("MC.PA", "XPAR"),
        ("US.MSFT", "XNYS"),
        ("MSFT", None),
        ("SHOP", None),  # begins as Shanghai does
        ("HKD", None),
        ("BRK.B", None),
        ("^N225", None),
        ("BTC-USDT", None),
    ],
)
def test_a_prefix_or_suffix_names_the_exchange(instrument: str, exchange: str | None) -> None:
    assert exchange_of(instrument) == exchange


@pytest.mark.parametrize(
    ("exchange", "day", "following"),
    [
        ("XSHG", date(2019, 2, 1), date(2019, 2, 11)),  # the new year of China
        ("XNYS", date(2021, 7, 2), date(2021, 7, 6)),  # the fourth of July fell on a Sunday
        ("XBOM", date(2020, 10, 1), date(2020, 10, 5)),  # Gandhi's birthday
        ("XTKS", date(2020, 12, 30), date(2021, 1, 4)),
        ("XHKG", date(2021, 9, 30), date(2021, 10, 4)),
        ("XETR", date(2022, 4, 14), date(2022, 4, 19)),  # Easter
        ("XLON", date(2022, 8, 26), date(2022, 8, 30)),  # a bank holiday
    ],
)
def test_the_next_session_comes_after_weekends_and_holidays(exchange: str, day: date, following: date) -> None:
    assert sessions_after(exchange, day)[0] == np.datetime64(following)


@given(days=st.integers(0, 365))
def test_the_sessions_after_a_day_are_all_later_ones(days: int) -> None:
    day = date(2019, 12, 1) + timedelta(days)
    later = [session for session in all_sessions("XSHG") if session > np.datetime64(day)]
    assert sessions_after("XSHG", day).tolist() == [session.item() for session in later]


@pytest.mark.parametrize("day", [date(1902, 3, 3), date(2200, 3, 3)])
def test_a_day_far_away_has_no_known_session_after_it(day: date) -> None:
    assert not len(sessions_after("XSHG", day))


@pytest.mark.parametrize(
    ("name", "exchange"), [("XNYS", "XNYS"), ("nasdaq", "XNYS"), ("SSE", "XSHG"), ("SZSE", "XSHG"), ("NSE", "XBOM")]
)
def test_an_exchange_has_a_code_and_names(name: str, exchange: str) -> None:
    assert exchange_named(name) == exchange


def test_an_unknown_exchange_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="XNYZ is not an exchange whose trading days volopt knows") as refused:
        exchange_named("XNYZ")
    assert "XNYS" in refused.value.hint
