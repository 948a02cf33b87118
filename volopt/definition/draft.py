"""Reads a study file field by field: notes every mistake, keeps what is valid for the checks.

Pydantic alone gives no values back once a field is wrong; a person wants all mistakes at once. A draft of a
table is a dict of its valid values by attribute name; one of ``[space]``, ``grid`` or ``fix`` has ``INVALID``
under a key with a wrong value, so that nobody takes the key for missing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from volopt.definition.plain import show, show_key
from volopt.definition.space import KEYS, Range
from volopt.definition.values import KeyedTable, TomlTable, type_of
from volopt.errors import did_you_mean, nearest

INVALID: Final = object()
MAX_TABLES = 100  # of one kind, such as [[phase]]
Draft = dict[str, Any]


class StudyFileReader:
    """Collects in ``mistakes`` one line for each wrong value it meets."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def table(self, model: type[TomlTable], raw: object, prefix: str = "") -> Draft:
        """The valid values of one table; ``prefix`` goes before its keys in mistakes."""
        if not isinstance(raw, Mapping):
            self.mistakes.append(f"{prefix.strip(' .')}: found {show(raw)}, write a table")
            return {}
        fields = {info.alias or name: (name, info) for name, info in model.model_fields.items()}
        meant = self._unknown(raw, fields, prefix)
        draft: Draft = {}
        for key, (name, info) in fields.items():
            if key in raw:
                value = self._field(info, raw[key], prefix + key)
            elif key in meant:
                value = INVALID
            else:
                value = self._absent(info, prefix + key, draft)
            if value is not INVALID:
                draft[name] = value
        return draft

    def _unknown(self, raw: Mapping[str, Any], fields: Mapping[str, Any], prefix: str) -> set[str]:
        """Notes unknown keys; returns the missing keys that they were probably meant for."""
        missing = [key for key in fields if key not in raw]
        meant = set()
        for key in raw:
            if key not in fields:
                near = did_you_mean(key, missing) or did_you_mean(key, fields)
                hint = near or f"; known here: {', '.join(fields)}"
                self.mistakes.append(f"{prefix}{show_key(key)}: unknown key{hint}")
                meant.update(nearest(key, missing))
        return meant

    def _absent(self, info: FieldInfo, path: str, draft: Draft) -> Any:
        if info.is_required():
            self.mistakes.append(f"{path}: missing, write {_words(info)}")
            return INVALID
        value = info.get_default(call_default_factory=True, validated_data=draft)
        return dict(value) if isinstance(value, TomlTable) else value

    def _field(self, info: FieldInfo, raw: object, path: str) -> Any:
        if model := _table_in(info):
            return self._tables(model, raw, path) if _is_list(info) else self.table(model, raw, f"{path}.")
        if keyed := next((each for each in info.metadata if isinstance(each, KeyedTable)), None):
            return self._keyed(keyed, info, raw, path)
        return self._value(type_of(info), raw, path, _words(info))

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
        try:
            return keyed.read(key, raw)
        except ValueError as error:
            return self._note(error, path, _words(KEYS[key]) if key in KEYS else "")

    def _value(self, kind: Any, raw: object, path: str, words: str) -> Any:
        try:
            return TypeAdapter(kind).validate_python(raw)
        except ValidationError as error:
            return self._note(error, path, words)

    def _note(self, error: ValueError, path: str, words: str) -> object:
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
    """What to write for a field."""
    return info.description or _words_of(info.annotation) or "a table"


def _words_of(kind: Any) -> str | None:
    if get_origin(kind) is Literal:
        *options, last = map(show, get_args(kind))
        return f"{', '.join(options)} or {last}" if options else last
    described = [each.description for each in getattr(kind, "__metadata__", ()) if isinstance(each, FieldInfo)]
    return described[0] if described else " or ".join(filter(None, map(_words_of, get_args(kind))))


def _table_in(info: FieldInfo) -> type[TomlTable] | None:
    kinds = (info.annotation, *get_args(info.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, TomlTable)), None)


def _is_list(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is tuple
