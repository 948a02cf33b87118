"""Arrays kept by fingerprint, so that workers and later runs never start qlib.

One ``<fingerprint>.safetensors`` an entry, written beside its place and renamed. It is a convenience: a
broken or foreign file counts as absent and is written anew, and a directory that cannot be written to
is left alone.
"""

import contextlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

_FACTS = "volopt"  # the key of the file's metadata that holds our JSON


def load(directory: Path, fingerprint: str) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """The facts and arrays of an entry, or None where there is none that can be read."""
    try:
        with safe_open(_path(directory, fingerprint), framework="np") as file:
            facts = json.loads(file.metadata()[_FACTS])
            return facts, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def store(directory: Path, fingerprint: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Keep an entry; ``facts`` is what JSON can hold."""
    content = save(dict(arrays), metadata={_FACTS: json.dumps(facts)})
    with contextlib.suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cache.", dir=directory) as temporary:
            written = Path(temporary) / "entry"
            written.write_bytes(content)
            written.replace(_path(directory, fingerprint))


def _path(directory: Path, fingerprint: str) -> Path:
    return directory / f"{fingerprint}.safetensors"
