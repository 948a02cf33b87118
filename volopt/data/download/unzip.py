"""A zip from a stranger becomes a provider directory, or nothing.

Every entry is judged by its name, kind and size before the first byte is written, also those that are not wanted: one
that would lead out of the directory, is a link, or would meet another's name on some file system refuses the whole zip.
Then only what belongs to a provider is unpacked (calendars, instruments, features, the mark of a synthetic one), from
the zip's top or from the one folder below that holds all three; no file is ever overwritten, and zipfile checks each
length and CRC.
"""

import io
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from volopt.data.bins import SYNTHETIC
from volopt.data.download.http import ALTERNATIVES
from volopt.definition.plain import is_plain, plain, show
from volopt.errors import DownloadError

MAX_ENTRIES = 300_000  # the official sets have some 40,000 and 100,000
MAX_TABLE_BYTES = 2**25  # of the zip's table of contents, which zipfile reads at once
MAX_BYTES = 20 * 2**30
MAX_RATIO = 100  # times the zip's own size; series of prices reach about 3
MAX_NAME_BYTES = 255
CHUNK = 1 << 16  # bytes
PARTS = ("calendars", "instruments", "features")
_WANTED = re.compile(rf"(calendars|instruments)/[^/]+|features/[^/]+/[^/]+|{re.escape(SYNTHETIC)}")
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|COM[0-9¹²³]|LPT[0-9¹²³])", re.IGNORECASE)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)

Tell = Callable[[int, int | None], None]  # hears how many files are done, of how many


class UnzipCounts(NamedTuple):
    """How many files were unpacked, and how many were no part of a provider."""

    files: int
    left_out: int


def unpack(archive: Path, directory: Path, tell: Tell) -> UnzipCounts:
    """Unpack the provider that a zip holds into ``directory``, which must not be there yet.

    Raises:
        DownloadError: it is no zip, a broken or hostile one, or holds no provider.
        OSError: ``directory`` cannot be written.
    """
    with _zip(archive) as opened:
        entries = opened.infolist()
        for entry in entries:
            _judge(entry)
        _judge_all(entries, archive.stat().st_size)
        files = [entry for entry in entries if not entry.is_dir()]
        root = _root(files)
        wanted = {entry.filename[len(root) :]: entry for entry in files if entry.filename.startswith(root)}
        wanted = {name: entry for name, entry in wanted.items() if _WANTED.fullmatch(name)}
        for done, (name, entry) in enumerate(wanted.items()):
            tell(done, len(wanted))
            _extract(opened, entry, directory / name)
        tell(len(wanted), len(wanted))
    return UnzipCounts(len(wanted), len(files) - len(wanted))


class _Reader(io.FileIO):
    """The bytes of a zip; zipfile asks for its table in one piece, as long as the zip says."""

    def read(self, size: int | None = -1, /) -> bytes:
        most = MAX_TABLE_BYTES + 1
        content = super().read(most if size is None or size < 0 else min(size, most)) or b""
        if len(content) > MAX_TABLE_BYTES:
            raise zipfile.BadZipFile("its table of contents is too long")
        return content

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError as error:  # a place before its beginning
            raise zipfile.BadZipFile("it points outside itself") from error


@contextmanager
def _zip(archive: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip, and say of whatever zipfile raises, here and in the block, that it is broken."""
    try:
        with _Reader(archive) as file, zipfile.ZipFile(file) as opened:
            yield opened
    except _BROKEN as error:
        raise DownloadError(f"the zip is broken: {plain(str(error) or 'it ends too early')}", ALTERNATIVES) from error


def _judge(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename  # zipfile cuts the other at a NUL
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        raise _refused(name, "is no regular file")
    if entry.flag_bits & 1:
        raise _refused(name, "is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(name, "is compressed in a way that zips of data are not")
    if name != entry.filename or not is_plain(name) or set(name) & set('\\:*?"<>|'):
        raise _refused(name, "has a name that is none on every file system")
    for part in name.removesuffix("/").split("/"):
        if part in ("", ".", ".."):
            raise _refused(name, "leads out of its directory")
        if _DEVICE.fullmatch(part.partition(".")[0].rstrip()):
            raise _refused(name, "has the name of a device")
        if part[-1] in ". " or len(part.encode()) > MAX_NAME_BYTES:
            raise _refused(name, "has a name that is none on every file system")


def _judge_all(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Judge what the entries are together; ``size`` is the zip's own."""
    if len(entries) > MAX_ENTRIES:
        raise DownloadError(f"the zip holds {len(entries)} entries, more than {MAX_ENTRIES}", ALTERNATIVES)
    total = sum(entry.file_size for entry in entries)
    if total > min(MAX_BYTES, MAX_RATIO * size):
        message = f"the zip of {size / 1e6:.1f} MB would unpack to {total / 1e6:.1f} MB, more than any data set"
        raise DownloadError(message, ALTERNATIVES)
    taken: dict[str, str] = {}  # by how a file system without cases sees it, how it is spelt; folders end with "/"
    for entry in entries:
        for folder in _folders(entry.filename):
            if taken.setdefault(_same(folder), folder) != folder:
                raise _refused(entry.filename, "meets the name of another entry")
        if not entry.is_dir():
            if _same(entry.filename) in taken:
                raise _refused(entry.filename, "meets the name of another entry")
            taken[_same(entry.filename)] = entry.filename


def _folders(name: str) -> list[str]:
    """Every folder that an entry's name holds, the entry itself included if it is one."""
    return [name[: place + 1] for place, character in enumerate(name) if character == "/"]


def _same(name: str) -> str:
    return unicodedata.normalize("NFKC", name.removesuffix("/")).casefold()


def _root(files: Iterable[zipfile.ZipInfo]) -> str:
    """What the names of the provider's files begin with: nothing, or one folder."""
    tops = {tuple(entry.filename.split("/")[:2]) for entry in files if "/" in entry.filename}
    below = {"": {top[0] for top in tops}}
    for folder, *rest in tops:
        below.setdefault(f"{folder}/", set()).update(rest)
    roots = [root for root, parts in below.items() if parts.issuperset(PARTS)]
    if len(roots) == 1:
        return roots[0]
    found = "several data directories" if roots else "no data directory"
    hint = "it should hold calendars, instruments and features, at its top or in one folder"
    raise DownloadError(f"the zip holds {found}", f"{hint}; {ALTERNATIVES}")


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def _refused(name: str, reason: str) -> DownloadError:
    return DownloadError(f"the zip is refused: its entry {show(name)} {reason}", ALTERNATIVES)
