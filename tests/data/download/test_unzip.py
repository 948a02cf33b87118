import contextlib
import stat
import tempfile
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from volopt.data.download import unzip as module
from volopt.data.download.unzip import unpack
from volopt.errors import DownloadError

GOOD = {"calendars/day.txt": b"2010-01-04\n", "instruments/all.txt": b"A\n", "features/a/close.day.bin": b"1234"}
SERIES = "features/a/x.day.bin"
new_names = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example uses its own names


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # of duplicate names
        for name, content in entries:
            file.writestr(name, content)
    return path


def unpacked(path: Path, tmp_path: Path) -> dict[str, bytes]:
    target = tmp_path / "new"
    unpack(path, target, lambda *_: None)
    return {str(file.relative_to(target)): file.read_bytes() for file in target.rglob("*") if file.is_file()}


def refused(tmp_path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], message: str) -> None:
    """Assert that the good files together with these are refused."""
    archive = zipped(tmp_path / "x.zip", *GOOD.items(), *entries)
    with pytest.raises(DownloadError, match=message) as caught:
        unpack(archive, tmp_path / "new", lambda *_: None)
    assert "volopt data sample" in caught.value.hint


@pytest.mark.parametrize("top", ["", "cn_data/"])
def test_a_provider_at_the_top_or_in_one_folder_is_unpacked(tmp_path: Path, top: str) -> None:
    path = zipped(tmp_path / "x.zip", *((top + name, content) for name, content in GOOD.items()))
    assert unpacked(path, tmp_path) == GOOD


def test_only_files_of_a_provider_are_unpacked_and_the_others_counted(tmp_path: Path) -> None:
    more = {
        "synthetic.json": b"{}",
        SERIES: b"",
        "features/^gspc/adj_close.1min.bin": b"",
        "features/_qlib_con/close.day.bin": b"",
        "features/brk.b/close.day.bin": b"",
        "calendars/day_future.txt": b"",
        "instruments/csi300.txt": b"",
    }
    others = {
        "README.txt": b"",
        "__MACOSX/._x": b"",
        "features/stray": b"",
        "features_cache/x.pkl": b"",
        "e/m/p/t/y": b"",
        "other/calendars/day.txt": b"",
    }
    path = zipped(tmp_path / "x.zip", *(GOOD | more | others).items(), ("features/", b""))
    calls: list[tuple[int, int | None]] = []
    assert unpack(path, tmp_path / "one", lambda *call: calls.append(call)) == (10, 6)
    assert calls == [(done, 10) for done in range(11)]
    assert unpacked(path, tmp_path) == GOOD | more


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../x", "features/../../x.day.bin", "features/./x.day.bin", "features//x.day.bin", "..", "."),
        *("/calendars/x.txt", "../../calendars/x.txt", "calendars/..", "calendars/../x.txt", "calendars/.txt"),
        *("features/../x.day.bin", "features/.a/x.day.bin", "features/a/../x.day.bin", "features/a/x/y.day.bin"),
        *("C:x", "C:\\calendars\\x.txt", "calendars\\x.txt", "features/a/..\\x.day.bin", "features/a:b/x.day.bin"),
        *("calendars/a\nb.txt", "calendars/x.txt\n", "calendars/\x1b[31mb.txt", "calendars/\u202eb.txt"),
        *("features/é/x.day.bin", "features/a b/x.day.bin", "features/a/x.day.bin.exe", "CALENDARS/day.txt"),
        *("features/" + 300 * "n" + "/x.day.bin", "features/a/" + 300 * "n" + ".day.bin", "synthetic.json/x"),
    ],
)
def test_a_name_that_is_not_of_a_provider_s_file_is_left_out(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items(), (name, b"hostile"))
    assert unpack(path, tmp_path / "one", lambda *_: None) == (3, 1)
    assert unpacked(path, tmp_path) == GOOD


def test_a_hostile_folder_above_the_provider_is_not_created(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", *(("../" + name, content) for name, content in GOOD.items()))
    assert unpacked(path, tmp_path / "in") == GOOD
    assert [each.name for each in (tmp_path / "in").iterdir()] == ["new"]


def test_a_name_with_a_nul_in_it_is_cut_there(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items(), (f"{SERIES}@../../y", b"1234"))
    path.write_bytes(path.read_bytes().replace(b"bin@", b"bin\0"))
    assert unpacked(path, tmp_path) == GOOD | {SERIES: b"1234"}


def test_a_file_that_the_zip_holds_twice_refuses_it(tmp_path: Path) -> None:
    refused(tmp_path, (SERIES, b"1"), (SERIES, b"2"), message=f'the zip holds "{SERIES}" twice')


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_pipes_and_devices_become_regular_files(tmp_path: Path, kind: int) -> None:
    entry = zipfile.ZipInfo(SERIES)
    entry.external_attr = (kind | 0o6777) << 16
    assert unpacked(zipped(tmp_path / "x.zip", *GOOD.items(), (entry, b"/etc/passwd")), tmp_path)[SERIES]
    mode = (tmp_path / "new" / SERIES).lstat().st_mode
    assert stat.S_ISREG(mode)
    assert not mode & 0o7111


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_refuse_the_zip(tmp_path: Path, method: int) -> None:
    entry = zipfile.ZipInfo(SERIES)
    entry.compress_type = method
    refused(tmp_path, (entry, b""), message="is compressed by another method than deflate")


def test_an_encrypted_entry_refuses_the_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DownloadError, match="is encrypted"):
        unpack(path, tmp_path / "new", lambda *_: None)


def test_a_bomb_refuses_the_zip_before_anything_is_written(tmp_path: Path) -> None:
    refused(tmp_path, (SERIES, bytes(10_000_000)), message=r"would unpack to 10.0 MB")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MAX_MEMBERS", "3 files, more than 2"),
        ("MAX_FILE_BYTES", "would unpack"),
        ("MAX_BYTES", "would unpack"),
        ("MAX_TABLE_BYTES", "too long"),
    ],
)
def test_each_limit_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, message: str) -> None:
    monkeypatch.setattr(module, limit, 2)
    refused(tmp_path, message=message)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("missing", GOOD)
def test_a_zip_without_all_parts_of_a_provider_is_refused(tmp_path: Path, missing: str) -> None:
    path = zipped(tmp_path / "x.zip", *((name, content) for name, content in GOOD.items() if name != missing))
    with pytest.raises(DownloadError, match="the zip holds no data directory"):
        unpacked(path, tmp_path)


def test_a_zip_with_two_providers_or_one_too_deep_is_refused(tmp_path: Path) -> None:
    two = zipped(tmp_path / "2.zip", *((top + name, content) for name, content in GOOD.items() for top in ("a/", "b/")))
    with pytest.raises(DownloadError, match="holds several data directories"):
        unpacked(two, tmp_path)
    deep = zipped(tmp_path / "3.zip", *(("a/b/" + name, content) for name, content in GOOD.items()))
    with pytest.raises(DownloadError, match="holds no data directory"):
        unpacked(deep, tmp_path)


def test_a_wrong_crc_refuses_the_zip(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:  # without compression
        for name, content in GOOD.items():
            file.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(b"1234", b"1235"))
    with pytest.raises(DownloadError, match=r"the zip is broken: Bad CRC-32 for file 'features/a/close.day.bin'"):
        unpacked(path, tmp_path)


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "new/calendars").mkdir(parents=True)
    (tmp_path / "new/calendars/day.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        unpacked(zipped(tmp_path / "x.zip", *GOOD.items()), tmp_path)
    assert (tmp_path / "new/calendars/day.txt").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\5\6" + bytes(18)])
def test_a_file_that_is_not_a_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DownloadError, match="the zip "):
        unpacked(tmp_path / "x.zip", tmp_path)


def attempt(path: Path, directory: Path) -> None:
    """Unpack or refuse: in either case only the target is created, with nothing but files in it."""
    with tempfile.TemporaryDirectory(dir=directory) as name:
        place = Path(name)
        target = place / "in" / "new"
        with contextlib.suppress(DownloadError):
            unpack(path, target, lambda *_: None)
        kinds = {each: stat.S_IFMT(each.lstat().st_mode) for each in place.rglob("*")}
        assert set(kinds.values()) <= {stat.S_IFREG, stat.S_IFDIR}
        assert all(each in (target, target.parent) or each.is_relative_to(target) for each in kinds)
    assert list(directory.iterdir()) == [path]


parts = st.lists(st.sampled_from(["..", ".", "", "a", "A", "x.txt", "features", "calendars", "é", "x\\y", "~", "C:"]))


@new_names
@given(st.lists(st.one_of(parts.map("/".join), st.text(max_size=20)), max_size=5))
@example(["../../stray", "../in/stray"])
def test_no_name_leads_out_of_the_target(tmp_path: Path, hostile: list[str]) -> None:
    entries = [(name, b"hostile") for name in hostile if name and name.isprintable()]
    attempt(zipped(tmp_path / "x.zip", *GOOD.items(), *entries), tmp_path)


@new_names
@given(st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
@example([(1068, b"\0")])  # an empty name
def test_any_damage_is_refused_or_harmless(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items())
    content = bytearray(path.read_bytes())
    for at, new in changes:
        start = at % len(content)
        content[start : start + len(new)] = new
    path.write_bytes(content)
    attempt(path, tmp_path)


@new_names
@given(st.integers(0, 1000))
def test_any_truncated_zip_is_refused(tmp_path: Path, at: int) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items())
    content = path.read_bytes()
    path.write_bytes(content[: at % len(content)])
    with pytest.raises(DownloadError):
        unpack(path, tmp_path / "never", lambda *_: None)
