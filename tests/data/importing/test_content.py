"""Content is bounded, also when unpacked, and text of any accepted encoding becomes UTF-8."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from volopt.data.importing import content as module
from volopt.data.importing.content import MAX_BYTES, read_content, to_utf8
from volopt.errors import DataError

TEXT = "date,收盘,vol\n2010-01-04,1,2\n"


def test_gzip_is_unpacked_with_any_name(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    assert read_content(tmp_path / "x.csv").data == b"onetwo"


def test_other_content_is_unchanged_with_any_name(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"date,close\n")
    assert read_content(tmp_path / "x.gz").data == b"date,close\n"


@pytest.mark.parametrize("change", [lambda packed: packed[:-9], lambda packed: packed[:12] + b"xx" + packed[14:]])
def test_a_broken_gzip_is_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    (tmp_path / "x.gz").write_bytes(change(gzip.compress(b"date,close\n" * 9)))
    with pytest.raises(DataError, match="is a broken gzip file"):
        read_content(tmp_path / "x.gz")


@pytest.mark.usefixtures("little_memory")
def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    (tmp_path / "x.gz").write_bytes(gzip.compress(bytes(10_000_000)) * 10)
    with pytest.raises(DataError, match="unpacks to more than the limit of 1000000 bytes"):
        read_content(tmp_path / "x.gz")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    os.truncate(tmp_path / "x.csv", 10**10)
    with pytest.raises(DataError, match=f"larger than the limit of {MAX_BYTES} bytes"):
        read_content(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"]
)
def test_all_encodings_of_vendors_give_the_same_text(encoding: str) -> None:
    text, notes = to_utf8(TEXT.encode(encoding), "x.csv")
    assert text == TEXT.encode()
    assert bool(notes) == encoding.startswith("gb")


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1252", "Société"), ("latin-1", "Höchst"), ("cp1252", "Clôture"), ("cp1252", "Zürich")]
)
def test_an_encoding_of_europe_is_assumed_and_told(encoding: str, name: str) -> None:
    text = f"date,close,volume,name\n2010-01-04,1,2,{name}\n" * 9
    read, notes = to_utf8(text.encode(encoding), "x.csv")
    assert read == text.encode()
    assert "--encoding names another" in notes[0]


@pytest.mark.parametrize(("encoding", "given"), [("utf-8", None), ("gbk", None), ("gbk", "gbk")])
def test_one_odd_byte_is_told_and_changes_nothing_else(encoding: str, given: str | None) -> None:
    text = "日期,收盘,成交量,名称\n2010-01-04,1,2,浦发银行\n" * 9
    read, notes = to_utf8(text.encode(encoding) + b"2010-01-05,1,2,\xff\n", "x.csv", given)
    assert read.decode() == f"{text}2010-01-05,1,2,\ufffd\n"
    assert any("does not know: 1, read as \ufffd" in note for note in notes)


def test_bytes_of_no_encoding_in_a_column_are_read_as_some_letters() -> None:
    content = b"date,close,volume,blob\n" + b"".join(b"2010-01-04,1,2,%c\x81\n" % byte for byte in range(0x80, 0x100))
    read, notes = to_utf8(content, "x.csv")
    assert read.splitlines()[0] == b"date,close,volume,blob"
    assert read.count(b"2010-01-04,1,2,") == 128
    assert "--encoding names another" in notes[0]


def test_an_encoding_that_the_user_names_is_used_or_refused() -> None:
    assert to_utf8("Größe".encode("cp850"), "x.csv", "cp850") == ("Größe".encode(), [])
    with pytest.raises(DataError, match="is not text in the encoding ascii"):
        to_utf8("Größe".encode(), "x.csv", "ascii")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0", "is an old spreadsheet"),
        (b"\x00\x01\x02", "is not text"),
        (b"\xff\xfe\x00\xd8", "is not text"),
        (b"\x89PNG\r\n\x1a\n\x0d\x03IHDR\x01", "is not text"),
    ],
)
def test_content_that_is_not_text_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        to_utf8(content, "x.csv")
