"""Keep results that cost time to compute, for every study: ``<directory>/<first byte>/<key>.safetensors``.

The artifact directory holds one store each for finished fits, for states of unfinished fits, for forecasts of
baselines, and for the fits of walk-forward backtests. A file is whole or absent. A damaged file counts as absent: its
content is computed again and replaces it.
"""

from pathlib import Path

from volopt.storage.files import Arrays, read_arrays, write_arrays


class ArrayStore:
    """Store named arrays with JSON-able facts, by key. Write to the first directory, read from all of them."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories

    def path(self, key: str) -> Path:
        """Return where a key is stored; one folder for each first byte keeps listings short."""
        return self._paths(key)[0]

    def has(self, key: str) -> bool:
        """Return whether there is a file for this key."""
        return any(path.is_file() for path in self._paths(key))

    def get(self, key: str) -> tuple[Arrays, dict[str, object]] | None:
        """Return the arrays and facts of a key, or None."""
        return next((content for path in self._paths(key) if (content := read_arrays(path))), None)

    def put(self, key: str, arrays: Arrays, facts: dict[str, object]) -> None:
        """Store arrays and facts."""
        write_arrays(self.path(key), arrays, facts)

    def drop(self, key: str) -> None:
        """Delete a key."""
        self.path(key).unlink(missing_ok=True)

    def _paths(self, key: str) -> list[Path]:
        name = f"{Path(key).name}.safetensors"  # the key in a stranger's study may be a path
        return [directory / name[:2] / name for directory in self._directories]


def fits(artifacts: Path) -> ArrayStore:
    """Return the finished fits of an artifact directory."""
    return ArrayStore(artifacts / "fits")


def states(artifacts: Path) -> ArrayStore:
    """Return the states of unfinished fits."""
    return ArrayStore(artifacts / "states")


def baselines(*artifacts: Path) -> ArrayStore:
    """Return the baselines' forecasts of artifact directories."""
    return ArrayStore(*(directory / "baselines" for directory in artifacts))


def walk_forward_fits(artifacts: Path) -> ArrayStore:
    """Return the fits of walk-forward backtests."""
    return ArrayStore(artifacts / "walks")
