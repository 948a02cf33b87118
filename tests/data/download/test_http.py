import errno
import io
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from volopt.data.download import http as module
from volopt.data.download.http import fetch, without_secrets
from volopt.errors import DownloadError
from zip_server import Answer, Server, cut, moved, reset, stalled, status, whole, without_length

CONTENT = b"PK\3\4" + bytes(range(256)) * 1200  # several chunks
CHUNK = module.CHUNK_BYTES
Load = Callable[..., bytes]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Download from addresses and return what arrived."""

    def call(*urls: str, progress: Callable[[int, int | None], None] = lambda *_: None) -> bytes:
        fetch(urls, tmp_path / "zip", progress)
        return (tmp_path / "zip").read_bytes()

    return call


def test_a_whole_file_arrives_and_its_progress_is_reported(zips: Server, load: Load) -> None:
    calls: list[tuple[int, int | None]] = []
    assert load(zips.url(whole(CONTENT)), progress=lambda *call: calls.append(call)) == CONTENT
    assert calls[0] == (0, len(CONTENT))
    assert calls[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_a_file_of_unknown_length_arrives_too(zips: Server, load: Load) -> None:
    calls: list[tuple[int, int | None]] = []
    assert load(zips.url(without_length(CONTENT)), progress=lambda *call: calls.append(call)) == CONTENT
    assert calls[-1] == (len(CONTENT), None)


def test_a_redirect_is_followed(zips: Server, load: Load) -> None:
    target = zips.url(whole(CONTENT), path="/target.zip")
    assert load(zips.url(moved(target))) == CONTENT


def test_the_first_address_that_exists_is_used(zips: Server, load: Load, tmp_path: Path) -> None:
    missing, existing = zips.url(status(404), path="/a.zip"), zips.url(whole(CONTENT), path="/b.zip")
    assert fetch([missing, existing], tmp_path / "zip", lambda *_: None) == existing
    assert load(existing, missing) == CONTENT


def test_an_interrupted_download_is_an_error(zips: Server, load: Load) -> None:
    message = r"from 127.0.0.1 stopped after 0.1 of 0.3 MB: the connection was closed"
    with pytest.raises(DownloadError, match=message) as caught:
        load(zips.url(cut(CONTENT, CHUNK + 1000)))
    assert caught.value.hint.startswith("try again")
    assert len(zips.asked) == 1


def test_a_reset_connection_is_an_error(zips: Server, load: Load) -> None:
    with pytest.raises(DownloadError, match=r"stopped after|cannot be reached") as caught:
        load(zips.url(reset(CONTENT, 2 * CHUNK)))
    assert "volopt data sample" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(404), "data.zip cannot be downloaded: 404 Not Found"),
        (status(410), "cannot be downloaded: 410 Gone"),
        (status(403), "cannot be downloaded: 403 Forbidden"),
        (status(503), "cannot be downloaded: 503 Service Unavailable"),
        (status(206), "cannot be downloaded: 206 Partial Content"),
        (status(799), "cannot be downloaded: 799"),
        (whole(b"<!doctype html>", Content_Type="text/html; charset=utf-8"), "data.zip is not a zip but text/html"),
        (whole(b"<!doctype html>"), "data.zip is not a zip but something else"),
        (whole(b"<p>", Content_Type="\x1b[31mred"), r"is not a zip but \\x1b\[31mred"),
        (whole(b""), "data.zip is empty"),
        (whole(CONTENT, Content_Length="10000000000000"), "larger than the limit"),
        (cut(CONTENT, 0), "127.0.0.1 cannot be reached: the connection was closed"),
        (moved("data.zip"), "127.0.0.1 cannot be reached: it redirects in a circle"),
        (moved("file:///etc/passwd"), "its address, or one that it redirects to, is invalid"),
        (moved("http://[::1/x"), "its address, or one that it redirects to, is invalid"),
        (moved("http://" + 70 * "a" + ".invalid/"), "its address, or one that it redirects to, is invalid"),
    ],
)
def test_an_answer_that_is_not_a_zip_is_an_error(zips: Server, load: Load, answer: Answer, message: str) -> None:
    with pytest.raises(DownloadError, match=message) as caught:
        load(zips.url(answer))
    for alternative in ("--url", "volopt data import", "volopt data sample"):
        assert alternative in caught.value.hint
    assert len({path for path, _ in zips.asked}) == 1


def test_a_server_that_never_answers_times_out(zips: Server, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: no answer for 0 seconds"):
        load(zips.url(lambda _: bool(zips.closing.wait()) and None))


def test_a_server_that_stops_sending_times_out(zips: Server, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with pytest.raises(DownloadError, match=r"stopped after 0.3 of 0.3 MB: no answer for 0 seconds"):
        load(zips.url(stalled(CONTENT, 4 * CHUNK, zips.closing)))


def test_a_port_on_which_nobody_listens_is_an_error(load: Load) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}/x.zip?key=secret"
        with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: Connection refused") as caught:
            load(url)
    assert "secret" not in str(caught.value)


def test_a_server_without_https_is_an_error(zips: Server, load: Load) -> None:
    with pytest.raises(DownloadError, match=r"127.0.0.1 cannot be reached: it does not speak HTTPS"):
        load(zips.url(whole(CONTENT)).replace("http:", "https:"))


def test_a_certificate_that_is_not_accepted_is_an_error(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] (_ssl.c:1)")
        error.verify_message = "self-signed certificate"
        raise requests.exceptions.SSLError(error) from error

    monkeypatch.setattr(requests, "get", connect)
    with pytest.raises(DownloadError, match="its certificate is not accepted: self-signed certificate"):
        load("https://127.0.0.1/x.zip")


def test_an_unknown_host_is_reported_as_a_missing_network(load: Load, zips: Server) -> None:
    with pytest.raises(DownloadError, match=r"no network, or no route to no.such.host.invalid: \w+") as caught:
        load("http://no.such.host.invalid/x.zip")
    assert "volopt data import" in caught.value.hint


def test_a_missing_network_is_reported(load: Load, zips: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(DownloadError, match=r"no network, or no route to 127.0.0.1: Network is unreachable"):
        load("http://127.0.0.1:9/x.zip")


@pytest.mark.parametrize("answer", [whole(CONTENT), without_length(CONTENT)])
def test_a_file_that_is_too_large_is_refused(
    zips: Server, load: Load, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100_000)
    with pytest.raises(DownloadError, match=r"data.zip is larger than"):
        load(zips.url(answer))


def test_no_redirect_from_https_to_http_is_followed(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = requests.Response()
    answer.status_code, answer.url, answer.raw = 200, "http://127.0.0.1/x.zip", io.BytesIO()
    monkeypatch.setattr(requests, "get", lambda *_, **__: answer)
    with pytest.raises(DownloadError, match="redirects to an address without encryption"):
        load("https://127.0.0.1/x.zip")


def test_a_target_that_cannot_be_written_is_no_network_error(zips: Server, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fetch([zips.url(whole(CONTENT))], tmp_path / "nowhere" / "zip", lambda *_: None)


def test_user_password_and_key_are_removed() -> None:
    assert without_secrets("https://me:secret@host:1/a/x.zip?key=secret#secret") == "https://host:1/a/x.zip"
    assert without_secrets("some/path.zip") == "some/path.zip"
