"""A directory is replaced whole or not at all, whatever kills the process."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from volopt.data.importing.place import replacing
from volopt.data.provider import open_provider
from volopt.data.staging import left_aside
from volopt.errors import DataError, DownloadError

KILLED = """
import os, pathlib, shutil, signal, sys
from volopt.data.importing.place import replacing

moment, steps, rename, remove = int(sys.argv[2]), 0, pathlib.Path.rename, shutil.rmtree

def step():
    global steps
    steps += 1
    if steps == moment:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(self, target):
    step()
    return rename(self, target)

def removed(path, ignore_errors=False):
    (path / "done" / "file").unlink(missing_ok=True)
    step()
    remove(path, ignore_errors)

pathlib.Path.rename, shutil.rmtree = counted, removed
with replacing(pathlib.Path(sys.argv[1])) as building:
    building.mkdir()
    (building / "file").write_text("new")
    step()
"""
MOMENTS = [
    "while building",
    "before the first rename",
    "between the renames",
    "after the second",
    "while clearing away",
]


def replace(directory: Path, content: str) -> None:
    with replacing(directory) as building:
        building.mkdir()
        (building / "file").write_text(content)


def fail(directory: Path) -> str:
    """Begin to replace a directory, fail, and return what was in it meanwhile."""
    meanwhile = ""
    with suppress(ZeroDivisionError), replacing(directory) as building:
        building.mkdir()
        meanwhile = (directory / "file").read_text()
        raise ZeroDivisionError
    return meanwhile


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with one file in it, which says "old"."""
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "file").write_text("old")
    return tmp_path / "place"


def test_a_directory_takes_the_place_of_the_old_one_and_nothing_is_left_beside(place: Path) -> None:
    replace(place, "new")
    assert (place / "file").read_text() == "new"
    assert [path.name for path in place.parent.iterdir()] == ["place"]


def test_a_link_stays_a_link(place: Path) -> None:
    link = place.parent / "link"
    link.symlink_to(place)
    replace(link, "new")
    assert link.is_symlink()
    assert (place / "file").read_text() == "new"


def test_an_error_while_building_leaves_the_old_one(place: Path) -> None:
    assert fail(place) == "old"
    assert (place / "file").read_text() == "old"
    assert [path.name for path in place.parent.iterdir()] == ["place"]


@pytest.mark.parametrize(
    ("moment", "there"),
    [(1, "old"), (2, "old"), (3, None), (4, "new"), (5, "new")],
    ids=MOMENTS,
)
def test_a_killed_process_leaves_the_old_or_the_new_one_whole(place: Path, moment: int, there: str | None) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(place), str(moment)], check=False)
    assert killed.returncode == -signal.SIGKILL
    if there is None:
        assert (left_aside(place) / "file").read_text() == "old"
        with pytest.raises(DataError) as caught:
            open_provider(place)
        assert str(left_aside(place)) in caught.value.hint
    else:
        assert (place / "file").read_text() == there
    assert fail(place) == (there or "old")
    replace(place, "newer")
    assert (place / "file").read_text() == "newer"
    assert [path.name for path in place.parent.iterdir()] == ["place"]


def test_half_of_an_old_one_is_never_put_back(place: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(place), "5"], check=False)
    (place / "file").unlink()
    place.rmdir()
    replace(place, "newer")
    assert (place / "file").read_text() == "newer"
    subprocess.run([sys.executable, "-c", KILLED, str(place), "5"], check=False)
    (place / "file").unlink()
    place.rmdir()
    with suppress(ZeroDivisionError), replacing(place):
        assert not place.exists()
        raise ZeroDivisionError


def test_two_at_once_are_refused(place: Path) -> None:
    with replacing(place) as building:
        building.mkdir()
        with pytest.raises(DownloadError, match="another process is writing data to"):
            replace(place, "other")
    assert not (place / "file").exists()


def test_where_nothing_can_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written: File exists"):
        replace(tmp_path / "file" / "place", "new")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DataError, match="cannot be written"):
        replace(tmp_path / "circle", "new")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is where you are"):
        replace(Path(), "new")
