"""A data set from a server or a zip: loaded, unpacked, checked, and only then put in its place.

The official sets are those of qlib's ``GetData``, which knows their addresses. Its own transfer is not used: it asks on
stdin, takes a cut-off file for a whole one, and unpacks over what is there, unchecked. ``fetch`` and ``unpack`` do
that, in a hidden directory beside the target (``staging``), so that there is all of a data set or nothing.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from volopt.data.check import ProviderReport, check_provider
from volopt.data.download import address
from volopt.data.download.http import ALTERNATIVES, fetch
from volopt.data.download.unzip import unpack
from volopt.data.qlib_reader import official_addresses
from volopt.data.staging import put, refuse_taken, staging
from volopt.errors import DownloadError, UsageError

LOADING, UNPACKING, CHECKING, CLEARING = ("loading", "unpacking", "checking", "clearing")
SHOWN = 3  # reasons against a data set
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")

Tell = Callable[[str, int, int | None], None]  # hears the stage, how much of it is done, of how much


@dataclass(frozen=True)
class DownloadedData:
    """A data set that is in its place."""

    url: str  # without what must not be shown
    bytes: int  # of the zip
    sha256: str
    files: int
    left_out: int  # files of the zip that are no part of a provider
    replaced: bool
    report: ProviderReport


def download(
    directory: Path, region: str, url: str | None, sha256: str | None, force: bool, tell: Tell
) -> DownloadedData:
    """Put a data set at ``directory``.

    Args:
        directory: where; nothing may be there unless ``force`` says that it may be replaced.
        region: of the official set, ``cn`` or ``us``.
        url: the address or path of another zip; None means the official set.
        sha256: what the zip's digest must be, in hexadecimal; None means any.
        force: whether an old data set there is replaced.
        tell: hears how it goes.

    Raises:
        UsageError: an argument is wrong, or something is there.
        DownloadError: it did not arrive, is not what it should be, or cannot be written; nothing has changed.
    """
    if sha256 is not None and not _DIGEST.fullmatch(sha256):
        raise UsageError("--sha256 is no SHA-256", "write its 64 hexadecimal digits, or leave it out")
    at_hand = None if url is None else address.file_at_hand(url)
    place = Path(os.path.realpath(directory))  # a link stays, and what it points to is replaced
    try:
        refuse_taken(directory, force)
        urls = [url] if url is not None else official_addresses(region)
        tell(CLEARING, 0, None)
        with staging(place) as hidden:
            try:
                archive = at_hand or hidden / "zip"
                source = str(at_hand) if at_hand else fetch(urls, archive, partial(tell, LOADING))
                size, digest = archive.stat().st_size, _digest(archive, sha256)
                made = hidden / "provider"
                files, left_out = unpack(archive, made, partial(tell, UNPACKING))
                report = _checked(made, tell).under(str(directory))
                refuse_taken(directory, force)  # something may have come meanwhile
                replaced = place.is_dir() and any(place.iterdir())
                put(made, place, hidden)
            finally:
                tell(CLEARING, 0, None)
    except OSError as error:
        if at_hand and error.filename == str(at_hand):
            raise DownloadError(f"{at_hand} cannot be read: {error.strerror}", "check its permissions") from error
        message = f"{directory} cannot be written: {error.strerror}"
        raise DownloadError(message, "free some space, or name another directory") from error
    return DownloadedData(address.shown(source), size, digest, files, left_out, replaced, report)


def _digest(archive: Path, expected: str | None) -> str:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and found != expected.lower():
        raise DownloadError(f"the zip has not that SHA-256 but {found}", "compare it with what its publisher says")
    return found


def _checked(made: Path, tell: Tell) -> ProviderReport:
    report = check_provider(made, tell=partial(tell, CHECKING))
    if not report.readable:
        told = [problem.replace(f"{made}/", "") for problem in report.problems[:SHOWN]]
        more = len(report.problems) - SHOWN
        reasons = "; ".join(told + [f"and {more} more problems"] * (more > 0))
        raise DownloadError(f"the zip holds no data that volopt can read: {reasons}", ALTERNATIVES)
    return report
