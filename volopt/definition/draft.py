"""Read a study file field by field: collect each mistake, and keep the valid values for the checks.

Pydantic returns no values once one field is wrong, and a person wants all mistakes at once. A draft of a table is a
dict of its valid values by attribute name. In a draft of ``[space]``, ``grid`` or ``fix`` a wrong value is ``INVALID``,
so that its key does not count as missing.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from volopt.definition.plain_text import show, show_key
from volopt.definition.space import KEYS, Range
from volopt.definition.values import KeyedTable, TomlTable, one_of, type_of, validator
from volopt.errors import did_you_mean, nearest

INVALID: Final = object()
MAX_TABLES = 100  # of one kind, such as [[phase]]
Draft = dict[str, Any]


class StudyFileReader:
    """Read tables, and collect one line for each wrong value in ``mistakes``."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def table(self, model: type[TomlTable], raw: object, prefix: str = "") -> Draft:
        """Return the valid values of one table; ``prefix`` precedes its keys in mistakes."""
        if not isinstance(raw, Mapping):
            self.mistakes.append(f"{prefix.strip(' .')}: found {show(raw)}, write a table")
            return {}
        fields = {info.alias or name: (name, info) for name, info in model.model_fields.items()}
        misspelt = self._unknown(raw, fields, prefix)
        draft: Draft = {}
        for key, (name, info) in fields.items():
            if key in raw:
                value = self._field(info, raw[key], prefix + key)
            elif key in misspelt:
                value = INVALID
            else:
                value = self._absent(info, prefix + key, draft)
            if value is not INVALID:
                draft[name] = value
        return draft

    def _unknown(self, raw: Mapping[str, Any], fields: Mapping[str, Any], prefix: str) -> set[str]:
        """Report unknown keys, and return the missing keys that they probably misspell."""
        missing = [key for key in fields if key not in raw]
        misspelt = set()
        for key in raw:
            if key not in fields:
                suggestion = did_you_mean(key, missing) or did_you_mean(key, fields)
                hint = suggestion or f"; known here: {', '.join(fields)}"
                self.mistakes.append(f"{prefix}{show_key(key)}: unknown key{hint}")
                misspelt.update(nearest(key, missing))
        return misspelt

    def _absent(self, info: FieldInfo, path: str, draft: Draft) -> Any:
        if info.is_required():
            self.mistakes.append(f"{path}: missing, write {_words(info)}")
            return INVALID
        value = info.get_default(call_default_factory=True, validated_data=draft)
        return dict(value) if isinstance(value, TomlTable) else value

    def _field(self, info: FieldInfo, raw: object, path: str) -> Any:
        if model := _table_in(info):
            is_list = get_origin(info.annotation) is tuple
            return self._tables(model, raw, path) if is_list else self.table(model, raw, f"{path}.")
        if keyed := next((each for each in info.metadata if isinstance(each, KeyedTable)), None):
            return self._keyed(keyed, info, raw, path)
        return self._value(validator(type_of(info)).validate_python, raw, path, _words(info))

    def _tables(self, model: type[TomlTable], raw: object, path: str) -> Any:
        if not isinstance(raw, list | tuple) or not raw:
            self.mistakes.append(f"{path}: found {show(raw)}, write one or more [[{path}]]")
            return INVALID
        if len(raw) > MAX_TABLES:
            self.mistakes.append(f"{path}: found {len(raw)} tables, write at most {MAX_TABLES}")
            return INVALID
        return [self._labelled(model, each, path, number) for number, each in enumerate(raw, 1)]

    def _labelled(self, model: type[TomlTable], raw: object, path: str, number: int) -> Draft:
        name = raw.get("name") if isinstance(raw, Mapping) else None
        label = f"{path} {show(name)}" if isinstance(name, str) else f"{path} {number}"
        return {"label": label, **self.table(model, raw, f"{label} ")}

    def _keyed(self, keyed: KeyedTable, info: FieldInfo, raw: object, path: str) -> Any:
        if not isinstance(raw, Mapping):
            self.mistakes.append(f"{path}: found {show(raw)}, write {_words(info)}")
            return INVALID
        return {key: self._entry(keyed, key, value, f"{path}.{show_key(key)}") for key, value in raw.items()}

    def _entry(self, keyed: KeyedTable, key: str, raw: object, path: str) -> Any:
        before = len(self.mistakes)
        if key in KEYS and isinstance(raw, Mapping):
            self.table(Range, raw, f"{path}.")
        if len(self.mistakes) > before:
            return INVALID
        return self._value(partial(keyed.read, key), raw, path, _words(KEYS[key]) if key in KEYS else "")

    def _value(self, validate: Callable[[object], Any], raw: object, path: str, words: str) -> Any:
        try:
            return validate(raw)
        except ValueError as error:
            lines = _sentences(error, words) if isinstance(error, ValidationError) else [str(error)]
            self.mistakes.extend(dict.fromkeys(f"{path}: {line}" for line in lines))
            return INVALID


def _sentences(error: ValidationError, words: str) -> Iterator[str]:
    errors = error.errors(include_url=False)
    for each in errors:
        if each["type"] == "value_error":
            yield str(each["ctx"]["error"])
        elif each["type"] != "too_short" or len(errors) == 1:  # pydantic counts the valid items only
            yield f"found {show(each['input'])}, write {words}"


def _words(info: FieldInfo) -> str:
    """Return what to write for a field."""
    return info.description or _words_of(info.annotation) or "a table"


def _words_of(kind: Any) -> str | None:
    if get_origin(kind) is Literal:
        return one_of(get_args(kind))
    described = [each.description for each in getattr(kind, "__metadata__", ()) if isinstance(each, FieldInfo)]
    return described[0] if described else " or ".join(filter(None, map(_words_of, get_args(kind))))


def _table_in(info: FieldInfo) -> type[TomlTable] | None:
    kinds = (info.annotation, *get_args(info.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, TomlTable)), None)
