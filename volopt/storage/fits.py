"""Finished fits, kept for every study that needs them: ``<artifacts>/fits/<key>.safetensors``.

A file is whole or absent. A broken one is as good as absent: its fit is trained again and replaces it.
"""

from pathlib import Path

from volopt.storage.files import Arrays, read_arrays, write_arrays


class FitStore:
    """The fits of one artifact directory, by key."""

    def __init__(self, artifacts: Path) -> None:
        self._directory = artifacts / "fits"

    def path(self, key: str) -> Path:
        """Return where the fit of this key is kept; a folder for each first byte keeps listings short."""
        return self._directory / key[:2] / f"{key}.safetensors"

    def has(self, key: str) -> bool:
        """Return whether there is a file for this key."""
        return self.path(key).is_file()

    def get(self, key: str) -> tuple[Arrays, dict[str, object]] | None:
        """Return arrays and facts of a finished fit, or None."""
        return read_arrays(self.path(key))

    def put(self, key: str, arrays: Arrays, facts: dict[str, object]) -> None:
        """Keep a finished fit."""
        write_arrays(self.path(key), arrays, facts)
