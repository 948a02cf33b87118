"""``volopt dashboard`` as a process: what it prints, serves, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders import Volopt
from hand_made import Shelf, World, content

SECONDS = 60  # until we say that it does not end


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a storage with one study."""
    directory = tmp_path_factory.mktemp("storage")
    shelf = Shelf(directory)
    shelf.trial(shelf.study("grid"), content(World().trial()))
    shelf.storage.engine.dispose()
    return f"sqlite:///{directory}/volopt.db"


@contextmanager
def running(*options: object, **environ: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The command, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "volopt", "dashboard", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            found = re.match(r"Dashboard: (http://.*)/\n", process.stdout.readline())
            assert found, process.stderr.read()
            yield process, found[1]
        finally:
            process.kill()


def end(process: "subprocess.Popen[str]", sent: signal.Signals = signal.SIGINT) -> tuple[int, str]:
    """Return how it ended when asked to, and what it said on stderr."""
    process.send_signal(sent)
    return process.wait(SECONDS), process.communicate()[1]


def get(url: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        return bytes(answer.read())


def test_it_serves_dashboard_report_and_pictures_until_ctrl_c(storage: str) -> None:
    with running("--storage", storage) as (process, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:8\d{3}", url)
        assert b"Optuna Dashboard" in get(f"{url}/dashboard")
        assert b"Report of the study grid" in get(f"{url}/report/grid")
        assert get(f"{url}/pictures/grid/0.png").startswith(b"\x89PNG")
        assert end(process) == (0, "")


def test_a_polite_kill_ends_it_as_ctrl_c_does(storage: str) -> None:
    with running("--storage", storage) as (process, _):
        assert end(process, signal.SIGTERM) == (0, "")


def test_read_only_refuses_to_delete_and_ends_cleanly(storage: str) -> None:
    with running("--storage", storage, "--read-only") as (process, url):
        request = urllib.request.Request(f"{url}/api/studies/1", b"{}", method="DELETE")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(request)
        assert b"grid" in get(f"{url}/api/studies")
        assert end(process) == (0, "")


def test_open_opens_the_browser_on_the_dashboard(storage: str, tmp_path: Path) -> None:
    browser = tmp_path / "browser.py"
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.settimeout(SECONDS)
        browser.write_text(f"""
import socket, sys, urllib.request
page = urllib.request.urlopen(sys.argv[1]).read()
told = socket.create_connection({waiting.getsockname()!r})
told.sendall(f"{{sys.argv[1]}} {{b'Studies: volopt' in page}}".encode())
""")
        with running("--storage", storage, "--open", BROWSER=f"{sys.executable} {browser} %s") as (process, url):
            told, _ = waiting.accept()
            with told, told.makefile() as said:
                assert said.read() == f"{url}/ True"
            assert end(process) == (0, "")


def test_a_host_that_others_can_reach_is_warned_of(storage: str) -> None:
    with running("--storage", storage, "--host", "0.0.0.0", "--read-only") as (process, url):
        assert url.startswith("http://localhost:")
        code, err = end(process)
        assert code == 0
        assert err == "Warning: there is no login. Everyone who can reach 0.0.0.0 can see the studies.\n"


def test_a_taken_port_is_told(volopt: Volopt, storage: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = volopt("dashboard", "--storage", storage, "--port", port)
    assert code == 1
    assert err == f"Error: port {port} is taken.\nHint: without --port, the dashboard takes the next free one.\n"


WRONG: dict[str, tuple[Sequence[str], int, str]] = {
    "no database": ([], 1, "there is no database"),
    "a storage of another kind": (["--storage", "mysql://me:secret@host/db"], 2, "sqlite:///FILE"),
    "no port": (["--port", "0"], 2, "--port"),
    "a port too high": (["--port", "65536"], 2, "--port"),
    "a word for a port": (["--port", "http"], 2, "--port"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_command_line(volopt: Volopt, tmp_path: Path, case: str) -> None:
    options, code, part = WRONG[case]
    said = volopt("dashboard", *options)
    assert said[0] == code
    assert part in said[2]
    assert "secret" not in said[2]
    assert list(tmp_path.iterdir()) == []  # nothing is made where there is nothing to show
