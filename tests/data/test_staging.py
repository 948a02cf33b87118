"""A directory is replaced whole or not at all, also when the process is killed."""

import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from volopt.data.provider import open_provider
from volopt.data.staging import backup_path, replacing
from volopt.errors import DataError

KILLED = """
import os, pathlib, shutil, signal, sys
from volopt.data.staging import replacing

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
with replacing(pathlib.Path(sys.argv[1])) as new:
    new.mkdir()
    (new / "file").write_text("new")
    step()
"""
MOMENTS = ["while building", "before the first rename", "between the renames", "after the second", "while clearing"]


def make(directory: Path, content: str) -> Path:
    directory.mkdir(parents=True)
    (directory / "file").write_text(content)
    return directory


def replace(directory: Path, content: str) -> None:
    with replacing(directory) as new:
        make(new, content)


def fail(directory: Path) -> str:
    """Begin to replace a directory, fail, and return its content meanwhile."""
    content = ""
    with suppress(ZeroDivisionError), replacing(directory) as new:
        new.mkdir()
        content = (directory / "file").read_text()
        raise ZeroDivisionError
    return content


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a directory whose one file says "old"."""
    return make(tmp_path / "place", "old")


def test_a_new_directory_is_installed_and_nothing_else_stays(tmp_path: Path) -> None:
    target = tmp_path / "above" / "more" / "data"
    with replacing(target) as new:
        assert new.parent.parent == target.parent
        make(new, "new")
    assert (target / "file").read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_an_old_directory_is_replaced_and_gone(place: Path) -> None:
    replace(place, "new")
    assert (place / "file").read_text() == "new"
    assert names(place.parent) == ["place"]


def test_a_link_stays_a_link(place: Path) -> None:
    link = place.parent / "link"
    link.symlink_to(place)
    replace(link, "new")
    assert link.is_symlink()
    assert (place / "file").read_text() == "new"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_changes_nothing(place: Path, error: type[BaseException]) -> None:
    def work(target: Path) -> None:
        with replacing(target) as new:
            make(new, "new")
            raise error

    for target in (place, place.parent / "above" / "more" / "data"):
        with pytest.raises(error):
            work(target)
    assert (place / "file").read_text() == "old"
    assert names(place.parent) == ["place"]


def test_ctrl_c_while_the_hidden_directory_is_removed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, pressed = shutil.rmtree, [1, 2]

    def interrupted(path: Path, ignore_errors: bool = False) -> None:
        if pressed:
            (path / "zip").unlink(missing_ok=True)
            raise KeyboardInterrupt(pressed.pop())
        remove(path, ignore_errors)

    monkeypatch.setattr("volopt.data.staging.shutil.rmtree", interrupted)

    def work() -> None:
        with replacing(tmp_path / "above" / "data") as new:
            new.with_name("zip").touch()
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


def test_the_old_directory_is_restored_if_the_new_one_cannot_be_installed(place: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(place):
        pass
    assert (place / "file").read_text() == "old"
    assert names(place.parent) == ["place"]


@pytest.mark.parametrize(
    ("moment", "content"),
    [(1, "old"), (2, "old"), (3, None), (4, "new"), (5, "new")],
    ids=MOMENTS,
)
def test_a_killed_process_leaves_the_old_or_the_new_directory_whole(
    place: Path, moment: int, content: str | None
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(place), str(moment)], check=False)
    assert killed.returncode == -signal.SIGKILL
    if content is None:
        assert (backup_path(place) / "file").read_text() == "old"
        with pytest.raises(DataError) as caught:
            open_provider(place)
        assert str(backup_path(place)) in caught.value.hint
    else:
        assert (place / "file").read_text() == content
    assert fail(place) == (content or "old")
    replace(place, "newer")
    assert (place / "file").read_text() == "newer"
    assert names(place.parent) == ["place"]


def test_half_of_an_old_directory_is_never_restored(place: Path) -> None:
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


def test_files_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    hidden = tmp_path / ".data.staging"
    make(hidden / "new", "half")
    (hidden / "zip").write_bytes(b"half")
    (hidden / "link").symlink_to(tmp_path)
    with suppress(ZeroDivisionError), replacing(tmp_path / "data") as new:
        assert new.parent == hidden
        assert names(hidden) == ["lock"]
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_second_process_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with replacing(tmp_path / "data") as new:
        make(new, "first")
        with pytest.raises(DataError, match="another process is writing data to"):
            replace(tmp_path / "data", "second")
        replace(tmp_path / "other", "other")
    assert (tmp_path / "data" / "file").read_text() == "first"


def test_a_link_in_place_of_the_hidden_directory_is_not_followed(tmp_path: Path) -> None:
    precious = make(tmp_path / "precious", "mine")
    (tmp_path / ".data.staging").symlink_to(precious)
    with pytest.raises(DataError, match="belongs to another user"):
        replace(tmp_path / "data", "new")
    assert (precious / "file").read_text() == "mine"


def test_the_current_directory_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    with pytest.raises(DataError, match="holds the current directory"), replacing(tmp_path / "here"):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]
