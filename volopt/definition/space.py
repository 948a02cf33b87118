"""The keys that a search can vary, and the values that ``[space]``, ``grid`` and ``fix`` can give them."""

import types
from collections.abc import Mapping
from functools import cache, partial
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from volopt.definition.plain_text import show, show_all
from volopt.definition.sections import Model, Training
from volopt.definition.values import MAX_VALUES, Choices, Flag, TomlTable, canonical, type_of, validator, whole
from volopt.errors import did_you_mean

_TRAINING_KEYS = ("learning_rate", "batch_size", "optimizer", "weight_decay", "epochs")
KEYS = {**Model.model_fields, **{key: Training.model_fields[key] for key in _TRAINING_KEYS}}
WHOLE_KEYS = frozenset({"hidden_size", "num_layers", "window", "batch_size", "epochs"})
NUMBER_KEYS = WHOLE_KEYS | {"dropout", "learning_rate", "weight_decay"}

Bound = Annotated[
    Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True, allow_inf_nan=False)],
    Field(description="a number"),
]


class Range(TomlTable):
    """Hold a range from ``low`` to ``high``, both included: whole numbers every ``step`` if both are ``int``."""

    low: Bound
    high: Bound
    log: Flag = False
    step: Annotated[int, whole(1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> "Range":
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} is not below high = {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"log = true needs low above 0, found low = {self.low}")
        if self.step is not None:
            self._check_step(self.step)
        return self

    def _check_step(self, step: int) -> None:
        if isinstance(self.low, float) or isinstance(self.high, float):
            raise ValueError("step is for whole numbers only; remove it")
        if self.log:
            raise ValueError("log = true and step exclude each other; remove one")
        if rest := (self.high - self.low) % step:
            raise ValueError(f"no step of {step} ends at high = {self.high}; write high = {self.high - rest}")

    def holds(self, value: Any) -> bool:
        """Return whether ``value`` is one of the range's."""
        on_step = self.step is None or (value - self.low) % self.step == 0
        return bool(self.low <= value <= self.high and on_step)


Entry = Choices | Range


def contains(entry: Entry, value: object) -> bool:
    """Return whether a value, of any type, is in an entry of ``[space]``."""
    if isinstance(entry, Range):
        return isinstance(value, int | float) and not isinstance(value, bool) and entry.holds(value)
    return any(isinstance(value, bool) == isinstance(choice, bool) and value == choice for choice in entry)


def describe(entry: Entry) -> str:
    """Return an entry of ``[space]`` as a part of a sentence."""
    if isinstance(entry, Range):
        return f"({entry.low} to {entry.high}{f' by {entry.step}' if entry.step else ''})"
    return f"({show_all(entry)})"


def value_type(key: str, _raw: object = None) -> Any:
    """Return the type of one value of a searchable key; raises ValueError for another key."""
    if key not in KEYS:
        raise ValueError(
            f"is not a key that a search can vary{did_you_mean(key, KEYS) or '; write one of ' + ', '.join(KEYS)}"
        )
    return type_of(KEYS[key])


def choices_type(key: str, raw: object) -> Any:
    """Return the type of a list of values of ``key``."""
    one: Any = value_type(key)
    if not isinstance(raw, list | tuple) or not raw:
        raise ValueError(f"found {show(raw)}, write a list of values")
    if len(raw) > MAX_VALUES:
        raise ValueError(f"found {len(raw)} values, write at most {MAX_VALUES}")
    return Annotated[types.GenericAlias(tuple, (one, ...)), AfterValidator(canonical)]


def entry_type(key: str, raw: object) -> Any:
    """Return the type of an entry of ``[space]``: a range where ``raw`` is a table, else a list of values."""
    if not isinstance(raw, Mapping | Range):
        return choices_type(key, raw)
    value_type(key)
    if key not in NUMBER_KEYS:
        raise ValueError("has no range; write a list of values")
    return _range_type(key)


@cache  # a new ``partial`` each time would be a new type to ``validator``
def _range_type(key: str) -> Any:
    return Annotated[Range, AfterValidator(partial(_bounds_of, key))]


def _bounds_of(key: str, entry: Range) -> Range:
    low, high = (validator(value_type(key)).validate_python(bound) for bound in (entry.low, entry.high))
    return Range(low=low, high=high, log=entry.log, step=entry.step)
