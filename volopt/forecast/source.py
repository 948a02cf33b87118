"""Where a refit takes its numbers from: a stored study, the data behind it or newer ones, and what was kept."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from volopt.data.locate import locate
from volopt.data.panel import Panel, read_data
from volopt.errors import DataError
from volopt.forecast.configuration import Configuration, choose
from volopt.storage.artifacts import DIRECTORY, place_of
from volopt.storage.database.connect import connect
from volopt.studies import study as studies


@dataclass(frozen=True)
class RefitSource:
    """A choice with its data, and the directory of what its study keeps."""

    choice: Configuration
    panel: Panel
    artifacts: Path


def origin(storage: str, name: str, trial: str, data: Path | None, last: date | None) -> RefitSource:
    """Return the choice of a stored study, and its data from the first train day on.

    Args:
        storage: URL.
        name: of the study.
        trial: as in ``choose``.
        data: a data directory; None for the one that the study was run on.
        last: the last day to read; None for the data's own.

    Raises:
        VoloptError: the study, the trial or the data are not there, or do not fit.
    """
    with closing(connect(storage)) as opened:
        study, definition = studies.find(opened, name)
        said = studies.data_of(study)
        choice = choose(study, definition, trial, synthetic=said["synthetic"])
        place = place_of(opened, name) if opened.where.file is None else None
        place = place or opened.where.home / DIRECTORY
        directory = data or _stored(
            Path(said["provider"]), opened.where.home / "sample_cn", synthetic=said["synthetic"]
        )
    return RefitSource(choice, read_data(definition, directory, place / "frames", last, whole=True), place)


def _stored(provider: Path, sample: Path, *, synthetic: bool) -> Path:
    if provider.is_dir():
        return provider
    if synthetic:
        return locate(sample)
    raise DataError(f"the data that the study was run on are gone from {provider}", "name them with --data")
