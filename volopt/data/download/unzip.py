"""Unpack the provider that a zip holds.

Only members whose names are exactly those of a provider's files are unpacked, from the top of the zip or from one
folder. No such name leads out of the target. Each member is written as a regular file and never over another one.
Sizes and counts are bounded before anything is written; zipfile checks each length and CRC.
"""

import io
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from volopt.data.bins import SYNTHETIC
from volopt.data.download.http import ALTERNATIVES, CHUNK_BYTES
from volopt.definition.plain_text import MAX_REASON, shortened, show
from volopt.errors import DownloadError

MAX_MEMBERS = 300_000  # the official sets have about 40,000 and 100,000
MAX_TABLE_BYTES = 2**25  # of the zip's table of contents, which zipfile reads into memory
MAX_FILE_BYTES = 2**28  # of a member, unpacked
MAX_BYTES = 20 * 2**30  # of all members, unpacked
MAX_RATIO = 100  # of unpacked size to the size of the zip; series of prices reach about 3
PARTS = {"calendars", "instruments", "features"}
_MEMBER = re.compile(
    rf"""([^/]+/)?(
        (?:calendars|instruments)/\w[\w.-]{{0,99}}\.txt
        |features/[\w^-][\w^.=-]{{0,99}}/\w{{1,99}}\.\w{{1,20}}\.bin
        |{re.escape(SYNTHETIC)}
    )""",
    re.VERBOSE | re.ASCII,
)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)


class _BoundedFile(io.FileIO):
    """Bound each read: zipfile reads the table of contents in one piece, as long as the zip says."""

    def read(self, size: int | None = -1, /) -> bytes:
        limit = MAX_TABLE_BYTES + 1
        content = super().read(limit if size is None or size < 0 else min(size, limit)) or b""
        if len(content) > MAX_TABLE_BYTES:
            raise zipfile.BadZipFile("its table of contents is too long")
        return content

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError as error:  # before its beginning
            raise zipfile.BadZipFile("it points outside itself") from error


def unpack(archive: Path, directory: Path, progress: Callable[[int, int], None]) -> tuple[int, int]:
    """Unpack the provider that a zip holds to ``directory``; ``progress`` is called with (files done, all files).

    Returns:
        the number of unpacked files, and of files that are no part of a provider.

    Raises:
        DownloadError: it is not a zip, it is broken or too large, or it holds no provider.
        OSError: ``directory`` cannot be written.
    """
    try:
        with _BoundedFile(archive) as file, zipfile.ZipFile(file) as opened:
            entries = [entry for entry in opened.infolist() if not entry.filename.endswith("/")]
            members = _members(entries)
            _check(list(members.values()), archive.stat().st_size)
            for done, (name, entry) in enumerate(members.items()):
                progress(done, len(members))
                target = directory / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as written:
                    shutil.copyfileobj(source, written, CHUNK_BYTES)
    except _BROKEN as error:
        reason = shortened(str(error) or "it ends too early", MAX_REASON)
        raise DownloadError(f"the zip is broken: {reason}", ALTERNATIVES) from error
    progress(len(members), len(members))
    return len(members), len(entries) - len(members)


def _members(entries: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of the provider's files, by their path below the provider."""
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in entries:
        if match := _MEMBER.fullmatch(entry.filename):
            members = folders.setdefault(match[1] or "", {})
            if match[2] in members:
                raise DownloadError(f"the zip holds {show(entry.filename)} twice", ALTERNATIVES)
            members[match[2]] = entry
    providers = [members for members in folders.values() if {name.partition("/")[0] for name in members} >= PARTS]
    if len(providers) == 1:
        return providers[0]
    number = "several data directories" if providers else "no data directory"
    hint = "it should hold calendars, instruments and features, at its top or in one folder"
    raise DownloadError(f"the zip holds {number}", f"{hint}; {ALTERNATIVES}")


def _check(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Refuse a zip of ``size`` bytes whose members are too many or too large, or need memory without a bound."""
    if len(members) > MAX_MEMBERS:
        raise DownloadError(f"the zip holds {len(members)} files, more than {MAX_MEMBERS}", ALTERNATIVES)
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # zipfile does not bound others
            raise zipfile.BadZipFile(f"{member.filename} is compressed by another method than deflate")
    largest, total = max(member.file_size for member in members), sum(member.file_size for member in members)
    if largest > MAX_FILE_BYTES or total > min(MAX_BYTES, MAX_RATIO * size):
        message = f"the zip of {size / 1e6:.1f} MB would unpack to {total / 1e6:.1f} MB, more than any data set"
        raise DownloadError(message, ALTERNATIVES)
