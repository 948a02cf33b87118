"""A zip from a server, whole or not at all.

requests follows redirects, asks proxies and checks certificates. What it leaves open is settled here: every silence
has an end, a body that is shorter than was said is no success, a transfer that broke off goes on from where it was
(``Range``, only if the server vouches that the file is still the same), what is no zip is not loaded to its end, and
no exception of the network gets out, whose text might hold a password.
"""

import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

import requests

from volopt.data.download.address import host, shown
from volopt.definition.plain import shortened
from volopt.errors import DownloadError

ALTERNATIVES = (
    "name another zip, or one at hand, with --url; make a data directory from your tables with `volopt data import`,"
    " or a synthetic one with `volopt data sample`"
)
CHUNK = 1 << 16  # bytes
TIMEOUT = 30.0  # seconds of silence
WAITS = (0.0, 1.0, 3.0)  # seconds before each further attempt at the rest of a file
MAX_BYTES = 10 * 2**30
_OFFLINE = (errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH)
_BROKEN_OFF = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

Tell = Callable[[int, int | None], None]  # hears how many bytes are there, of how many


class _AbsentError(DownloadError):
    """The server has no such file."""


def fetch(urls: Sequence[str], target: Path, tell: Tell, waits: Sequence[float] = WAITS) -> str:
    """Load the first of some addresses that is there into ``target``, and return it.

    Raises:
        DownloadError: there is no network, no file, no zip, or it did not arrive whole.
        OSError: ``target`` cannot be written.
    """
    for url in urls[:-1]:
        try:
            return _fetch(url, target, tell, waits)
        except _AbsentError:
            continue
    return _fetch(urls[-1], target, tell, waits)


def _fetch(url: str, target: Path, tell: Tell, waits: Sequence[float]) -> str:
    transfer = _Transfer(url, target, tell)
    with requests.Session() as session:
        for wait in (*waits, None):
            try:
                transfer.go_on(session)
                return url
            except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
                if wait is None or not transfer.done or not isinstance(error, _BROKEN_OFF):
                    raise transfer.failure(error) from None  # its text may hold the password of the URL
                time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


class _Transfer:
    """A file on its way: ``done`` bytes of it are in ``target``."""

    def __init__(self, url: str, target: Path, tell: Tell) -> None:
        self.done = 0
        self._url, self._target, self._tell = url, target, tell
        self._total: int | None = None
        self._mark = ""  # by which the server knows the file again

    def go_on(self, session: requests.Session) -> None:
        """Load what is missing."""
        headers = {"Accept-Encoding": "identity"}
        resumes = bool(self.done and self._mark)
        if resumes:
            headers |= {"Range": f"bytes={self.done}-", "If-Range": self._mark}
        with session.get(self._url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            self._judge(answer, resumes)
            if answer.status_code == HTTPStatus.OK:
                self._start(answer)
            with self._target.open("ab" if self.done else "wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    self._look_at(chunk, answer)
                    file.write(chunk)
                    self.done += len(chunk)
                    self._tell(self.done, self._total)
        if not self.done:
            raise DownloadError(f"{shown(self._url)} is empty", ALTERNATIVES)
        if self._total is not None and self.done < self._total:
            raise requests.ConnectionError

    def _judge(self, answer: requests.Response, resumes: bool) -> None:
        code = answer.status_code
        hops = [each.url for each in (*answer.history, answer)]
        if self._url.startswith("https:") and not all(hop.startswith("https:") for hop in hops):
            message = f"{shown(self._url)} leads to an address without encryption"
            raise DownloadError(message, ALTERNATIVES)
        if code == HTTPStatus.PARTIAL_CONTENT and resumes:
            if answer.headers.get("Content-Range", "").startswith(f"bytes {self.done}-"):
                return
            self._mark = ""  # not the part asked for: from the start, then
            raise requests.ConnectionError
        if code != HTTPStatus.OK:
            phrase = HTTPStatus(code).phrase if code in [*HTTPStatus] else ""
            absent = code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
            kind = _AbsentError if absent else DownloadError
            raise kind(f"{shown(self._url)} is not to be had: {code} {phrase}".rstrip(), ALTERNATIVES)

    def _start(self, answer: requests.Response) -> None:
        length, mark = answer.headers.get("Content-Length", ""), answer.headers.get("ETag", "")
        encoded = "Content-Encoding" in answer.headers  # then what arrives has another length
        self.done, self._total = 0, int(length) if length.isdecimal() and not encoded else None
        if mark.startswith("W/"):
            mark = ""
        self._mark = "" if encoded else mark or answer.headers.get("Last-Modified", "")
        self._bound(self._total or 0)
        self._tell(0, self._total)

    def _look_at(self, chunk: bytes, answer: requests.Response) -> None:
        if not self.done and not b"PK".startswith(chunk[:2]):
            kind = shortened(answer.headers.get("Content-Type", "something else").partition(";")[0])
            raise DownloadError(f"{shown(self._url)} is no zip but {kind}", ALTERNATIVES)
        self._bound(self.done + len(chunk))

    def _bound(self, size: int) -> None:
        if size > MAX_BYTES:
            raise DownloadError(f"{shown(self._url)} is larger than the {MAX_BYTES >> 30} GB it may have", ALTERNATIVES)

    def failure(self, error: Exception) -> DownloadError:
        """What to say when there will be no further attempt."""
        name, reason = host(self._url), _reason(error)
        if self.done:
            of = "" if self._total is None else f" of {self._total / 1e6:.1f}"
            message = f"the transfer from {name} broke off after {self.done / 1e6:.1f}{of} MB: {reason}"
            return DownloadError(message, f"try again; or {ALTERNATIVES}")
        if any(_offline(each) for each in _chain(error)):
            return DownloadError(f"there is no network, or no way to {name}: {reason}", ALTERNATIVES)
        return DownloadError(f"{name} cannot be reached: {reason}", ALTERNATIVES)


def _reason(error: Exception) -> str:
    """What happened, in the system's words and without any address."""
    chain = list(_chain(error))
    if any(isinstance(each, TimeoutError | requests.Timeout) for each in chain):
        return f"no answer for {TIMEOUT:.0f} seconds"
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted: {shortened(each.verify_message)}"
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return "it does not speak HTTPS as it should"
    told = [str(each.strerror) for each in chain if isinstance(each, OSError) and each.strerror]
    if told:
        return shortened(told[0])
    if isinstance(error, requests.TooManyRedirects):
        return "it leads in a circle"
    return "the connection was closed" if isinstance(error, _BROKEN_OFF) else "it leads to no address"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _offline(error: BaseException) -> bool:
    return isinstance(error, socket.gaierror) or (isinstance(error, OSError) and error.errno in _OFFLINE)
