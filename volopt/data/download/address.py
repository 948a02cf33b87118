"""What names a zip: the address of a server, or a file at hand; nothing shown here holds a password or a key."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from volopt.errors import UsageError

SCHEMES = ("http", "https")
HINT = "write http://HOST/FILE.zip, https://HOST/FILE.zip, file:///FILE.zip, or the path of a zip"


def file_at_hand(url: str) -> Path | None:
    """The file that a URL or a path names; None where a server has it.

    Raises:
        UsageError: it is neither, or there is no such file.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        return _regular(Path(url).expanduser())
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0  # a port that is none raises
    except ValueError:
        whole, parts = False, urlsplit("")
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return _regular(Path(url2pathname(parts.path)))
    if parts.scheme not in SCHEMES or not whole:
        raise UsageError(f"--url {scheme}://... is no address that volopt can load from", HINT)
    return None


def _regular(path: Path) -> Path:
    try:
        if path.is_file():
            return path
        reason = "is no file" if path.exists() else "is not there"
    except (OSError, ValueError):  # no name that a file system takes
        reason = "is not there"
    raise UsageError(f"the zip {path} {reason}", HINT)


def shown(url: str) -> str:
    """A URL without user, password and query, where keys may stand; a path as it is."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def host(url: str) -> str:
    """The server's name."""
    return urlsplit(url).hostname or ""
