"""Download a data set, or take a zip at hand; unpack it, check it, and install it only then.

qlib's ``GetData`` knows the addresses of the official sets. Its own transfer is not used: it asks on stdin, accepts a
truncated file, and unpacks over an old directory without a check.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from volopt.data.bins import SYNTHETIC
from volopt.data.check import ProviderReport, check_provider
from volopt.data.download.http import ALTERNATIVES, fetch, without_secrets
from volopt.data.download.unzip import unpack
from volopt.data.files import is_directory, list_names
from volopt.data.qlib_reader import official_addresses
from volopt.data.staging import replacing
from volopt.errors import DownloadError, UsageError

DOWNLOADING, UNPACKING, CHECKING, CLEARING = "downloading", "unpacking", "checking", "clearing"
ADDRESSES = "write http://HOST/FILE.zip, https://HOST/FILE.zip, file:///FILE.zip, or the path of a zip"
MAX_REASONS = 3  # that an error gives against a data set
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
# The parts of a provider directory, qlib's own caches in it, and the zip that qlib's own download leaves there.
_PROVIDER_PART = re.compile(rf"calendars|instruments|features|\w+_cache|{re.escape(SYNTHETIC)}|\d{{14}}_.+\.zip")

Progress = Callable[[str, int, int | None], None]  # called with the stage, how much of it is done, and its total


@dataclass(frozen=True)
class DownloadedData:
    """Describe an installed data set."""

    url: str  # without user, password and query
    bytes: int  # of the zip
    sha256: str
    files: int
    left_out: int  # files of the zip that are no part of a provider
    replaced: bool
    report: ProviderReport


def download(
    directory: Path, region: str, url: str | None, sha256: str | None, force: bool, progress: Progress
) -> DownloadedData:
    """Install a data set at ``directory``; a failure leaves the old directory.

    Args:
        directory: where to install it.
        region: of the official set, ``cn`` or ``us``.
        url: the address or path of another zip; None for the official set.
        sha256: the expected digest of the zip, in hexadecimal; None for any.
        force: whether to replace a data directory that exists.
        progress: called with each stage and how much of it is done.

    Raises:
        UsageError: an argument is wrong, or something exists at ``directory``.
        DataError: another process is writing to ``directory``, or it holds the current directory.
        DownloadError: the zip did not arrive or is not a data set, or ``directory`` cannot be written.
    """
    if sha256 is not None and not _DIGEST.fullmatch(sha256):
        raise UsageError("--sha256 is not a SHA-256", "write its 64 hexadecimal digits, or leave it out")
    local = None if url is None else local_file(url)
    try:
        check_replaceable(directory, force)
        urls = [url] if url is not None else official_addresses(region)
        progress(CLEARING, 0, None)
        with replacing(directory) as new:
            try:
                archive = local or new.with_name("zip")
                source = str(local) if local else fetch(urls, archive, partial(progress, DOWNLOADING))
                size, digest = archive.stat().st_size, _digest(archive, sha256)
                files, left_out = unpack(archive, new, partial(progress, UNPACKING))
                report = _check(new, progress).renamed(str(directory))
                check_replaceable(directory, force)  # something may have appeared meanwhile
                replaced = directory.is_dir() and any(directory.iterdir())
            finally:
                progress(CLEARING, 0, None)
    except OSError as error:
        if local and error.filename == str(local):
            raise DownloadError(f"{local} cannot be read: {error.strerror}", "check its permissions") from error
        message = f"{directory} cannot be written: {error.strerror}"
        raise DownloadError(message, "free some space, or name another directory") from error
    return DownloadedData(without_secrets(source), size, digest, files, left_out, replaced, report)


def check_replaceable(directory: Path, force: bool) -> None:
    """Check that a new directory may take the place of ``directory``; only a provider may be replaced, by ``force``.

    Raises:
        UsageError: there is something that may not be replaced.
        OSError: the path is not one that a file system accepts.
    """
    if not is_directory(directory):
        if directory.exists():
            raise UsageError(f"{directory} is a file", "name another directory")
        return
    names = list_names(directory)
    if names and not force:
        raise UsageError(f"{directory} already exists", "name another directory, or replace it with --force")
    foreign = [name for name in names if not _PROVIDER_PART.fullmatch(name)]
    if foreign:
        message = f"{directory} cannot be replaced: it holds {foreign[0]}, which is no part of a data directory"
        raise UsageError(message, "move that file away, or name another directory")


def local_file(url: str) -> Path | None:
    """Return the file that a URL or a path names, or None where it names a file of a server.

    Raises:
        UsageError: it is neither an address nor the path of a file.
    """
    scheme, separator, _ = url.partition("://")
    try:
        parts = urlsplit(url)
        if separator and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return None
    except ValueError:  # an invalid address or port
        parts = urlsplit("")
    is_file_url = parts.scheme == "file" and parts.netloc in ("", "localhost")
    if separator and not is_file_url:
        raise UsageError(f"--url {scheme}://... is not an address that volopt can download from", ADDRESSES)
    path = Path(unquote(parts.path)) if separator else Path(os.path.expanduser(url))  # noqa: PTH111  # Path.expanduser raises for an unknown user
    if not os.path.isfile(path):  # noqa: PTH113  # Path.is_file raises for a name that is too long
        raise UsageError(f"the zip {path} does not exist or is not a file", ADDRESSES)
    return path


def _digest(archive: Path, expected: str | None) -> str:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if expected is not None and digest != expected.lower():
        raise DownloadError(f"the zip has the SHA-256 {digest}, not the expected one", "compare it with its source")
    return digest


def _check(provider: Path, progress: Progress) -> ProviderReport:
    report = check_provider(provider, progress=partial(progress, CHECKING))
    if not report.readable:
        problems = [problem.replace(f"{provider}/", "") for problem in report.problems]
        more = len(problems) - MAX_REASONS
        reasons = "; ".join(problems[:MAX_REASONS] + [f"and {more} more problems"] * (more > 0))
        raise DownloadError(f"the zip holds no data that volopt can read: {reasons}", ALTERNATIVES)
    return report
