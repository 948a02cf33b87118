import shutil
from pathlib import Path

import pytest

from volopt.data.staging import put, refuse_taken, staging
from volopt.errors import DownloadError, UsageError

PARTS = ("calendars", "features", "instruments")


def provider(directory: Path, mark: str) -> Path:
    for part in PARTS:
        (directory / part).mkdir(parents=True)
    (directory / "calendars" / "day.txt").write_text(mark)
    return directory


def mark(directory: Path) -> str:
    return (directory / "calendars" / "day.txt").read_text()


def test_what_is_made_takes_its_place_and_nothing_else_stays(tmp_path: Path) -> None:
    target = tmp_path / "above" / "more" / "data"
    with staging(target) as hidden:
        assert hidden.parent == target.parent
        put(provider(hidden / "made", "new"), target, hidden)
    assert mark(target) == "new"
    assert list(target.parent.iterdir()) == [target]


def test_an_old_one_is_replaced_and_gone(tmp_path: Path) -> None:
    target = provider(tmp_path / "data", "old")
    with staging(target) as hidden:
        put(provider(hidden / "made", "new"), target, hidden)
    assert mark(target) == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_whatever_ends_the_work_everything_is_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    old = provider(tmp_path / "data", "old")

    def work(target: Path) -> None:
        with staging(target) as hidden:
            provider(hidden / "made", "new")
            raise error

    for target in (old, tmp_path / "above" / "more" / "data"):
        with pytest.raises(error):
            work(target)
    assert mark(old) == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_ctrl_c_while_all_is_cleared_away_still_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove, pressed = shutil.rmtree, [1, 2]

    def impatient(path: Path, ignore_errors: bool = False) -> None:
        if pressed:
            (path / "zip").unlink(missing_ok=True)
            raise KeyboardInterrupt(pressed.pop())
        remove(path, ignore_errors)

    monkeypatch.setattr("volopt.data.staging.shutil.rmtree", impatient)

    def work() -> None:
        with staging(tmp_path / "above" / "data") as hidden:
            (hidden / "zip").touch()
            provider(hidden / "made", "new")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


def test_an_old_one_comes_back_if_the_new_one_cannot_take_its_place(tmp_path: Path) -> None:
    target = provider(tmp_path / "data", "old")
    with pytest.raises(FileNotFoundError), staging(target) as hidden:
        put(hidden / "nothing", target, hidden)
    assert mark(target) == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    hidden = tmp_path / ".data.staging"
    provider(hidden / "provider", "half")
    (hidden / "zip").write_bytes(b"half")
    (hidden / "link").symlink_to(tmp_path)
    with staging(tmp_path / "data") as found:
        assert found == hidden
        assert [path.name for path in hidden.iterdir()] == ["lock"]
    assert list(tmp_path.iterdir()) == []


def test_an_old_one_that_a_killed_process_had_moved_aside_comes_back(tmp_path: Path) -> None:
    provider(tmp_path / ".data.staging" / "old", "old")
    with staging(tmp_path / "data"):
        assert mark(tmp_path / "data") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_second_process_for_the_same_directory_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    with staging(tmp_path / "data") as hidden:
        (hidden / "zip").touch()
        with pytest.raises(DownloadError, match="another process is writing data to"), staging(tmp_path / "data"):
            pass
        assert (hidden / "zip").exists()
        with staging(tmp_path / "other"):
            pass


def test_a_link_in_place_of_the_hidden_directory_is_not_followed(tmp_path: Path) -> None:
    precious = provider(tmp_path / "precious", "mine")
    (tmp_path / ".data.staging").symlink_to(precious)
    with pytest.raises(DownloadError, match="is another user's"), staging(tmp_path / "data"):
        pass
    assert mark(precious) == "mine"


def test_nothing_and_an_empty_directory_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nothing", "dangling"):
        refuse_taken(tmp_path / name, force=False)


def test_a_data_directory_may_be_replaced_only_by_force(tmp_path: Path) -> None:
    provider(tmp_path, "old")
    for name in ("features_cache", "synthetic.json", "20240101120000_qlib_data_cn_1d_latest.zip"):
        (tmp_path / name).touch()
    refuse_taken(tmp_path, force=True)
    with pytest.raises(UsageError, match="is there already") as caught:
        refuse_taken(tmp_path, force=False)
    assert "--force" in caught.value.hint


@pytest.mark.parametrize("name", ["notes.txt", ".git", "data", "my.zip"])
def test_what_holds_anything_else_is_never_replaced(tmp_path: Path, name: str) -> None:
    provider(tmp_path, "old")
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match=f"it holds {name}, which is no part of a data directory"):
        refuse_taken(tmp_path, force=True)


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("file", "link"):
        for force in (True, False):
            with pytest.raises(UsageError, match=f"{name} is a file"):
                refuse_taken(tmp_path / name, force)
