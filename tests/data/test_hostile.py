"""Nothing outside a stranger's data directory is read, nothing without a limit; any bytes give one kind of error."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volopt.data import qlib_reader
from volopt.data.check import ProviderReport, check_provider
from volopt.data.frame import load_frames
from volopt.data.provider import MAX_LIST_BYTES, open_provider
from volopt.data.readers import READERS
from volopt.definition.plain_text import is_plain
from volopt.errors import DataError

LISTS = ["calendars/day.txt", "instruments/all.txt"]
SERIES = "features/sh600000/close.day.bin"


def refused(directory: Path, reader: str = "native") -> DataError:
    with pytest.raises(DataError) as caught:
        load_frames(directory, "SH600000", ["$close"], None, None, reader=reader)
    return caught.value


def grow(path: Path, size: int) -> None:
    """Make a file larger than memory that takes no disk space."""
    with path.open("r+b") as file:
        file.truncate(size)


@pytest.mark.parametrize("name", [*LISTS, SERIES])
@pytest.mark.usefixtures("little_memory")
def test_a_file_of_ten_gigabytes_is_read_only_to_the_limit(provider_dir: Path, name: str) -> None:
    grow(provider_dir / name, 10**10)
    error = refused(provider_dir)
    report = check_provider(provider_dir)
    assert f"{name} is larger than the limit of " in error.message
    assert any("is larger than" in problem for problem in report.problems)


def test_the_lists_are_read_up_to_their_bound(provider_dir: Path) -> None:
    path = provider_dir / "instruments/all.txt"
    line = path.read_text().splitlines()[0] + "\n"
    path.write_text(line * (MAX_LIST_BYTES // len(line)))
    assert len(open_provider(provider_dir).instruments["SH600000"]) > 30_000


@pytest.mark.parametrize("name", [*LISTS, SERIES])
def test_a_pipe_in_place_of_a_file_is_refused(provider_dir: Path, name: str) -> None:
    (provider_dir / name).unlink()
    os.mkfifo(provider_dir / name)
    assert refused(provider_dir).message == f"{provider_dir / name} is not a file"
    assert any("is not a file" in problem for problem in check_provider(provider_dir).problems)


@pytest.mark.parametrize("name", ["calendars", "instruments", "features", "features/sh600000", *LISTS, SERIES])
@pytest.mark.parametrize("place", ["elsewhere", "/dev/zero", "/", "itself"])
def test_a_link_that_leads_out_is_not_followed(provider_dir: Path, tmp_path: Path, name: str, place: str) -> None:
    path = provider_dir / name
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to({"elsewhere": tmp_path / "elsewhere", "itself": path}.get(place, Path(place)))
    assert "leads out of" in refused(provider_dir).message
    report = check_provider(provider_dir, None)
    assert any("leads out of" in problem for problem in report.problems)


def test_a_link_within_the_directory_is_followed(provider_dir: Path) -> None:
    path = provider_dir / SERIES
    path.rename(path.with_name("really"))
    path.symlink_to("really")
    assert load_frames(provider_dir, "SH600000", ["$close"], None, None, reader="native")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_directory_can_have_is_a_missing_one(tmp_path: Path, name: str) -> None:
    assert "does not exist" in refused(tmp_path / name).message
    assert "does not exist" in check_provider(tmp_path / name).problems[0]


@pytest.mark.usefixtures("little_memory")
def test_fields_beyond_those_that_are_checked_are_not_kept_in_memory(provider_dir: Path) -> None:
    days = pd.bdate_range("1900-01-01", "2010-07-30")
    (provider_dir / "calendars/day.txt").write_text("\n".join(map(str, days.date)))
    for number in range(200):
        path = provider_dir / f"features/sh600000/x{number}.day.bin"
        path.write_bytes(np.zeros(len(days), "<f4").tobytes())
    assert check_provider(provider_dir, "SH600000").days == len(days)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["calendars/day_future.txt", "features/sh600000/close.1min.bin", "instruments/x.txt"])
def test_files_that_no_frame_needs_do_no_harm(provider_dir: Path, reader: str, name: str) -> None:
    (provider_dir / name).write_bytes(b"\xffjunk\n")
    frames, _ = load_frames(provider_dir, "SH600000", ["$close"], None, None, reader=reader)
    assert len(frames[0].dates) == 147


@pytest.mark.skipif(not qlib_reader.available(), reason="pyqlib has no wheels for this Python")
def test_a_directory_that_qlib_cannot_read_is_named(provider_dir: Path) -> None:
    """It takes the name of every other text file beside the calendar for a frequency."""
    (provider_dir / "calendars/notes.txt").write_text("")
    assert "qlib cannot read" in refused(provider_dir, "qlib").message


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_lines_end_where_qlib_ends_them(provider_dir: Path, separator: str) -> None:
    path = provider_dir / "calendars/day.txt"
    path.write_text(path.read_text().replace("\n", separator, 1), encoding="utf-8")
    assert "where a date belongs" in refused(provider_dir).message


FILES = [*LISTS, SERIES, "features/sh600000/volume.day.bin"]
BYTES = st.binary(max_size=400)
TEXTS = st.lists(
    st.sampled_from(["2010-01-04", "2010-07-30", "SH600000", "\t", "\n", "..", "\x1b[31m", "é"]), max_size=30
)
FLOATS = st.lists(st.floats(width=32), max_size=151).map(lambda values: np.array(values, "<f4").tobytes())
STARTS = st.lists(st.floats(width=32), max_size=100).map(lambda values: np.array([40, *values], "<f4").tobytes())


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_in_place_of_a_file_are_read_or_refused(provider_dir: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(shutil.copytree(provider_dir, Path(temporary) / "p"))
        name = data.draw(st.sampled_from(FILES))
        content = data.draw(st.one_of(BYTES, TEXTS.map(lambda words: "".join(words).encode()), FLOATS, STARTS))
        (directory / name).write_bytes(content)
        report = check_provider(directory)
        assert isinstance(report, ProviderReport)
        assert all(map(is_plain, report.problems))
        for reader in READERS:
            try:
                frames, _ = load_frames(directory, "SH600000", ["$close", "Log($volume)"], None, None, reader=reader)
            except DataError as error:
                message = error.message + error.hint
            else:
                message = ""
                assert np.isfinite(frames[0].values).all()
            assert is_plain(message)
