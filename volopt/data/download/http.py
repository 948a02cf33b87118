"""Download one zip over HTTP, whole or not at all.

requests follows redirects, uses proxies and verifies certificates. This module adds a timeout, a bound of size, checks
of the length and of the first bytes, and error messages that hold no password and no key.
"""

import errno
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import requests

from volopt.definition.plain_text import shortened
from volopt.errors import DownloadError

ALTERNATIVES = (
    "pass the address or the path of another zip with --url; write a data directory from your own files with"
    " `volopt data import`, or a synthetic one with `volopt data sample`"
)
CHUNK_BYTES = 1 << 16
TIMEOUT = 30.0  # seconds without a byte
MAX_BYTES = 10 * 2**30
_OFFLINE = (errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH)
_INTERRUPTIONS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

BytesProgress = Callable[[int, int | None], None]  # called with the bytes that arrived, and with all bytes if known


class _MissingFileError(DownloadError):
    """Report that the server has no such file."""


def fetch(urls: Sequence[str], target: Path, progress: BytesProgress) -> str:
    """Download the first of some addresses that exists to ``target``, and return that address.

    Raises:
        DownloadError: there is no network, no file or no zip, or the file did not arrive whole.
        OSError: ``target`` cannot be written.
    """
    for url in urls[:-1]:
        with suppress(_MissingFileError):
            return _fetch(url, target, progress)
    return _fetch(urls[-1], target, progress)


def _fetch(url: str, target: Path, progress: BytesProgress) -> str:
    done: int = 0
    total: int | None = None
    headers = {"Accept-Encoding": "identity"}  # a compressed body would have another length than the file
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response, target.open("wb") as file:
            _check_response(url, response)
            length = response.headers.get("Content-Length", "")
            if length.isdecimal() and "Content-Encoding" not in response.headers:
                total = int(length)
            progress(0, total)
            for chunk in response.iter_content(CHUNK_BYTES):
                if not done:
                    _check_start(url, chunk, response)
                done += len(chunk)
                if max(done, total or 0) > MAX_BYTES:
                    message = f"{without_secrets(url)} is larger than the limit of {MAX_BYTES >> 30} GB"
                    raise DownloadError(message, ALTERNATIVES)
                file.write(chunk)
                progress(done, total)
        if total is not None and done < total:
            raise requests.ConnectionError
    except (requests.RequestException, ValueError) as error:  # ValueError: an invalid address
        raise _failure(url, error, done, total) from None  # the text of the error may hold the password
    if not done:
        raise DownloadError(f"{without_secrets(url)} is empty", ALTERNATIVES)
    return url


def without_secrets(url: str) -> str:
    """Return a URL without user, password, query and fragment, which may hold keys; return a path unchanged."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _check_response(url: str, response: requests.Response) -> None:
    hops = [hop.url for hop in (*response.history, response)]
    if url.startswith("https:") and not all(hop.startswith("https:") for hop in hops):
        raise DownloadError(f"{without_secrets(url)} redirects to an address without encryption", ALTERNATIVES)
    code = response.status_code
    if code != HTTPStatus.OK:
        kind = _MissingFileError if code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) else DownloadError
        status = f"{code} {shortened(response.reason or '')}".rstrip()
        raise kind(f"{without_secrets(url)} cannot be downloaded: {status}", ALTERNATIVES)


def _check_start(url: str, chunk: bytes, response: requests.Response) -> None:
    """Refuse a file that does not begin as a zip, before the rest of it arrives."""
    if not b"PK".startswith(chunk[:2]):
        kind = shortened(response.headers.get("Content-Type", "something else").partition(";")[0])
        raise DownloadError(f"{without_secrets(url)} is not a zip but {kind}", ALTERNATIVES)


def _failure(url: str, error: Exception, done: int, total: int | None) -> DownloadError:
    """Return what to report of an error after ``done`` of ``total`` bytes."""
    host, reason = urlsplit(url).hostname, _reason(error)
    if done:
        size = f"{done / 1e6:.1f}" if total is None else f"{done / 1e6:.1f} of {total / 1e6:.1f}"
        message = f"the download from {host} stopped after {size} MB: {reason}"
        return DownloadError(message, f"try again; or {ALTERNATIVES}")
    if any(isinstance(cause, socket.gaierror) or getattr(cause, "errno", 0) in _OFFLINE for cause in _causes(error)):
        return DownloadError(f"no network, or no route to {host}: {reason}", ALTERNATIVES)
    return DownloadError(f"{host} cannot be reached: {reason}", ALTERNATIVES)


def _reason(error: Exception) -> str:
    """Return what happened, in the system's words and without any address."""
    for cause in _causes(error):
        match cause:
            case TimeoutError() | requests.Timeout():
                return f"no answer for {TIMEOUT:.0f} seconds"
            case ssl.SSLCertVerificationError():
                return f"its certificate is not accepted: {shortened(cause.verify_message)}"
            case ssl.SSLError():
                return "it does not speak HTTPS"
            case requests.TooManyRedirects():
                return "it redirects in a circle"
            case OSError(strerror=str(text)):
                return shortened(text)
    interrupted = isinstance(error, _INTERRUPTIONS)
    return "the connection was closed" if interrupted else "its address, or one that it redirects to, is invalid"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
