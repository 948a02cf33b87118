"""The exchange of an instrument, and its sessions: the days on which it trades.

``exchange_calendars`` knows the sessions, with the holidays that the exchanges have announced. It is imported only when
sessions are asked for, because that takes half a second. An exchange has the name that ``exchange_calendars`` gives it,
the market identifier code of ISO 10383 such as ``XSHG``.
"""

import re
import warnings
from datetime import date
from functools import cache

import numpy as np

from volopt.errors import UsageError, suggest

FIRST = date(1980, 1, 1)  # of the sessions

# The exchanges of one country that have the same holidays share a calendar.
_SAME_SESSIONS = {"SZSE": "XSHG", "XSHE": "XSHG", "BJSE": "XSHG", "NSE": "XBOM", "XNSE": "XBOM"}
_PREFIXES = {"SH": "XSHG", "SZ": "XSHG", "BJ": "XSHG", "HK": "XHKG", "US": "XNYS"}  # of qlib, baostock and Futu
_SUFFIXES = {  # of Yahoo and tushare
    "SH": "XSHG", "SS": "XSHG", "SZ": "XSHG", "BJ": "XSHG", "HK": "XHKG", "T": "XTKS", "NS": "XBOM", "BO": "XBOM",
    "L": "XLON", "DE": "XETR", "F": "XFRA", "PA": "XPAR", "AS": "XAMS", "BR": "XBRU", "MI": "XMIL", "MC": "XMAD",
    "LS": "XLIS", "SW": "XSWX", "VI": "XWBO", "IR": "XDUB", "ST": "XSTO", "HE": "XHEL", "CO": "XCSE", "OL": "XOSL",
    "KS": "XKRX", "KQ": "XKRX", "TW": "XTAI", "AX": "XASX", "TO": "XTSE", "SI": "XSES",
}  # fmt: skip
_PREFIXED = re.compile(r"(SH|SZ|BJ|HK)[._]?[0-9]{4,6}|(US)[._][A-Z].*")
_SUFFIXED = re.compile(r".+[._]([A-Z]{1,2})")


def exchange_of(instrument: str) -> str | None:
    """Return the exchange that an instrument's prefix or suffix names, as in ``SH600000`` and ``7203.T``, or None."""
    if match := _PREFIXED.fullmatch(instrument.upper()):
        return _PREFIXES[match[1] or match[2]]
    if match := _SUFFIXED.fullmatch(instrument.upper()):
        return _SUFFIXES.get(match[1])
    return None


def exchange_named(name: str) -> str:
    """Return the exchange of a code or a common name, such as ``XNYS`` or ``NYSE``.

    Raises:
        UsageError: ``exchange_calendars`` has no such exchange.
    """
    from exchange_calendars import get_calendar_names
    from exchange_calendars.calendar_utils import resolve_alias

    known = get_calendar_names(include_aliases=True)
    code = _SAME_SESSIONS.get(name.upper(), name.upper())
    if code not in known:
        raise UsageError(f"{name} is not an exchange whose trading days volopt knows", suggest(name, known))
    return str(resolve_alias(code))


@cache
def all_sessions(exchange: str) -> np.ndarray:
    """Return all known sessions of an exchange, datetime64[D] ascending.

    They begin in 1980 or later. They end with the last year for which the exchange has announced its holidays, or in
    about one year.
    """
    from exchange_calendars import get_calendar

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses what pandas will change
        recorded = get_calendar(exchange).bound_min()
        start = FIRST if recorded is None else max(FIRST, recorded.date())
        sessions: np.ndarray = get_calendar(exchange, start=start).sessions.to_numpy("datetime64[D]")
    return sessions


def sessions_after(exchange: str, day: date) -> np.ndarray:
    """Return the known sessions after a day, datetime64[D] ascending; none of a day before the first known session."""
    sessions = all_sessions(exchange)
    row = int(np.searchsorted(sessions, np.datetime64(day, "D"), side="right"))
    return sessions[row:] if row else sessions[:0]
