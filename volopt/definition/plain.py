"""Texts of strangers, made fit to print: whatever would steer a terminal is refused, or shown as an escape."""

import json
import re
from collections.abc import Sequence

# Control characters, line and paragraph separators, the marks that turn text around, and halves of characters.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
LONGEST = 60  # characters of a found text that an error shows


def is_plain(text: str) -> bool:
    """Whether a text is one line that prints as it stands."""
    return _STEERING.search(text) is None


def plain(text: str) -> str:
    """The text with an escape, such as ``\\x1b``, in place of each character that would steer a terminal."""
    return _STEERING.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def shortened(text: str) -> str:
    """The beginning of a text, fit to print."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return plain(cut)


def show(value: object) -> str:
    """A found value as TOML would write it, shortened."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str))


def show_key(key: str) -> str:
    """A found key as TOML would write it, shortened."""
    return key if _BARE_KEY.fullmatch(key) else show(key)


def show_all(values: Sequence[object]) -> str:
    """The first of some found values."""
    return ", ".join([*map(show, values[:10]), *(["..."] if len(values) > 10 else [])])
