"""Check arguments as the command line checks its options: with the same sentences, defaults and environment variables.

click checks options before a command begins. This module does the same for a call from Python, where click is not.
"""

import math
import operator
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from volopt.errors import UsageError

DEFAULT_STORAGE = "sqlite:///storage/volopt.db"
PRECISIONS = ("highest", "medium")
VARIABLES = {name: f"VOLOPT_{name.upper()}" for name in ("data", "storage", "device", "workers", "scheduler")}

AnyPath = str | os.PathLike[str]
AnyDay = date | str  # as in "2018-12-28"
Names = str | Sequence[str]


def setting(option: str, value: Any) -> Any:
    """Return the value of an option, or that of its environment variable, or None."""
    return os.environ.get(VARIABLES[option]) or None if value is None else value


def storage_url(value: str | None) -> str:
    """Return the URL of the storage."""
    return str(setting("storage", value) or DEFAULT_STORAGE)


def device_name(value: str | None) -> str:
    """Return the name of the device."""
    return str(setting("device", value) or "auto")


def data_directory(value: AnyPath | None) -> Path | None:
    """Return the data directory, or None for the default of the call."""
    return optional_path(setting("data", value))


def workers_count(value: int | None) -> int | None:
    """Return the number of processes that train, or None for the default."""
    return count("workers", setting("workers", value))


def path(value: AnyPath) -> Path:
    """Return a path; ~ is the home directory, as in a shell."""
    return Path(value).expanduser()


def optional_path(value: AnyPath | None) -> Path | None:
    """Return a path, or None."""
    return None if value is None else path(value)


def optional_text(value: Any) -> str | None:
    """Return a text, or None."""
    return None if value is None else str(value)


def texts(value: Any) -> tuple[str, ...]:
    """Return one value, or several, as texts."""
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return tuple(map(str, value)) if several else (str(value),)


def count(option: str, value: Any) -> int | None:
    """Return a whole number of at least 1, or None."""
    if value is None:
        return None
    try:
        number = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        raise _invalid(option, f"{value!r} is not a valid integer range") from None
    if number < 1:
        raise _invalid(option, f"{number} is not in the range x>=1")
    return number


def choice(option: str, value: Any, known: Sequence[str]) -> Any:
    """Return one of the known words."""
    if value not in known:
        raise _invalid(option, f"{value!r} is not one of {', '.join(map(repr, known))}")
    return value


def seconds(option: str, value: float | None) -> float:
    """Return a time, which is infinite for None."""
    if value is None:
        return math.inf
    if math.isnan(value):
        raise _invalid(option, f"{value} is not a number")
    if value < 0:
        raise _invalid(option, f"{float(value)} is not in the range x>=0")
    return float(value)


def coverage_share(value: float) -> float:
    """Return the target coverage of intervals."""
    if not 0 < value < 1:
        raise _invalid("coverage", f"{float(value)} is not in the range 0<x<1")
    return float(value)


def day(option: str, value: AnyDay) -> date:
    """Return a day; of a time, such as a ``pandas.Timestamp``, its day."""
    try:
        return date.fromisoformat(str(value) if isinstance(value, str) else f"{value:%Y-%m-%d}")
    except (TypeError, ValueError):
        raise _invalid(option, f"{str(value)!r} does not match the format '%Y-%m-%d'") from None


def optional_day(option: str, value: AnyDay | None) -> date | None:
    """Return a day, or None."""
    return None if value is None else day(option, value)


def _invalid(option: str, reason: str) -> UsageError:
    variable = f" (env var: '{VARIABLES[option]}')" if option in VARIABLES else ""
    return UsageError(f"Invalid value for '--{option}'{variable}: {reason}", "see the function's help")
