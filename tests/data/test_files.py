from pathlib import Path

import pytest

from volopt.data.files import path_inside, read_bounded, read_lines
from volopt.errors import DataError


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "link", "circle", "\0"])
def test_no_path_leaves_the_directory_by_its_name_or_through_a_link(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "inner"
    directory.mkdir()
    (tmp_path / "outside").write_text("secret")
    (directory / "link").symlink_to(tmp_path / "outside")
    (directory / "circle").symlink_to(directory / "circle")
    with pytest.raises(DataError, match="leads out of"):
        path_inside(directory, name)


def test_a_file_at_its_limit_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(DataError, match="larger than the limit of 4 bytes"):
        read_bounded(path, 4)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "nothing", "is missing"), (tmp_path, "is not a file")):
        with pytest.raises(DataError, match=reason):
            read_bounded(path, 5)


def test_a_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8 text"):
        read_lines(tmp_path / "file", 10)


def test_lines_are_stripped_and_blank_ones_dropped(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(" a \r\n\n\tb\n")
    assert read_lines(tmp_path / "file", 100) == ["a", "b"]
