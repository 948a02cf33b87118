import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from volopt.data.download import download as module
from volopt.data.download.download import DownloadedData, download
from volopt.errors import DownloadError, UsageError, VoloptError
from zip_server import Answer, Server, cut, status, whole

Get = Callable[..., DownloadedData]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty directory to load into."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def get(place: Path) -> Get:
    """Loads to place/data."""

    def call(
        url: object = None, *, region: str = "cn", sha256: str | None = None, force: bool = False
    ) -> DownloadedData:
        given = None if url is None else str(url)
        return download(place / "data", region, given, sha256, force, lambda *_: None)

    return call


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def rezipped(sample: Path, target: Path, change: Callable[[Path], object]) -> Path:
    """A zip of the sample with a change."""
    shutil.copytree(sample, target)
    change(target)
    return Path(shutil.make_archive(str(target), "zip", target))


def test_a_data_set_arrives_whole_and_checked(
    get: Get, zips: Server, sample: Path, sample_zip: Path, place: Path
) -> None:
    content = sample_zip.read_bytes()
    arrived = get(zips.url(whole(content), user="me:secret@") + "?key=secret")
    assert files(place) == {f"data/{name}": content for name, content in files(sample).items()}
    assert arrived.url == zips.url(whole(content))
    assert (arrived.bytes, arrived.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (arrived.files, arrived.left_out, arrived.replaced) == (len(files(sample)), 0, False)
    assert arrived.report.directory == str(place / "data")
    assert arrived.report.readable


def test_the_official_set_of_a_region_is_loaded_from_where_qlib_s_getdata_says(
    get: Get, zips: Server, sample_zip: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pytest.importorskip("qlib.tests.data", reason="no qlib on this Python")
    latest = zips.url(whole(sample_zip.read_bytes()), path="/v2/qlib_data_us_1d_latest.zip")
    monkeypatch.setattr(data.GetData, "REMOTE_URL", latest.removesuffix("/v2/qlib_data_us_1d_latest.zip"))
    assert get(region="us").url == latest
    assert len(zips.asked) == 2  # there was none for this very version
    assert (place / "data/calendars/day.txt").is_file()


@pytest.mark.parametrize("as_url", [True, False])
def test_a_zip_at_hand_is_taken_and_stays(get: Get, sample_zip: Path, as_url: bool) -> None:
    before = sample_zip.read_bytes()
    assert get(sample_zip.as_uri() if as_url else sample_zip).report.readable
    assert sample_zip.read_bytes() == before


def test_each_stage_is_told(zips: Server, sample_zip: Path, place: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    url = zips.url(whole(sample_zip.read_bytes()))
    download(place / "data", "cn", url, None, False, lambda *heard: told.append(heard))
    assert list(dict.fromkeys(stage for stage, *_ in told)) == ["clearing", "loading", "unpacking", "checking"]
    assert told[-2:] == [("checking", 2, 2), ("clearing", 0, None)]


def hostile(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../stray", "hostile")
    return path


def bad_zips(sample: Path, place: Path) -> Iterable[tuple[Path, str]]:
    none = rezipped(sample, place / "a", lambda copy: (copy / "calendars/day.txt").write_text("yesterday"))
    yield none, "no data that volopt can read: calendars/day.txt has 'yesterday' where a date belongs"
    yield rezipped(sample, place / "b", lambda copy: shutil.rmtree(copy / "features/sh600000")), ""
    yield rezipped(sample, place / "c", lambda copy: shutil.rmtree(copy / "features")), "holds no data directory"
    yield hostile(place / "d.zip"), "leads out of its directory"


def test_what_is_no_data_set_is_refused_with_its_reasons_and_leaves_nothing(
    get: Get, sample: Path, place: Path, tmp_path: Path
) -> None:
    for archive, told in bad_zips(sample, tmp_path):
        if told:
            with pytest.raises(DownloadError, match=told) as caught:
                get(archive)
            assert "volopt data import" in caught.value.hint
            assert ".staging" not in str(caught.value)
            assert list(place.iterdir()) == []
        else:
            assert get(archive).report.problems[0].startswith("SH600000: ")
            shutil.rmtree(place / "data")


def test_of_many_reasons_the_first_are_told(get: Get, sample: Path, tmp_path: Path) -> None:
    def spoil(copy: Path) -> None:
        for path in copy.rglob("*.bin"):
            path.write_bytes(b"123")

    with pytest.raises(DownloadError, match=r"SH000300: .*; SH000300: .*; SH000300: .*; and \d+ more problems"):
        get(rezipped(sample, tmp_path / "x", spoil))


@pytest.mark.parametrize("answer", [status(404), whole(b"<p>"), whole(b"PK"), cut(b"PK" + bytes(9), 4), status(500)])
def test_what_does_not_arrive_leaves_nothing_and_an_old_one_as_it_was(
    get: Get, zips: Server, sample: Path, place: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr("volopt.data.download.http.time.sleep", lambda _: None)
    with pytest.raises(DownloadError):
        get(zips.url(answer))
    assert list(place.iterdir()) == []
    shutil.copytree(sample, place / "data")
    with pytest.raises(DownloadError):
        get(zips.url(answer), force=True)
    assert files(place / "data") == files(sample)
    assert [path.name for path in place.iterdir()] == ["data"]


def test_an_old_one_is_replaced_by_force_alone(get: Get, sample_zip: Path, other_sample: Path, place: Path) -> None:
    shutil.copytree(other_sample, place / "data")
    with pytest.raises(UsageError, match="is there already"):
        get(sample_zip)
    assert files(place / "data") == files(other_sample)
    assert get(sample_zip, force=True).replaced
    assert files(place / "data") != files(other_sample)
    assert [path.name for path in place.iterdir()] == ["data"]


def test_a_link_stays_and_what_it_points_to_is_filled(get: Get, sample_zip: Path, tmp_path: Path, place: Path) -> None:
    (place / "data").symlink_to(tmp_path / "large_disk")
    assert not get(sample_zip).replaced
    assert get(sample_zip, force=True).replaced
    assert (place / "data").is_symlink()
    assert (tmp_path / "large_disk/calendars/day.txt").is_file()


def test_what_came_in_the_meantime_is_not_replaced(
    get: Get, sample_zip: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = module.check_provider

    def slow(*arguments: Any, **named: Any) -> object:
        (place / "data").mkdir()
        (place / "data" / "mine").touch()
        return check(*arguments, **named)

    monkeypatch.setattr(module, "check_provider", slow)
    with pytest.raises(UsageError, match="is there already"):
        get(sample_zip)
    assert [str(path.relative_to(place)) for path in place.rglob("*")] == ["data", "data/mine"]


def test_another_digest_is_refused_and_the_right_one_taken(get: Get, sample_zip: Path, place: Path) -> None:
    found = hashlib.sha256(sample_zip.read_bytes()).hexdigest()
    with pytest.raises(DownloadError, match=f"the zip has not that SHA-256 but {found}"):
        get(sample_zip, sha256="0" * 64)
    assert list(place.iterdir()) == []
    assert get(sample_zip, sha256=found.upper()).sha256 == found


@pytest.mark.parametrize("wrong", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_a_digest_that_is_none_is_refused_before_anything_is_loaded(get: Get, zips: Server, wrong: str) -> None:
    with pytest.raises(UsageError, match="is no SHA-256"):
        get(zips.url(status(404)), sha256=wrong)
    assert zips.asked == []


def test_a_place_that_cannot_be_written_is_told(get: Get, sample_zip: Path, place: Path) -> None:
    place.rmdir()
    place.write_text("in the way")
    with pytest.raises(VoloptError, match="data cannot be written: "):
        get(sample_zip)
    assert place.read_text() == "in the way"


@pytest.mark.parametrize("name", [300 * "n", "circle"])
def test_a_name_that_leads_nowhere_is_told(sample_zip: Path, place: Path, name: str) -> None:
    (place / "circle").symlink_to("circle")
    with pytest.raises(VoloptError, match=f"{name} cannot be written: "):
        download(place / name, "cn", str(sample_zip), None, False, lambda *_: None)
    assert [path.name for path in place.iterdir()] == ["circle"]


def test_a_full_disk_is_told_and_leaves_nothing(
    get: Get, sample_zip: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("volopt.data.download.unzip.shutil.copyfileobj", full)
    with pytest.raises(DownloadError, match="data cannot be written: No space left on device"):
        get(sample_zip)
    assert list(place.iterdir()) == []


def test_a_zip_that_may_not_be_read_is_named(get: Get, sample_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(module, "_digest", locked)
    with pytest.raises(DownloadError, match=r"sample\.zip cannot be read: Permission denied"):
        get(sample_zip)
