"""The server: many at a time, no noise, the next free port."""

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.types import WSGIApplication

import pytest

from dashboard.asking import broken
from volopt.dashboard.serve import Server, listen
from volopt.errors import UsageError, VoloptError


def hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@contextlib.contextmanager
def serving(app: WSGIApplication = hello, host: str = "127.0.0.1") -> Iterator[Server]:
    with Server(host, 0, app) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server: Server, path: str = "/", host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, server.server_port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    status_and_body = answer.status, answer.read()
    connection.close()
    return status_and_body


def test_it_serves_on_this_machine_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        assert server.local
        assert server.url == f"http://127.0.0.1:{server.server_port}"
        assert get(server) == (200, b"hello")
    assert capfd.readouterr() == ("", "")


def test_one_slow_answer_does_not_keep_another_waiting() -> None:
    asked, other_is_answered = threading.Event(), threading.Event()
    answers: list[tuple[int, bytes]] = []

    def slow(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            asked.set()
            assert other_is_answered.wait(30)
        return hello(environ, start_response)

    with serving(slow) as server:
        thread = threading.Thread(target=lambda: answers.append(get(server, "/slow")))
        thread.start()
        assert asked.wait(30)
        answers.append(get(server))
        other_is_answered.set()
        thread.join()
    assert answers == [(200, b"hello")] * 2


def test_a_browser_that_goes_away_leaves_nothing_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.server_port)) as gone:
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with a reset
                gone.sendall(b"GET / HTTP/1.1\r\n")
        assert get(server) == (200, b"hello")
    assert capfd.readouterr().err == ""


def test_an_app_that_breaks_is_in_the_log_and_the_server_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    def breaks(environ: Any, start_response: Any) -> list[bytes]:
        return hello(environ, start_response) if environ["PATH_INFO"] == "/" else [bytes(broken(), "ascii")]

    with serving(breaks) as server:
        assert get(server, "/broken")[0] == 500
        assert get(server) == (200, b"hello")
    assert "ZeroDivisionError: ink" in capfd.readouterr().err


def test_another_version_of_ip_is_served_too() -> None:
    try:
        with serving(host="::1") as server:
            assert server.local
            assert server.url == f"http://[::1]:{server.server_port}"
            assert get(server, host="::1") == (200, b"hello")
    except OSError:
        pytest.skip("this machine has no IPv6")


def test_an_address_that_others_can_reach_is_not_local() -> None:
    with Server("0.0.0.0", 0, hello) as server:
        assert not server.local
        assert server.url == f"http://localhost:{server.server_port}"


def test_the_next_free_port_is_taken_and_a_taken_one_is_reported() -> None:
    with listen("127.0.0.1", None, hello) as first, listen("127.0.0.1", None, hello) as second:
        assert 8080 <= first.server_port < second.server_port
        with pytest.raises(VoloptError, match=f"port {first.server_port} is taken") as caught:
            listen("127.0.0.1", first.server_port, hello)
        assert "next free one" in caught.value.hint


@pytest.mark.parametrize("host", ["203.0.113.7", "no host.invalid"])
def test_an_address_that_is_not_this_machines_is_reported(host: str) -> None:
    with pytest.raises(VoloptError, match=f"cannot listen on {host}: "):
        listen(host, None, hello)


def test_an_empty_address_does_not_mean_every_address() -> None:
    with pytest.raises(UsageError, match="names no address"):
        listen("", None, hello)
