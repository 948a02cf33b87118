import errno
import io
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import requests

from volopt.data.download import http as module
from volopt.data.download.http import fetch
from volopt.errors import DownloadError
from zip_server import (
    MARK,
    Answer,
    Server,
    cut,
    moved,
    reset,
    rest,
    stalled,
    status,
    whole,
    without_length,
)

CONTENT = b"PK\3\4" + bytes(range(256)) * 1200  # several pieces
PIECE = module.CHUNK  # what was read of the next one is lost when the connection breaks
Load = Callable[..., bytes]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads from addresses without waiting between attempts, and returns what arrived."""

    def call(*urls: str, tell: Callable[[int, int | None], None] = lambda *_: None) -> bytes:
        fetch(urls, tmp_path / "zip", tell, waits=(0, 0, 0))
        return (tmp_path / "zip").read_bytes()

    return call


def ranges(server: Server) -> Sequence[str | None]:
    return [headers.get("Range") for _, headers in server.asked]


def test_a_whole_file_arrives_and_its_way_is_told(zips: Server, load: Load) -> None:
    told: list[tuple[int, int | None]] = []
    assert load(zips.url(whole(CONTENT)), tell=lambda *heard: told.append(heard)) == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_file_of_unknown_length_arrives_too(zips: Server, load: Load) -> None:
    told: list[tuple[int, int | None]] = []
    assert load(zips.url(without_length(CONTENT)), tell=lambda *heard: told.append(heard)) == CONTENT
    assert told[-1] == (len(CONTENT), None)


def test_a_redirect_is_followed(zips: Server, load: Load) -> None:
    there = zips.url(whole(CONTENT), path="/there.zip")
    assert load(zips.url(moved(there))) == CONTENT


def test_the_first_address_that_is_there_is_taken(zips: Server, load: Load, tmp_path: Path) -> None:
    absent, there = zips.url(status(404), path="/a.zip"), zips.url(whole(CONTENT), path="/b.zip")
    assert fetch([absent, there], tmp_path / "zip", lambda *_: None) == there
    assert load(there, absent) == CONTENT


@pytest.mark.parametrize("mark", ["ETag", "Last_Modified"])
def test_a_transfer_that_broke_off_goes_on_from_where_it_was(zips: Server, load: Load, mark: str) -> None:
    url = zips.url(cut(CONTENT, PIECE + 1000, **{mark: MARK}), rest(CONTENT))
    assert load(url) == CONTENT
    assert ranges(zips) == [None, f"bytes={PIECE}-"]


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"one"'}], ids=["no mark", "weak mark"])
def test_without_a_mark_of_the_file_it_starts_again(zips: Server, load: Load, headers: dict[str, str]) -> None:
    assert load(zips.url(cut(CONTENT, PIECE + 1000, **headers), whole(CONTENT))) == CONTENT
    assert ranges(zips) == [None, None]


def test_a_file_that_has_changed_meanwhile_is_loaded_from_its_start(zips: Server, load: Load) -> None:
    other = b"PK" + CONTENT[::-1]
    assert load(zips.url(cut(CONTENT, PIECE + 1000, ETag=MARK), whole(other, ETag='"two"'))) == other
    assert ranges(zips) == [None, f"bytes={PIECE}-"]


def test_another_part_than_the_one_asked_for_is_not_taken(zips: Server, load: Load) -> None:
    url = zips.url(cut(CONTENT, PIECE + 1000, ETag=MARK), rest(CONTENT, shift=5), whole(CONTENT))
    assert load(url) == CONTENT
    assert ranges(zips) == [None, f"bytes={PIECE}-", None]


def test_a_transfer_that_always_breaks_off_is_given_up(zips: Server, load: Load) -> None:
    with pytest.raises(DownloadError, match=r"from 127.0.0.1 broke off after 0.1 of 0.3 MB: the connection was closed"):
        load(zips.url(cut(CONTENT, PIECE + 1000)))
    assert len(zips.asked) == 4


def test_a_reset_connection_is_told(zips: Server, load: Load) -> None:
    with pytest.raises(DownloadError, match=r"broke off after|cannot be reached") as caught:
        load(zips.url(reset(CONTENT, 2 * PIECE)))
    assert "volopt data sample" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (status(404), "data.zip is not to be had: 404 Not Found"),
        (status(410), "is not to be had: 410 Gone"),
        (status(403), "is not to be had: 403 Forbidden"),
        (status(503), "is not to be had: 503 Service Unavailable"),
        (status(206), "is not to be had: 206 Partial Content"),
        (status(799), "is not to be had: 799"),
        (whole(b"<!doctype html>", Content_Type="text/html; charset=utf-8"), "data.zip is no zip but text/html"),
        (whole(b"<!doctype html>"), "data.zip is no zip but something else"),
        (whole(b"<p>", Content_Type="\x1b[31mred"), r"is no zip but \\x1b\[31mred"),
        (whole(b""), "data.zip is empty"),
        (cut(CONTENT, 0), "127.0.0.1 cannot be reached: the connection was closed"),
        (moved("data.zip"), "127.0.0.1 cannot be reached: it leads in a circle"),
        (moved("file:///etc/passwd"), "it leads to no address"),
        (moved("http://[::1/x"), "it leads to no address"),
        (moved("http://" + 70 * "a" + ".invalid/"), "it leads to no address"),
    ],
)
def test_what_a_server_has_instead_is_told_at_once(zips: Server, load: Load, answer: Answer, told: str) -> None:
    with pytest.raises(DownloadError, match=told) as caught:
        load(zips.url(answer))
    for way in ("--url", "volopt data import", "volopt data sample"):
        assert way in caught.value.hint
    assert len({path for path, _ in zips.asked}) == 1


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    zips: Server, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: no answer for 0 seconds"):
        load(zips.url(lambda _: bool(zips.closing.wait()) and None))


def test_a_transfer_that_falls_silent_is_told(zips: Server, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with pytest.raises(DownloadError, match=r"broke off after 0.3 of 0.3 MB: no answer for 0 seconds"):
        load(zips.url(stalled(CONTENT, 4 * PIECE, zips.closing)))


def test_where_nobody_listens_is_told(load: Load) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}/x.zip?key=secret"
        with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: Connection refused") as caught:
            load(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_speaks_no_https_is_told(zips: Server, load: Load) -> None:
    with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: it does not speak HTTPS as it should"):
        load(zips.url(whole(CONTENT)).replace("http:", "https:"))


def test_a_certificate_that_is_not_accepted_is_told(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] (_ssl.c:1)")
        error.verify_message = "self-signed certificate"
        raise requests.exceptions.SSLError(error) from error

    monkeypatch.setattr(requests.Session, "get", connect)
    with pytest.raises(DownloadError, match="its certificate is not accepted: self-signed certificate"):
        load("https://127.0.0.1/x.zip")


def test_an_unknown_host_says_that_there_may_be_no_network(load: Load, zips: Server) -> None:
    with pytest.raises(DownloadError, match=r"there is no network, or no way to no.such.host.invalid: \w+") as caught:
        load("http://no.such.host.invalid/x.zip")
    assert "volopt data import" in caught.value.hint


def test_a_network_that_is_away_is_told(load: Load, zips: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", away)
    with pytest.raises(DownloadError, match=r"no network, or no way to 127.0.0.1: Network is unreachable"):
        load("http://127.0.0.1:9/x.zip")


@pytest.mark.parametrize("answer", [whole(CONTENT), without_length(CONTENT)])
def test_a_file_without_end_is_refused(
    zips: Server, load: Load, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100_000)
    with pytest.raises(DownloadError, match=r"data.zip is larger than"):
        load(zips.url(answer))


def test_no_address_without_encryption_is_followed_from_one_with(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = requests.Response()
    answer.status_code, answer.url, answer.raw = 200, "http://127.0.0.1/x.zip", io.BytesIO()
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: answer)
    with pytest.raises(DownloadError, match="leads to an address without encryption"):
        load("https://127.0.0.1/x.zip")


def test_a_disk_that_is_full_is_not_taken_for_a_bad_network(zips: Server, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fetch([zips.url(whole(CONTENT))], tmp_path / "nowhere" / "zip", lambda *_: None)
