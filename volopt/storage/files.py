"""Files that appear whole or not at all: written to ``*.part``, then renamed. Nothing reads a ``*.part`` file."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from volopt.errors import StorageError

Arrays = Mapping[str, NDArray[Any]]


def write_whole(path: Path, content: bytes, option: str = "--storage") -> None:
    """Write ``content`` to ``path`` and create its directory; ``option`` names another path on the command line.

    Raises:
        StorageError: the file cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise StorageError(
            f"cannot write {path}: {error.strerror}", f"free some space or use another {option}"
        ) from error


def write_arrays(path: Path, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Write arrays and JSON-able facts as one safetensors file, which holds data only and runs no code."""
    write_whole(path, pack_arrays(arrays, facts))


def pack_arrays(arrays: Arrays, facts: Mapping[str, Any]) -> bytes:
    """Return the content of such a file."""
    from safetensors.numpy import save

    contiguous = {name: np.require(values, requirements="C") for name, values in arrays.items()}
    return save(contiguous, {"meta": json.dumps(facts)})


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Return the content that ``write_arrays`` wrote, or None where the file is missing or not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
            return arrays, json.loads(file.metadata()["meta"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
