import hashlib
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from volopt.data.check import check_provider
from volopt.data.download import download as module
from volopt.data.download.download import DownloadedData, check_replaceable, download, local_file
from volopt.errors import DownloadError, UsageError, VoloptError
from zip_server import Answer, Server, cut, status, whole

PARTS = ("calendars", "features", "instruments")

Get = Callable[..., DownloadedData]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty directory to download to."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def get(place: Path) -> Get:
    """Download to place/data."""

    def call(
        url: object = None, *, region: str = "cn", sha256: str | None = None, force: bool = False
    ) -> DownloadedData:
        address = None if url is None else str(url)
        return download(place / "data", region, address, sha256, force, lambda *_: None)

    return call


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def rezipped(sample: Path, target: Path, change: Callable[[Path], object]) -> Path:
    """Return a zip of the sample with a change."""
    shutil.copytree(sample, target)
    change(target)
    return Path(shutil.make_archive(str(target), "zip", target))


def test_a_data_set_is_installed_whole_and_checked(
    get: Get, zips: Server, sample: Path, sample_zip: Path, place: Path
) -> None:
    content = sample_zip.read_bytes()
    data = get(zips.url(whole(content), user="me:secret@") + "?key=secret")
    assert files(place) == {f"data/{name}": content for name, content in files(sample).items()}
    assert data.url == zips.url(whole(content))
    assert (data.bytes, data.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (data.files, data.left_out, data.replaced) == (len(files(sample)), 0, False)
    assert data.report.directory == str(place / "data")
    assert data.report.readable


def test_the_official_set_of_a_region_is_downloaded_from_the_address_of_qlib_s_getdata(
    get: Get, zips: Server, sample_zip: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pytest.importorskip("qlib.tests.data", reason="no qlib on this Python")
    latest = zips.url(whole(sample_zip.read_bytes()), path="/v2/qlib_data_us_1d_latest.zip")
    monkeypatch.setattr(data.GetData, "REMOTE_URL", latest.removesuffix("/v2/qlib_data_us_1d_latest.zip"))
    assert get(region="us").url == latest
    assert len(zips.asked) == 2  # the server has none for this qlib version
    assert (place / "data/calendars/day.txt").is_file()


@pytest.mark.parametrize("as_url", [True, False])
def test_a_local_zip_is_read_and_stays(get: Get, sample_zip: Path, as_url: bool) -> None:
    content = sample_zip.read_bytes()
    assert get(sample_zip.as_uri() if as_url else sample_zip).report.readable
    assert sample_zip.read_bytes() == content


def test_each_stage_is_reported(zips: Server, sample_zip: Path, place: Path) -> None:
    calls: list[tuple[str, int, int | None]] = []
    url = zips.url(whole(sample_zip.read_bytes()))
    download(place / "data", "cn", url, None, False, lambda *call: calls.append(call))
    assert list(dict.fromkeys(stage for stage, *_ in calls)) == ["clearing", "downloading", "unpacking", "checking"]
    assert calls[-2:] == [("checking", 7, 7), ("clearing", 0, None)]


def hostile(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../../stray", "hostile")
    return path


def encrypted(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    for start in (match.start() for match in re.finditer(b"PK\1\2", content)):
        content[start + 8] |= 1
    path.write_bytes(content)
    return path


def bad_zips(sample: Path, place: Path) -> Iterable[tuple[Path, str]]:
    unreadable = rezipped(sample, place / "a", lambda copy: (copy / "calendars/day.txt").write_text("yesterday"))
    yield unreadable, "no data that volopt can read: calendars/day.txt has 'yesterday' where a date belongs"
    yield rezipped(sample, place / "c", lambda copy: shutil.rmtree(copy / "features")), "holds no data directory"
    yield hostile(place / "d.zip"), "holds no data directory"
    yield encrypted(rezipped(sample, place / "e", lambda _: None)), "the zip is broken: File .* is encrypted"


def test_a_zip_without_a_data_set_is_refused_with_reasons_and_leaves_nothing(
    get: Get, sample: Path, place: Path, tmp_path: Path
) -> None:
    for archive, message in bad_zips(sample, tmp_path):
        with pytest.raises(DownloadError, match=message) as caught:
            get(archive)
        assert "volopt data import" in caught.value.hint
        assert ".staging" not in str(caught.value)
        assert list(place.iterdir()) == []


def test_a_data_set_with_an_unreadable_instrument_is_installed(get: Get, sample: Path, tmp_path: Path) -> None:
    archive = rezipped(sample, tmp_path / "x", lambda copy: shutil.rmtree(copy / "features/sh600000"))
    assert get(archive).report.problems[0].startswith("SH600000: ")


def test_an_error_gives_the_first_of_many_reasons(get: Get, sample: Path, tmp_path: Path) -> None:
    def spoil(copy: Path) -> None:
        for path in copy.rglob("*.bin"):
            path.write_bytes(b"123")

    with pytest.raises(DownloadError, match=r"SH000300: .*; SH000300: .*; SH000300: .*; and \d+ more problems"):
        get(rezipped(sample, tmp_path / "x", spoil))


@pytest.mark.parametrize("answer", [status(404), whole(b"<p>"), whole(b"PK"), cut(b"PK" + bytes(9), 4), status(500)])
def test_a_failed_download_leaves_nothing_and_the_old_directory(
    get: Get, zips: Server, sample: Path, place: Path, answer: Answer
) -> None:
    with pytest.raises(DownloadError):
        get(zips.url(answer))
    assert list(place.iterdir()) == []
    shutil.copytree(sample, place / "data")
    with pytest.raises(DownloadError):
        get(zips.url(answer), force=True)
    assert files(place / "data") == files(sample)
    assert [path.name for path in place.iterdir()] == ["data"]


def test_an_old_directory_is_replaced_only_by_force(
    get: Get, sample_zip: Path, other_sample: Path, place: Path
) -> None:
    shutil.copytree(other_sample, place / "data")
    with pytest.raises(UsageError, match="already exists"):
        get(sample_zip)
    assert files(place / "data") == files(other_sample)
    assert get(sample_zip, force=True).replaced
    assert files(place / "data") != files(other_sample)
    assert [path.name for path in place.iterdir()] == ["data"]


def test_a_link_stays_and_its_target_is_filled(get: Get, sample_zip: Path, tmp_path: Path, place: Path) -> None:
    (place / "data").symlink_to(tmp_path / "large_disk")
    assert not get(sample_zip).replaced
    assert get(sample_zip, force=True).replaced
    assert (place / "data").is_symlink()
    assert (tmp_path / "large_disk/calendars/day.txt").is_file()


def test_a_directory_that_appears_meanwhile_is_not_replaced(
    get: Get, sample_zip: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = check_provider

    def slow(*arguments: Any, **named: Any) -> object:
        (place / "data").mkdir()
        (place / "data" / "mine").touch()
        return check(*arguments, **named)

    monkeypatch.setattr(module, "check_provider", slow)
    with pytest.raises(UsageError, match="already exists"):
        get(sample_zip)
    assert [str(path.relative_to(place)) for path in place.rglob("*")] == ["data", "data/mine"]


def test_another_digest_is_refused_and_the_right_one_accepted(get: Get, sample_zip: Path, place: Path) -> None:
    digest = hashlib.sha256(sample_zip.read_bytes()).hexdigest()
    with pytest.raises(DownloadError, match=f"the zip has the SHA-256 {digest}, not the expected one"):
        get(sample_zip, sha256="0" * 64)
    assert list(place.iterdir()) == []
    assert get(sample_zip, sha256=digest.upper()).sha256 == digest


@pytest.mark.parametrize("wrong", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_an_invalid_digest_is_refused_before_the_download(get: Get, zips: Server, wrong: str) -> None:
    with pytest.raises(UsageError, match="is not a SHA-256"):
        get(zips.url(status(404)), sha256=wrong)
    assert zips.asked == []


def test_a_directory_that_cannot_be_written_is_an_error(get: Get, sample_zip: Path, place: Path) -> None:
    place.rmdir()
    place.write_text("in the way")
    with pytest.raises(VoloptError, match="data cannot be written: "):
        get(sample_zip)
    assert place.read_text() == "in the way"


@pytest.mark.parametrize("name", [300 * "n", "circle"])
def test_a_name_that_no_file_system_accepts_is_an_error(sample_zip: Path, place: Path, name: str) -> None:
    (place / "circle").symlink_to("circle")
    with pytest.raises(VoloptError, match=f"{name} cannot be written: "):
        download(place / name, "cn", str(sample_zip), None, False, lambda *_: None)
    assert [path.name for path in place.iterdir()] == ["circle"]


def test_a_full_disk_is_an_error_and_leaves_nothing(
    get: Get, sample_zip: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("volopt.data.download.unzip.shutil.copyfileobj", full)
    with pytest.raises(DownloadError, match="data cannot be written: No space left on device"):
        get(sample_zip)
    assert list(place.iterdir()) == []


def test_a_local_zip_without_permission_is_named(get: Get, sample_zip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(module, "_digest", locked)
    with pytest.raises(DownloadError, match=r"sample\.zip cannot be read: Permission denied"):
        get(sample_zip)


def test_a_path_and_a_file_url_name_a_local_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a b.zip"
    path.touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    for url in (str(path), path.as_uri(), path.as_uri().replace("file://", "file://localhost"), "~/a b.zip"):
        assert local_file(url) == path


@pytest.mark.parametrize("url", ["http://host/x.zip", "https://me:secret@host:8443/x.zip?key=1", "HTTP://host/"])
def test_a_server_s_address_is_no_local_file(url: str) -> None:
    assert local_file(url) is None


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host/x.zip", "http://", "http:///x.zip", "http://[::1/x.zip", "http://host:x/", "http://host:99999/"),
        *("file://elsewhere/x.zip", "://x", "data://x"),
    ],
)
def test_other_addresses_are_refused_and_their_secrets_not_repeated(url: str) -> None:
    for address in (url, url.replace("://", "://me:secret@", 1)):
        with pytest.raises(UsageError, match="is not an address that volopt can download from") as caught:
            local_file(address)
        assert "secret" not in str(caught.value)
        assert "file:///FILE.zip" in caught.value.hint


@pytest.mark.parametrize("path", ["nothing.zip", "", "\0", "/dev/zero", 300 * "x", "~no-such-user/x.zip"])
def test_a_path_without_a_file_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="does not exist or is not a file"):
        local_file(path)


def test_a_directory_that_is_missing_or_empty_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nothing", "dangling"):
        check_replaceable(tmp_path / name, force=False)


def test_a_data_directory_may_be_replaced_only_by_force(tmp_path: Path) -> None:
    for name in (*PARTS, "features_cache", "synthetic.json", "20240101120000_qlib_data_cn_1d_latest.zip"):
        (tmp_path / name).touch()
    check_replaceable(tmp_path, force=True)
    with pytest.raises(UsageError, match="already exists") as caught:
        check_replaceable(tmp_path, force=False)
    assert "--force" in caught.value.hint


@pytest.mark.parametrize("name", ["notes.txt", ".git", "data", "my.zip"])
def test_a_directory_with_other_files_is_never_replaced(tmp_path: Path, name: str) -> None:
    for part in (*PARTS, name):
        (tmp_path / part).touch()
    with pytest.raises(UsageError, match=f"it holds {name}, which is no part of a data directory"):
        check_replaceable(tmp_path, force=True)


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("file", "link"):
        for force in (True, False):
            with pytest.raises(UsageError, match=f"{name} is a file"):
                check_replaceable(tmp_path / name, force)
