"""Long columns of a trial's JSON, kept beside it as plain numbers.

Text takes some 19 bytes for a number that has 8, and Python 32 for one that was read. What stands beside is as large in
memory as on disk, so that a bound on the file is one on both.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


def taken_out(content: Any, place: str = "") -> tuple[Any, dict[str, Column]]:
    """Return JSON-able content with None where a numpy array was, and the arrays by place, as "seeds/0/forecast"."""
    if isinstance(content, np.ndarray):
        return None, {place: content}
    if not isinstance(content, dict | list) or _is_plain(content):
        return content, {}
    keys = content if isinstance(content, dict) else range(len(content))
    parts = {key: taken_out(content[key], f"{place}/{key}" if place else str(key)) for key in keys}
    arrays = {name: array for _, found in parts.values() for name, array in found.items()}
    bare = {key: each for key, (each, _) in parts.items()}
    return (bare if isinstance(content, dict) else list(bare.values())), arrays


def _is_plain(content: Any) -> bool:
    """Return whether something is a list of numbers or texts, of which there are long ones."""
    return isinstance(content, list) and not any(isinstance(each, dict | list | np.ndarray) for each in content)


def put_back(content: Any, arrays: Mapping[str, Column]) -> None:
    """Put arrays into the places in ``content`` that they were taken out of.

    Raises:
        LookupError, TypeError, ValueError: there is no such place, or something stands there.
    """
    for name, array in arrays.items():
        place, *way = content, *name.split("/")
        for key in way[:-1]:
            place = place[int(key) if isinstance(place, list) else key]
        last: Any = int(way[-1]) if isinstance(place, list) else way[-1]
        if place[last] is not None:
            raise ValueError(f"something stands at {name}")
        place[last] = array
