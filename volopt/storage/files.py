"""Files that appear whole or not at all: written to ``*.part``, then renamed. Nothing reads a ``*.part`` file."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
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
    _write([content], path, option)


def _write(parts: Iterable[bytes | memoryview], path: Path, option: str = "--storage") -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.writelines(parts)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise StorageError(
            f"cannot write {path}: {error.strerror}", f"free some space or use another {option}"
        ) from error


def write_arrays(path: Path, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Write arrays and JSON-able facts as one safetensors file, which holds data only and runs no code."""
    _write(_parts(arrays, facts), path)


def pack_arrays(arrays: Arrays, facts: Mapping[str, Any]) -> bytes:
    """Return the content of such a file."""
    return b"".join(_parts(arrays, facts))


def _parts(arrays: Arrays, facts: Mapping[str, Any]) -> Iterator[bytes | memoryview]:
    """Yield the length of the header, the header, and each array, which is not copied as safetensors' functions do.

    https://github.com/huggingface/safetensors#format describes the format. Large numbers come first, so that each array
    begins at a multiple of its own.
    """
    contiguous = {name: np.require(values, requirements="C") for name, values in arrays.items()}
    contiguous = dict(sorted(contiguous.items(), key=lambda item: -item[1].itemsize))
    header: dict[str, Any] = {"__metadata__": {"meta": json.dumps(facts)}}
    stop = 0
    for name, values in contiguous.items():
        start, stop = stop, stop + values.nbytes
        header[name] = {"dtype": _kind(values.dtype), "shape": values.shape, "data_offsets": [start, stop]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little")
    yield text
    yield from (values.reshape(-1).data for values in contiguous.values())


def _kind(dtype: np.dtype[Any]) -> str:
    """Return safetensors' name of a type of numbers."""
    return "BOOL" if dtype.kind == "b" else f"{dtype.kind.upper()}{8 * dtype.itemsize}"


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Return the content that ``write_arrays`` wrote, or None where the file is missing or not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
            return arrays, json.loads(file.metadata()["meta"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
