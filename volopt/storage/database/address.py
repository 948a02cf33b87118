"""Where a storage is: a SQLite file or a PostgreSQL database, by its URL; nothing here shows a password."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from volopt.errors import UsageError

SERVER_HOME = Path("storage")  # what belongs to a server database and is no database lies here, as SQLite's does
SERVERS = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
SECRETS = ("password", "sslpassword")  # among the options after the "?" of a URL
DRIVER = "postgresql+psycopg"
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.]*://[^/\s:@]*:)[^\s'\"]*@|(\b(?:ssl)?password=)[^\s&'\"]*")


@dataclass(frozen=True)
class Address:
    """A storage that volopt can use."""

    shown: str  # the URL without a password, which still works where libpq finds one by itself
    file: Path | None  # of SQLite; None for a server
    server: URL | None = field(repr=False)  # None for SQLite

    @property
    def name(self) -> str:
        """Return what to call it in a sentence."""
        return str(self.file or self.shown)

    @property
    def url(self) -> str:
        """Return the URL as SQLAlchemy has it, with its password: not to be shown."""
        if self.server is None:
            return URL.create("sqlite", database=str(self.file)).render_as_string()
        return self.server.set(drivername=DRIVER).render_as_string(hide_password=False)

    @property
    def home(self) -> Path:
        """Return the directory of all that belongs to the storage but for the database of a server."""
        return SERVER_HOME if self.file is None else self.file.parent

    def hide(self, text: str) -> str:
        """Return a text of another program without the password, should it be in there."""
        for secret in _secrets(self.server) if self.server else ():
            text = text.replace(secret, "***")
        return text


def address(url: str) -> Address:
    """Return the address that a URL states.

    Raises:
        UsageError: the URL is of another kind.
    """
    path = url.removeprefix("sqlite:///")
    if path != url and path and not path.startswith(":") and "?" not in path:
        return Address(url, Path(path), None)
    server = _server(url)
    if server is None:
        raise UsageError(
            f"{without_password(url) or 'an empty text'} is no storage volopt can use",
            "write --storage sqlite:///FILE, as in sqlite:///my.db, or postgresql://USER@HOST/DATABASE",
        )
    return Address(_shown(server), None, server)


def without_passwords(text: str) -> str:
    """Return a text without the passwords of any URL in it."""
    return _IN_URL.sub(lambda found: f"{found[1]}***@" if found[1] else f"{found[2]}***", text)


def without_password(url: str) -> str:
    """Return a URL, or what was meant to be one, as it may be shown."""
    server = _server(url)
    return re.sub("//.*@", "//***@", url).partition("?")[0] if server is None else _shown(server)


def _server(url: str) -> URL | None:
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        return None
    return found if found.drivername in SERVERS and found.database else None


def _shown(server: URL) -> str:
    parts = server.username, None, server.host, server.port, server.database
    return URL.create("postgresql", *parts, server.query).difference_update_query(SECRETS).render_as_string()


def _secrets(server: URL) -> list[str]:
    """Return the texts that may not be shown, as they are and as a URL writes them."""
    found: list[str] = []
    for secret in (server.password, *(server.query.get(name) for name in SECRETS)):
        if secret:
            plain = str(secret)
            quoted = URL.create("x", username="u", password=plain).render_as_string(hide_password=False)
            found += [quoted.removeprefix("x://u:").removesuffix("@"), plain]
    return found
