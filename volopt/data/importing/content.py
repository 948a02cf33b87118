"""Read the content of a vendor's file within limits of size: unpack gzip and zip, and decode text.

The content decides what a file is, whatever its name. A text is UTF-8 or UTF-16, or else in the encoding that the user
names, or that charset-normalizer finds the likeliest of those that vendors use.
"""

import codecs
import gzip
import io
import re
import sys
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from volopt.data.files import read_bounded
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MAX_BYTES = 200_000_000  # of a file, packed or unpacked
MAX_COLUMNS = 1000
MAX_ROWS = 5_000_000
STANDARD_INPUT = Path("-")
PARQUET = b"PAR1"
_GZIP, _OLD_EXCEL = b"\x1f\x8b", b"\xd0\xcf\x11\xe0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is of an empty one
_WORKBOOK = "xl/workbook.xml"
_MARKS = {  # of UTF-32 before those of UTF-16, with which they begin
    **{codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"},
    **{codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"},
}
_LEGACY = ["gb18030", "cp1252"]  # of vendors in China and in Western Europe
_CHINESE = re.compile("日期|时间|代码|收盘|成交|万|亿|[0-9]年")  # of names and values that volopt reads
MAX_ODD = 0.1  # characters that an encoding does not know, for each that it knows and that is not ASCII
MAX_JUDGED = 1000  # lines that show the encoding
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\v\f\x1a\x1b"))  # which no text of a vendor has
ACCEPTED = "give a CSV file, its gzip or zip, Excel (.xlsx), or Parquet"


@dataclass(frozen=True)
class Content:
    """Hold the bytes of a file, and the name that says what it is about: its own, or that of the file in a zip."""

    data: bytes
    name: str

    @property
    def is_excel(self) -> bool:
        """Return whether it is a workbook of Excel, since 2007."""
        return self.data.startswith(_ZIP)

    @property
    def is_parquet(self) -> bool:
        """Return whether it is a Parquet file."""
        return self.data.startswith(PARQUET)


def read_content(path: Path) -> Content:
    """Return the content of a file, or of standard input for ``-``, unpacked if it is a gzip or a zip with one file.

    Raises:
        DataError: it is missing, unreadable, too large, a broken gzip or zip, or a zip with several files.
    """
    if path == STANDARD_INPUT:
        data, name = _read_standard_input(), ""
    else:
        data, name = read_bounded(path, MAX_BYTES, ACCEPTED), path.name
    if data.startswith(_ZIP):
        data, name = _unzip(data, name, path)
    if not data.startswith(_GZIP):
        return Content(data, name)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is a broken gzip file: {error}", "download it again") from error
    _check_unpacked(len(data), path)
    return Content(data, name)


def source_of(path: Path) -> str:
    """Return what errors call a file."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def _read_standard_input() -> bytes:
    stream = getattr(sys.stdin, "buffer", None)
    data: bytes = stream.read(MAX_BYTES + 1) if stream else sys.stdin.read(MAX_BYTES + 1).encode()
    if len(data) > MAX_BYTES:
        raise DataError(f"standard input is larger than the limit of {MAX_BYTES} bytes", "import a part of it")
    return data


def _unzip(data: bytes, name: str, path: Path) -> tuple[bytes, str]:
    """Return the only file of a zip and its name; a workbook of Excel, which is a zip too, stays as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [file for file in archive.infolist() if not file.is_dir() and not _of_macos(file.filename)]
            if any(file.filename == _WORKBOOK for file in files):
                _check_unpacked(sum(file.file_size for file in files), path)
                return data, name
            if len(files) != 1:
                names = ", ".join(shortened(file.filename) for file in files[:5]) or "none"
                raise DataError(
                    f"{path} is a zip with {len(files)} files, not one: {names}", "unpack it and name those"
                )
            with archive.open(files[0]) as file:
                unpacked = file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} is a zip that cannot be unpacked: {shortened(str(error))}", "unpack it first"
        ) from error
    _check_unpacked(len(unpacked), path)
    return unpacked, Path(files[0].filename).name


def _of_macos(name: str) -> bool:
    return name.startswith("__MACOSX/")


def _check_unpacked(size: int, path: Path) -> None:
    if size > MAX_BYTES:
        raise DataError(f"{path} unpacks to more than the limit of {MAX_BYTES} bytes", ACCEPTED)


def to_utf8(content: bytes, source: str, given: str | None = None) -> tuple[bytes, list[str]]:
    """Return a text as UTF-8 without a byte order mark, and a note if its encoding was assumed.

    Raises:
        DataError: it is not a text, or not one in the encoding ``given``.
    """
    if content.startswith(_OLD_EXCEL):
        raise DataError(f"{source} is an old spreadsheet (.xls) or another document", "save its table as CSV or .xlsx")
    marked = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), None)
    encoding = given or marked or _guess(content)
    text, odd = _decode(content, encoding)
    utf8 = (text or "").removeprefix("\ufeff").encode(errors="replace")
    if text is None or len(utf8.translate(None, _CONTROL)) < len(utf8):
        raise _not_text(source, given)
    assumed = given is None and not encoding.startswith("utf-")
    notes = [f"text read as {encoding}, which is likely (--encoding names another)"] if assumed else []
    return utf8, [*notes, *([f"characters that {encoding} does not know: {odd}, read as \ufffd"] if odd else [])]


def _decode(content: bytes, encoding: str) -> tuple[str | None, int]:
    """Return a text and how many of its characters are unknown, which few may be; None where it is not so encoded."""
    with suppress(UnicodeError):
        return content.decode(encoding), 0
    text = content.decode(encoding, errors="replace")
    odd = text.count("\ufffd")
    known = len(text) - len(text.encode("ascii", errors="ignore")) - odd
    return (text, odd) if odd <= MAX_ODD * known else (None, odd)


def _not_text(source: str, encoding: str | None) -> DataError:
    if encoding is None:
        return DataError(f"{source} is not text", ACCEPTED)
    return DataError(f"{source} is not text in the encoding {encoding}", "name another with --encoding, or none")


def _guess(content: bytes) -> str:
    """Return the likely encoding of a text without a mark."""
    if b"\0" in content:
        return "utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be"
    if _decode(content, "utf-8")[0] is not None:
        return "utf-8"
    from charset_normalizer import from_bytes  # seldom needed

    lines = [line for line in content.splitlines(keepends=True) if not line.isascii()]
    sample = b"".join(lines[:MAX_JUDGED])
    if _CHINESE.search(_decode(sample, "gb18030")[0] or ""):
        return "gb18030"
    best = from_bytes(sample, cp_isolation=_LEGACY).best()
    return best.encoding if best else "latin-1"  # which knows every byte


def check_size(source: str, *, columns: int = 0, rows: int = 0, unpacked: int = 0) -> None:
    """Refuse a table with more columns, rows or unpacked bytes than the limits."""
    limits = ((columns, MAX_COLUMNS, "columns"), (rows, MAX_ROWS, "rows"), (unpacked, MAX_BYTES, "bytes unpacked"))
    for number, limit, unit in limits:
        if number > limit:
            raise DataError(f"{source} has {number} {unit}, more than the limit of {limit}", ACCEPTED)
