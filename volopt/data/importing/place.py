"""Where an import goes: built in the hidden directory of ``staging``, then renamed into its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from volopt.data.staging import put, staging
from volopt.definition.plain import shortened
from volopt.errors import DataError


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """Give the path of a directory to build; it takes the place of ``directory`` when the block ends without an error.

    Raises:
        DownloadError: another process writes there at the moment.
        DataError: nothing can be written there.
    """
    place = Path(os.path.realpath(directory))  # a link stays, and what it points to is replaced
    if Path.cwd().is_relative_to(place):
        raise DataError(f"{directory} is to be replaced, and is where you are", "go to another directory first")
    try:
        with staging(place) as hidden:
            yield hidden / "building"
            put(hidden / "building", place, hidden)
    except OSError as error:
        reason = error.strerror or shortened(str(error))
        raise DataError(f"{directory} cannot be written: {reason}", "name another directory") from error
