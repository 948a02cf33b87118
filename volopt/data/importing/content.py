"""Read the content of a vendor's file within limits of size: unpack gzip, and convert text to UTF-8."""

import codecs
import gzip
import io
import zlib
from pathlib import Path

from volopt.data.files import read_bounded
from volopt.errors import DataError

MAX_BYTES = 200_000_000  # of a file, packed or unpacked
MAX_COLUMNS = 1000
MAX_ROWS = 5_000_000
PARQUET = b"PAR1"
_GZIP, _ZIP, _OLD_EXCEL = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ACCEPTED = "give a CSV file, its gzip, or Parquet"


def read_content(path: Path) -> bytes:
    """Return the content of a file, unpacked if its first bytes are those of gzip, whatever its name.

    Raises:
        DataError: it is missing, unreadable, too large, or a broken gzip.
    """
    packed = read_bounded(path, MAX_BYTES, ACCEPTED)
    if not packed.startswith(_GZIP):
        return packed
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is a broken gzip file: {error}", "download it again") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{path} unpacks to more than the limit of {MAX_BYTES} bytes", ACCEPTED)
    return content


def to_utf8(content: bytes, source: str) -> bytes:
    """Return a text as UTF-8 without a byte order mark; it may be UTF-8, UTF-16 with a mark, or GB 18030 (China).

    Raises:
        DataError: it is not a text in one of these encodings.
    """
    if content.startswith((_ZIP, _OLD_EXCEL)):
        raise DataError(f"{source} is a spreadsheet or an archive", "save its table as CSV")
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.encode()
    raise DataError(f"{source} is not text", ACCEPTED)


def check_size(source: str, *, columns: int = 0, rows: int = 0, unpacked: int = 0) -> None:
    """Refuse a table with more columns, rows or unpacked bytes than the limits."""
    limits = ((columns, MAX_COLUMNS, "columns"), (rows, MAX_ROWS, "rows"), (unpacked, MAX_BYTES, "bytes unpacked"))
    for number, limit, unit in limits:
        if number > limit:
            raise DataError(f"{source} has {number} {unit}, more than the limit of {limit}", ACCEPTED)
