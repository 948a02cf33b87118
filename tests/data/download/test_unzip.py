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
anew = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example has its own names


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # of names that are there already
        for name, content in entries:
            file.writestr(name, content)
    return path


def opened(path: Path, tmp_path: Path) -> dict[str, bytes]:
    target = tmp_path / "made"
    unpack(path, target, lambda *_: None)
    return {str(file.relative_to(target)): file.read_bytes() for file in target.rglob("*") if file.is_file()}


def refused(tmp_path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], told: str) -> None:
    """Assert that the good files with these are refused, and that nothing is written."""
    archive = zipped(tmp_path / "x.zip", *GOOD.items(), *entries)
    with pytest.raises(DownloadError, match=told) as caught:
        unpack(archive, tmp_path / "made", lambda *_: None)
    assert "volopt data sample" in caught.value.hint
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("top", ["", "cn_data/"])
def test_a_provider_at_the_top_or_one_folder_below_is_unpacked(tmp_path: Path, top: str) -> None:
    path = zipped(tmp_path / "x.zip", *((top + name, content) for name, content in GOOD.items()))
    assert opened(path, tmp_path) == GOOD


def test_only_what_belongs_to_a_provider_is_unpacked_and_the_rest_counted(tmp_path: Path) -> None:
    more = {"synthetic.json": b"{}", "features/a/x.day.bin": b"", "calendars/day_future.txt": b""}
    rest = {
        "README.txt": b"",
        "__MACOSX/._x": b"",
        "features/stray": b"",
        "features_cache/x.pkl": b"",
        "e/m/p/t/y": b"",
    }
    path = zipped(tmp_path / "x.zip", *(GOOD | more | rest).items(), ("features/", b""))
    told: list[tuple[int, int | None]] = []
    assert unpack(path, tmp_path / "one", lambda *heard: told.append(heard)) == (6, 5)
    assert told == [(done, 6) for done in range(7)]
    assert opened(path, tmp_path) == GOOD | more


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../x", "features/../../x", "features/./x", "features//x", "..", ".", "/", "features/a/.."),
        *("a\\b", "C:x", "C:\\x", "..\\x", "x:stream", "a\nb", "a\x1b[31mb", "\u202eb", "a*b", 'a"b', "a|b"),
        *("features/con/close.day.bin", "NUL", "nul.txt", "a/COM1", "lpt9.x.y", "AUX .txt", "com¹", "CONIN$"),
        *("features/a./x", "x ", "features/" + 300 * "n" + "/x", 86 * "é雪"),
    ],
)
def test_names_that_are_no_plain_names_of_files_refuse_the_zip(tmp_path: Path, name: str) -> None:
    refused(tmp_path, (name, b""), told="the zip is refused: its entry")


def test_a_name_with_a_nul_in_it_refuses_the_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items(), ("features/a/x.bin@../../y", b""))
    path.write_bytes(path.read_bytes().replace(b"x.bin@", b"x.bin\0"))
    with pytest.raises(DownloadError, match="has a name that is none on every file system"):
        unpack(path, tmp_path / "made", lambda *_: None)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("features/a/x.bin", "features/a/x.bin"),
        ("features/b/x.bin", "features/B/y.bin"),
        ("features/b/x.bin", "features/b/X.bin"),
        ("notes", "NOTES/x"),
        ("notes/x", "Notes"),
        ("notes/", "notes"),
        ("caf\u00e9/x", "cafe\u0301/y"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_entries_whose_names_meet_refuse_the_zip(tmp_path: Path, first: str, second: str) -> None:
    refused(tmp_path, (first, b""), (second, b""), told="meets the name of another entry")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_pipes_and_devices_refuse_the_zip(tmp_path: Path, kind: int) -> None:
    entry = zipfile.ZipInfo("features/a/x.day.bin")
    entry.external_attr = (kind | 0o644) << 16
    refused(tmp_path, (entry, b"/etc/passwd"), told="is no regular file")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_refuse_the_zip(tmp_path: Path, method: int) -> None:
    entry = zipfile.ZipInfo("features/a/x.day.bin")
    entry.compress_type = method
    refused(tmp_path, (entry, b""), told="is compressed in a way")


def test_an_encrypted_entry_refuses_the_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DownloadError, match="is encrypted"):
        unpack(path, tmp_path / "made", lambda *_: None)


def test_a_bomb_refuses_the_zip(tmp_path: Path) -> None:
    refused(tmp_path, ("features/a/x.day.bin", bytes(10_000_000)), told=r"would unpack to 10.0 MB")


@pytest.mark.parametrize(
    ("bound", "told"), [("MAX_ENTRIES", "3 entries"), ("MAX_BYTES", "would unpack"), ("MAX_TABLE_BYTES", "too long")]
)
def test_each_bound_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, told: str) -> None:
    monkeypatch.setattr(module, bound, 2)
    refused(tmp_path, told=told)


@pytest.mark.parametrize("missing", GOOD)
def test_a_zip_without_all_of_a_provider_is_refused(tmp_path: Path, missing: str) -> None:
    path = zipped(tmp_path / "x.zip", *((name, content) for name, content in GOOD.items() if name != missing))
    with pytest.raises(DownloadError, match="the zip holds no data directory"):
        opened(path, tmp_path)


def test_a_zip_with_two_providers_or_one_too_deep_is_refused(tmp_path: Path) -> None:
    two = zipped(tmp_path / "2.zip", *((top + name, content) for name, content in GOOD.items() for top in ("a/", "b/")))
    with pytest.raises(DownloadError, match="holds several data directories"):
        opened(two, tmp_path)
    deep = zipped(tmp_path / "3.zip", *(("a/b/" + name, content) for name, content in GOOD.items()))
    with pytest.raises(DownloadError, match="holds no data directory"):
        opened(deep, tmp_path)


def test_a_wrong_crc_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:  # stored as it is
        for name, content in GOOD.items():
            file.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(b"1234", b"1235"))
    with pytest.raises(DownloadError, match=r"the zip is broken: Bad CRC-32 for file 'features/a/close.day.bin'"):
        opened(path, tmp_path)


def test_no_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "made/calendars").mkdir(parents=True)
    (tmp_path / "made/calendars/day.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        opened(zipped(tmp_path / "x.zip", *GOOD.items()), tmp_path)
    assert (tmp_path / "made/calendars/day.txt").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DownloadError, match="the zip "):
        opened(tmp_path / "x.zip", tmp_path)


def attempt(path: Path, directory: Path) -> None:
    """Unpack or refuse: in either case there is nothing new but the directory, and only files in it."""
    with tempfile.TemporaryDirectory(dir=directory) as name:
        place = Path(name)
        made = place / "in" / "made"
        with contextlib.suppress(DownloadError):
            unpack(path, made, lambda *_: None)
        kinds = {each: stat.S_IFMT(each.lstat().st_mode) for each in place.rglob("*")}
        assert set(kinds.values()) <= {stat.S_IFREG, stat.S_IFDIR}
        assert all(each in (made, made.parent) or each.is_relative_to(made) for each in kinds)
    assert list(directory.iterdir()) == [path]


parts = st.lists(st.sampled_from(["..", ".", "", "a", "A", "con", "features", "calendars", "é", "x\\y", "~", "C:"]))


@anew
@given(st.lists(st.one_of(parts.map("/".join), st.text(max_size=20)), max_size=5))
@example(["../../stray", "../in/stray"])
def test_no_name_leads_anywhere_else(tmp_path: Path, hostile: list[str]) -> None:
    entries = [(name, b"hostile") for name in hostile if name and name.isprintable()]
    attempt(zipped(tmp_path / "x.zip", *GOOD.items(), *entries), tmp_path)


@anew
@given(st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_any_damage_is_refused_or_harmless(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items())
    content = bytearray(path.read_bytes())
    for at, new in changes:
        start = at % len(content)
        content[start : start + len(new)] = new
    path.write_bytes(content)
    attempt(path, tmp_path)


@anew
@given(st.integers(0, 1000))
def test_any_cut_is_refused(tmp_path: Path, at: int) -> None:
    path = zipped(tmp_path / "x.zip", *GOOD.items())
    content = path.read_bytes()
    path.write_bytes(content[: at % len(content)])
    with pytest.raises(DownloadError):
        unpack(path, tmp_path / "never", lambda *_: None)
