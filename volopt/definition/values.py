"""The types of values in a study file, each with the words that say what to write.

A field's ``description`` completes the sentence "found …, write …". A validator of this module raises that sentence
itself.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    WrapSerializer,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from volopt.definition.expressions import parse
from volopt.definition.plain_text import INSTRUMENT, is_plain, show

SPAN_WORDS = 'the first and the last day, such as ["2010-01-01", "2015-08-31"]'
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
MAX_VALUES = 1000  # of a list in [space] or in a grid
MAX_FEATURES = 100  # a day of the window
MAX_STATIC = 200
MAX_INSTRUMENTS = 10_000
MAX_PERIODS = 50
ALL = "all"  # all instruments of the provider
WEEKDAYS = "$next_weekday"  # in a list of static inputs: all of these fields
WEEKDAY_FIELDS = tuple(f"$next_{day}" for day in ("monday", "tuesday", "wednesday", "thursday", "friday"))

Scalar = bool | int | float | str
Choices = tuple[Scalar, ...]


def type_of(info: FieldInfo) -> Any:
    """Return a field's type with its constraints, without its default."""
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


@cache
def validator(kind: Any) -> TypeAdapter[Any]:
    """Return the validator of a type; kept, because to build one takes 100 times as long as to use it."""
    return TypeAdapter(kind)


class TomlTable(BaseModel):
    """Hold a table of the study file: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def whole(low: int, high: int | None = None) -> Any:
    """Return the constraint of a whole number from ``low`` to ``high``, both included."""
    bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
    return Field(strict=True, ge=low, le=high, description=f"a whole number {bounds}")


def number(words: str, **bounds: Any) -> Any:
    """Return the constraint of a finite number within ``bounds`` (pydantic's gt, ge, lt, le); ``words`` names it."""
    return Field(strict=True, allow_inf_nan=False, description=words, **bounds)


def one_of(options: Iterable[object]) -> str:
    """Return the options as a part of a sentence."""
    *others, last = map(show, options)
    return f"{', '.join(others)} or {last}" if others else last


def _day(value: object) -> object:
    """Return a day from TOML or JSON; pydantic alone would also read numbers as seconds since 1970."""
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValueError(f"{value} is a date that does not exist; write a day of the calendar")
    return value


def _span(days: tuple[date, date]) -> tuple[date, date]:
    first, last = days
    if first > last:
        raise ValueError(f"begins on {first} and ends before it, on {last}; write the earlier day first")
    return days


def _as_periods(value: object) -> object:
    """Return the list of periods that a study file wrote as a list of spans, or as one span."""
    is_list = isinstance(value, list | tuple) and value and all(isinstance(each, list | tuple) for each in value)
    return value if is_list else [value]


def _dump_periods(periods: Any, dump: SerializerFunctionWrapHandler) -> Any:
    """Return one period as a plain span, as the study files of earlier versions have it."""
    spans = dump(periods)
    return spans[0] if len(spans) == 1 else spans


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if twice := _repeated(values):
        raise ValueError(f"{', '.join(twice)} occurs more than once; write each once")
    return values


def _with_log(text: str) -> str:
    """Return a static expression; its logarithm, which may be read in its place, must be an expression too."""
    parse(f"Log({text})")
    return text


def _with_weekdays(values: object) -> object:
    """Return a list in which ``$next_weekday`` stands for its five columns."""
    if not isinstance(values, list | tuple):
        return values
    return [each for value in values for each in (WEEKDAY_FIELDS if value == WEEKDAYS else (value,))]


def _repeated(values: Choices) -> list[str]:
    """Return the values that occur more than once."""
    return sorted(str(value) for value, count in Counter(values).items() if count > 1)


def at_most(count: int, what: str) -> Any:
    """Return the constraint of a list of at most ``count`` items, checked before the items."""

    def bounded(values: object) -> object:
        if isinstance(values, list | tuple) and len(values) > count:
            raise ValueError(f"found {len(values)} {what}, write at most {count}")
        return values

    return BeforeValidator(bounded)


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError(f"found {show(text)}, write one line without control characters")
    return text


def canonical(values: Choices) -> Choices:
    """Return the values in canonical order: False, True, numbers ascending, strings by alphabet."""
    if twice := _repeated(values):
        raise ValueError(f"{', '.join(twice)} occurs more than once; write each value once")
    return tuple(sorted(values, key=lambda value: (isinstance(value, str), value)))


_PLAIN = AfterValidator(_plain)
Flag = Annotated[bool, Field(strict=True, description="true or false")]
Name = Annotated[
    str,
    Field(pattern=NAME_PATTERN, max_length=100, description='letters, digits and "._-", a letter or digit first'),
]
Text = Annotated[str, Field(max_length=300, description="a text in quotes, of at most 300 characters"), _PLAIN]
FileName = Annotated[
    str,
    Field(pattern=r"^[^/\\.][^/\\]*$", max_length=255, description="the plain name of a file in the data directory"),
    _PLAIN,
]
Instrument = Annotated[
    str,
    Field(
        pattern=f"^{INSTRUMENT}$",
        max_length=100,
        description='an instrument\'s name, such as "SH600000"',
    ),
]
Instruments = Annotated[
    Annotated[tuple[Instrument, ...], Field(min_length=1)] | Literal["all"],
    AfterValidator(lambda found: found if found == ALL else canonical(found)),
    Field(description='a list of instruments, such as ["SH600000", "SH600016"], or "all"'),
    at_most(MAX_INSTRUMENTS, "instruments"),
]
Expression = Annotated[
    str,
    AfterValidator(lambda text: parse(text).text),
    Field(description='an expression in quotes, such as "Mean($close, 3)"'),
]
Expressions = Annotated[
    tuple[Expression, ...],
    Field(min_length=1, description='a list of expressions, such as ["$close", "$volume"]'),
    AfterValidator(_distinct),
    at_most(MAX_FEATURES, "expressions"),
]
StaticExpressions = Annotated[
    tuple[Annotated[Expression, AfterValidator(_with_log)], ...],
    BeforeValidator(_with_weekdays),
    Field(description='a list of expressions, such as ["Mean($volume, 60)", "$days_to_next"]'),
    AfterValidator(_distinct),
    at_most(MAX_STATIC, "expressions"),
]
Day = Annotated[date, BeforeValidator(_day), Field(strict=True)]
Span = Annotated[
    tuple[Day, Day],
    AfterValidator(_span),
    Field(description=SPAN_WORDS),
]


Periods = Annotated[
    tuple[Span, ...],
    Field(description=f"{SPAN_WORDS}, or a list of such periods"),
    at_most(MAX_PERIODS, "periods"),
    BeforeValidator(_as_periods),
    WrapSerializer(_dump_periods),
]


@dataclass(frozen=True)
class KeyedTable:
    """Mark a table whose values have types that depend on their keys.

    Args:
        type_of: returns the type of a key's value; raises ValueError with a sentence for an unknown key.
    """

    type_of: Callable[[str, object], Any]

    def read(self, key: str, raw: object) -> Any:
        """Return the validated value; raises ValueError."""
        return validator(self.type_of(key, raw)).validate_python(raw)

    def _read_all(self, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        return {key: self.read(key, raw[key]) for key in sorted(raw)}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read_all, handler(source))
