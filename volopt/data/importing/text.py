"""The bytes of a vendor's file: bounded, also when unpacked, and as UTF-8 whatever they were written in."""

import codecs
import gzip
import io
import zlib
from pathlib import Path

from volopt.data.files import read_bounded
from volopt.errors import DataError

MAX_BYTES = 200_000_000  # of a file, packed or not
PARQUET = b"PAR1"
_GZIP, _ZIP, _OLD_EXCEL = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
KINDS = "give a CSV file, its gzip, or Parquet"


def content(path: Path) -> bytes:
    """What is in a file, unpacked where it is gzip, which its first bytes say and not its name.

    Raises:
        DataError: it is missing, unreadable, too large, or a broken gzip.
    """
    try:
        packed = read_bounded(path, MAX_BYTES)
    except DataError as error:
        raise DataError(error.message, KINDS) from error
    if not packed.startswith(_GZIP):
        return packed
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            unpacked = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is a broken gzip file: {error}", "get it anew") from error
    if len(unpacked) > MAX_BYTES:
        raise DataError(f"{path} unpacks to more than the {MAX_BYTES} bytes it may have", KINDS)
    return unpacked


def utf8(content: bytes, source: str) -> bytes:
    """The same text in UTF-8 without a mark; it may be UTF-16 with its mark, or GB 18030, as Chinese vendors write.

    Raises:
        DataError: it is no text.
    """
    if content.startswith((_ZIP, _OLD_EXCEL)):
        raise DataError(f"{source} is a spreadsheet or an archive", "save its table as CSV")
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return content if encoding == "utf-8" and not content.startswith(codecs.BOM_UTF8) else text.encode()
    raise DataError(f"{source} is no text", KINDS)
