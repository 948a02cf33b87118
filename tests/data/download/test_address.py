from pathlib import Path

import pytest

from volopt.data.download.address import file_at_hand, host, shown
from volopt.errors import UsageError


def test_a_path_and_a_file_url_name_a_file_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a b.zip"
    path.touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    for url in (str(path), path.as_uri(), path.as_uri().replace("file://", "file://localhost"), "~/a b.zip"):
        assert file_at_hand(url) == path


@pytest.mark.parametrize("url", ["http://host/x.zip", "https://me:secret@host:8443/x.zip?key=1", "HTTP://host/"])
def test_a_server_s_address_is_no_file(url: str) -> None:
    assert file_at_hand(url) is None


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host/x.zip", "http://", "http:///x.zip", "http://[::1/x.zip", "http://host:x/", "http://host:99999/"),
        *("file://elsewhere/x.zip", "://x", "data://x"),
    ],
)
def test_other_addresses_are_refused_without_repeating_what_may_be_secret(url: str) -> None:
    with pytest.raises(UsageError, match="is no address that volopt can load from"):
        file_at_hand(url.replace("://", "://me:secret@", 1))
    with pytest.raises(UsageError) as caught:
        file_at_hand(url)
    assert "secret" not in str(caught.value)
    assert "file:///FILE.zip" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "told"),
    [("nothing.zip", "is not there"), ("", "is no file"), ("\0", "is not there"), ("/dev/zero", "no file")],
)
def test_a_path_that_is_no_file_is_told(path: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        file_at_hand(path)


def test_neither_user_nor_password_nor_key_is_shown() -> None:
    assert shown("https://me:secret@host:1/a/x.zip?key=secret#secret") == "https://host:1/a/x.zip"
    assert shown("some/path.zip") == "some/path.zip"
    assert host("https://me:secret@host:1/x") == "host"
