from pathlib import Path

import pytest

from volopt.data.locate import locate


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_directory_of_qlibs_own_download_comes_first(home: Path) -> None:
    qlib = home / ".qlib" / "qlib_data" / "cn_data"
    qlib.mkdir(parents=True)
    assert locate(home / "sample") == qlib
    assert not (home / "sample").exists()


def test_without_it_the_sample_is_written_once(home: Path) -> None:
    assert locate(home / "sample") == home / "sample"
    marker = home / "sample" / "synthetic.json"
    written = marker.stat().st_mtime_ns
    assert locate(home / "sample") == home / "sample"
    assert marker.stat().st_mtime_ns == written
