"""What cost time to compute, kept for every study that needs it: ``<directory>/<first byte>/<key>.safetensors``.

The artifact directory has one such directory for finished fits and one for the forecasts of baselines.
A file is whole or absent. A broken one is as good as absent: what it held is computed again and replaces it.
"""

from pathlib import Path

from volopt.storage.files import Arrays, read_arrays, write_arrays


class Kept:
    """Named arrays with facts, by key."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, key: str) -> Path:
        """Return where this key is kept; a folder for each first byte keeps listings short."""
        return self._directory / key[:2] / f"{key}.safetensors"

    def has(self, key: str) -> bool:
        """Return whether there is a file for this key."""
        return self.path(key).is_file()

    def get(self, key: str) -> tuple[Arrays, dict[str, object]] | None:
        """Return the arrays and facts of a key, or None."""
        return read_arrays(self.path(key))

    def put(self, key: str, arrays: Arrays, facts: dict[str, object]) -> None:
        """Keep arrays and facts."""
        write_arrays(self.path(key), arrays, facts)


def fits(artifacts: Path) -> Kept:
    """Return the finished fits of an artifact directory."""
    return Kept(artifacts / "fits")


def baselines(artifacts: Path) -> Kept:
    """Return the baselines' forecasts of an artifact directory."""
    return Kept(artifacts / "baselines")
