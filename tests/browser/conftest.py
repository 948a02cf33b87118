"""A browser for tests of what people see, and the dashboard to look at."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

Serve = Callable[..., str]

CHROMIUM = Path(os.environ.get("VOLOPT_TEST_CHROMIUM", "/usr/bin/chromium"))


@pytest.fixture(scope="module")  # no longer: while it lasts, the thread has a running event loop, and kaleido needs it
def browser() -> Iterator[Browser]:
    """Debian's chromium, which CI must have."""
    if not CHROMIUM.exists():
        reason = f"no browser at {CHROMIUM} (VOLOPT_TEST_CHROMIUM names another place)"
        pytest.fail(reason) if os.environ.get("VOLOPT_TEST_ALL") == "1" else pytest.skip(reason)
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # chromium refuses to sandbox root
        expect.set_options(timeout=60_000)  # a busy machine is no failure
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, serve: Serve) -> Iterator[Page]:
    """A page that may have no error, and ask no host but its own, by the end of the test; closed before the server."""
    context = browser.new_context(viewport={"width": 1200, "height": 1400})
    page = context.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []

    def note(what: Any, when: Callable[[Any], bool], show: Callable[[Any], str]) -> None:
        page.on(what, lambda event: wrong.append(f"{what}: {show(event)}") if when(event) else None)

    note("console", lambda message: message.type == "error", lambda message: message.text)
    note("pageerror", lambda error: True, str)
    note("request", lambda request: _foreign(request.url), lambda request: request.url)
    note("requestfailed", lambda request: True, lambda request: f"{request.url} {request.failure}")
    note("response", lambda response: response.status >= 400, lambda response: f"{response.status} {response.url}")
    yield page
    problems = list(wrong)  # before what is under way is cut off
    context.close()
    assert not problems


def _foreign(url: str) -> bool:
    return not re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:|about:)", url)


@contextmanager
def dashboard(storage: str, *options: str) -> Iterator[str]:
    """The address of a dashboard in a process of its own."""
    command = [sys.executable, "-m", "volopt", "dashboard", "--storage", storage, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            match = re.match(r"Dashboard: (http://.*)/\n", process.stdout.readline())
            assert match, process.stderr.read()
            yield match[1]
        finally:
            process.terminate()
        assert process.stderr.read() == ""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a dashboard that runs until the test is over, and returns its address."""
    with ExitStack() as stack:
        yield lambda storage, *options: stack.enter_context(dashboard(storage, *options))
