"""Definitions as study files."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from volopt.definition.load import dump
from volopt.definition.schema import Definition


def study_file(definition: Definition) -> str:
    """Return the text of a study file that states a definition."""
    return "\n".join(_table(dump(definition), "")).lstrip("\n") + "\n"


def _table(content: Mapping[str, Any], path: str) -> Iterator[str]:
    """The lines of a table: first its plain values, as TOML wants them, then its tables; what is empty is left out."""
    inner = {key: value for key, value in content.items() if _is_table(key, value, path)}
    plain = {key: value for key, value in content.items() if key not in inner and value not in ([], {})}
    yield from (f"{key} = {_value(value)}" for key, value in plain.items())
    for key, value in inner.items():
        for each in value if isinstance(value, list) else [value]:
            yield f"\n[[{key}]]" if isinstance(value, list) else f"\n[{key}]"
            yield from _table(each, key)


def _is_table(key: str, value: Any, path: str) -> bool:
    return not path and (isinstance(value, Mapping) or key == "phase")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one character that JSON leaves alone
