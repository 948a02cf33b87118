"""Make texts of strangers safe to print: refuse characters that control a terminal, or show them as escapes."""

import json
import re
from collections.abc import Sequence

# Control characters, line and paragraph separators, marks that reverse the text, and halves of characters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
# Names of instruments, such as SH600000, ^GSPC, M&M, BTC/USDT and S&P 500; none begins with a point or ends in a blank.
INSTRUMENT = r"[\w^$&#-]([\w^._=&/+:@#$*!'%() -]*[\w^._=&/+:@#$*!'%()-])?"
MAX_SHOWN = 60  # characters of a text that an error shows
MAX_REASON = 200  # characters of another library's error, which may hold a name


def is_plain(text: str) -> bool:
    """Return whether a text is one line without control characters."""
    return _CONTROL.search(text) is None


def plain(text: str) -> str:
    """Return the text with an escape, such as ``\\x1b``, in place of each control character."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def shortened(text: str, length: int = MAX_SHOWN) -> str:
    """Return the first ``length`` characters of a text, safe to print."""
    return plain(text if len(text) <= length else f"{text[: length - 3]}...")


def show(value: object) -> str:
    """Return a value as TOML would write it, shortened."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str))


def show_key(key: str) -> str:
    """Return a key as TOML would write it, shortened."""
    return key if _BARE_KEY.fullmatch(key) else show(key)


def show_all(values: Sequence[object]) -> str:
    """Return the first ten values as TOML would write them."""
    return ", ".join([*map(show, values[:10]), *(["..."] if len(values) > 10 else [])])
