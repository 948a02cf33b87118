"""What cost time to compute, kept for every study that needs it: ``<directory>/<first byte>/<key>.safetensors``.

The artifact directory has one such directory for finished fits, one for states of fits on their way, and one for the
forecasts of baselines. A file is whole or absent. A broken one is as good as absent: what it held is computed again and
replaces it.
"""

from pathlib import Path

from volopt.storage.files import Arrays, read_arrays, write_arrays


class ArrayStore:
    """Named arrays with facts, by key; written to the first directory, read from where they are."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories

    def path(self, key: str) -> Path:
        """Return where this key is kept; a folder for each first byte keeps listings short."""
        return self._paths(key)[0]

    def has(self, key: str) -> bool:
        """Return whether there is a file for this key."""
        return any(path.is_file() for path in self._paths(key))

    def get(self, key: str) -> tuple[Arrays, dict[str, object]] | None:
        """Return the arrays and facts of a key, or None."""
        return next((found for path in self._paths(key) if (found := read_arrays(path))), None)

    def put(self, key: str, arrays: Arrays, facts: dict[str, object]) -> None:
        """Keep arrays and facts."""
        write_arrays(self.path(key), arrays, facts)

    def drop(self, key: str) -> None:
        """Keep this key no longer."""
        self.path(key).unlink(missing_ok=True)

    def _paths(self, key: str) -> list[Path]:
        name = f"{Path(key).name}.safetensors"  # the key of a stranger's study may be a path
        return [directory / name[:2] / name for directory in self._directories]


def fits(artifacts: Path) -> ArrayStore:
    """Return the finished fits of an artifact directory."""
    return ArrayStore(artifacts / "fits")


def states(artifacts: Path) -> ArrayStore:
    """Return the states of fits that are on their way."""
    return ArrayStore(artifacts / "states")


def baselines(*artifacts: Path) -> ArrayStore:
    """Return the baselines' forecasts of artifact directories."""
    return ArrayStore(*(each / "baselines" for each in artifacts))


def walks(artifacts: Path) -> ArrayStore:
    """Return what was fitted on the way through past years."""
    return ArrayStore(artifacts / "walks")
