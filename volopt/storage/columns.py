"""Long columns of a trial's JSON, kept in a file of plain numbers beside it.

A number takes 8 bytes there, about 19 as text, and 32 as a Python object. The file is as large as its numbers in
memory, so a bound on the file bounds both.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


def take_out(content: Any, path: str = "") -> tuple[Any, dict[str, Column]]:
    """Return JSON-able content with None in place of each numpy array, and the arrays by path: "seeds/0/forecast"."""
    if isinstance(content, np.ndarray):
        return None, {path: content}
    if not isinstance(content, dict | list) or _is_plain_list(content):
        return content, {}
    keys = content if isinstance(content, dict) else range(len(content))
    parts = {key: take_out(content[key], f"{path}/{key}" if path else str(key)) for key in keys}
    arrays = {name: array for _, columns in parts.values() for name, array in columns.items()}
    bare = {key: value for key, (value, _) in parts.items()}
    return (bare if isinstance(content, dict) else list(bare.values())), arrays


def _is_plain_list(content: Any) -> bool:
    """Return whether the content is a list of numbers or texts, which may be long."""
    return isinstance(content, list) and not any(isinstance(item, dict | list | np.ndarray) for item in content)


def put_back(content: Any, arrays: Mapping[str, Column]) -> None:
    """Put arrays back to their paths in ``content``.

    Raises:
        LookupError, TypeError, ValueError: there is no such path, or it holds another value.
    """
    for name, array in arrays.items():
        *keys, last = name.split("/")
        parent = content
        for key in keys:
            parent = parent[int(key) if isinstance(parent, list) else key]
        index: Any = int(last) if isinstance(parent, list) else last
        if parent[index] is not None:
            raise ValueError(f"{name} holds another value")
        parent[index] = array
