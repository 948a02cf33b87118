"""The addresses of the official sets come from qlib's GetData."""

import sys
from pathlib import Path

import pytest

from volopt.data.qlib_reader import available, official_addresses
from volopt.errors import UsageError


@pytest.mark.parametrize("region", ["cn", "us"])
def test_qlib_names_the_set_made_for_it_and_the_latest(region: str) -> None:
    if not available():
        pytest.skip("no qlib on this Python")
    for_this, latest = official_addresses(region)
    assert for_this.startswith("https://")
    assert for_this.rpartition("/")[2].startswith(f"qlib_data_{region}_1d_0.")
    assert latest == f"{for_this.rpartition('/')[0]}/qlib_data_{region}_1d_latest.zip"


def test_asking_changes_nothing_of_the_process() -> None:
    hook, place = sys.excepthook, sorted(Path().iterdir())
    if available():
        official_addresses("cn")
    assert sys.excepthook is hook
    assert sorted(Path().iterdir()) == place


def test_without_qlib_a_zip_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qlib.tests.data", None)
    with pytest.raises(UsageError, match=r"qlib, which has no wheels past Python 3\.12 and is not installed") as caught:
        official_addresses("cn")
    assert "--url" in caught.value.hint
