"""A directory is replaced whole or not at all, whatever kills the process."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from volopt.data.place import previous, replacing
from volopt.data.provider import open_provider
from volopt.errors import DataError

KILLED = """
import os, pathlib, signal, sys
from volopt.data.place import replacing

renames, rename = 0, pathlib.Path.replace

def replace(self, target):
    global renames
    renames += 1
    if renames == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

pathlib.Path.replace = replace
with replacing(pathlib.Path(sys.argv[1])) as building:
    building.mkdir()
    (building / "file").write_text("new")
    if sys.argv[2] == "0":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def replace(directory: Path, content: str) -> None:
    with replacing(directory) as building:
        building.mkdir()
        (building / "file").write_text(content)


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


def test_a_directory_may_be_new_and_its_parents_too(tmp_path: Path) -> None:
    replace(tmp_path / "a" / "b", "new")
    assert (tmp_path / "a" / "b" / "file").read_text() == "new"


def test_a_link_stays_a_link(place: Path) -> None:
    link = place.parent / "link"
    link.symlink_to(place)
    replace(link, "new")
    assert link.is_symlink()
    assert (place / "file").read_text() == "new"


def fail(directory: Path) -> str:
    """Begin to replace a directory, fail, and return what was in it meanwhile."""
    meanwhile = ""
    with suppress(ZeroDivisionError), replacing(directory) as building:
        building.mkdir()
        meanwhile = (directory / "file").read_text()
        raise ZeroDivisionError
    return meanwhile


def test_an_error_while_building_leaves_the_old_one(place: Path) -> None:
    assert fail(place) == "old"
    assert (place / "file").read_text() == "old"
    assert [path.name for path in place.parent.iterdir()] == ["place"]


def test_an_interrupt_between_the_renames_loses_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "building":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace(place, "new")
    assert (place / "file").read_text() == "old"
    assert [path.name for path in place.parent.iterdir()] == ["place"]


@pytest.mark.parametrize(
    ("moment", "there"),
    [("0", "old"), ("1", "old"), ("2", None), ("3", "new")],
    ids=["while building", "before the first rename", "between the renames", "after the second"],
)
def test_a_killed_process_leaves_the_old_or_the_new_one_whole(place: Path, moment: str, there: str | None) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(place), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    if there is None:
        assert (previous(place) / "file").read_text() == "old"
        with pytest.raises(DataError) as caught:
            open_provider(place)
        assert str(previous(place)) in caught.value.hint
    else:
        assert (place / "file").read_text() == there
    assert fail(place) == (there or "old")
    assert (place / "file").read_text() == (there or "old")
    replace(place, "newer")
    assert (place / "file").read_text() == "newer"
    assert [path.name for path in place.parent.iterdir()] == ["place"]


def test_two_at_once_are_refused(place: Path) -> None:
    with replacing(place) as building:
        building.mkdir()
        with pytest.raises(DataError, match="is being written by another import"):
            replace(place, "other")
    assert not (place / "file").exists()


def test_a_lock_that_nobody_holds_is_no_hindrance(place: Path) -> None:
    work = previous(place).parent
    work.mkdir()
    with FileLock(work / "lock"):
        pass
    replace(place, "new")
    assert (place / "file").read_text() == "new"


def test_where_nothing_can_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written: Not a directory"):
        replace(tmp_path / "file" / "place", "new")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DataError, match="cannot be written"):
        replace(tmp_path / "circle", "new")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is where you are"):
        replace(Path(), "new")
