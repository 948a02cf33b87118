"""The address of a storage: a SQLite file or a PostgreSQL database, by its URL. Nothing here shows a password."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from volopt.errors import UsageError

SERVER_HOME = Path("storage")  # a server's files beside its database are here, as those of the default SQLite file
SERVERS = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
SECRETS = ("password", "sslpassword")  # options after the "?" of a URL
DRIVER = "postgresql+psycopg"
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.]*://[^/\s:@]*:)[^\s'\"]*@|(\b(?:ssl)?password=)[^\s&'\"]*")


@dataclass(frozen=True)
class Address:
    """Hold where a storage is."""

    shown: str  # the URL without its password; it still works where libpq finds the password by itself
    file: Path | None  # of SQLite; None for a server
    server: URL | None = field(repr=False)  # None for SQLite

    @property
    def name(self) -> str:
        """Return the name of the storage in a sentence."""
        return str(self.file or self.shown)

    @property
    def url(self) -> str:
        """Return SQLAlchemy's URL with the password. Do not show it."""
        if self.server is None:
            return URL.create("sqlite", database=str(self.file)).render_as_string()
        return self.server.set(drivername=DRIVER).render_as_string(hide_password=False)

    @property
    def home(self) -> Path:
        """Return the directory of the files that belong to the storage, beside the database of a server."""
        return SERVER_HOME if self.file is None else self.file.parent

    def hide(self, text: str) -> str:
        """Return a text of another program without the password."""
        for secret in _secrets(self.server) if self.server else ():
            text = text.replace(secret, "***")
        return text


def parse_address(url: str) -> Address:
    """Return the address of a URL.

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
    return Address(_without_secrets(server), None, server)


def without_passwords(text: str) -> str:
    """Return a text without the passwords of the URLs in it."""
    return _IN_URL.sub(lambda match: f"{match[1]}***@" if match[1] else f"{match[2]}***", text)


def without_password(url: str) -> str:
    """Return a URL, or a failed attempt at one, in a form that can be shown."""
    server = _server(url)
    return re.sub("//.*@", "//***@", url).partition("?")[0] if server is None else _without_secrets(server)


def _server(url: str) -> URL | None:
    try:
        server = make_url(url)
    except (ArgumentError, ValueError):
        return None
    return server if server.drivername in SERVERS and server.database else None


def _without_secrets(server: URL) -> str:
    parts = server.username, None, server.host, server.port, server.database
    return URL.create("postgresql", *parts, server.query).difference_update_query(SECRETS).render_as_string()


def _secrets(server: URL) -> list[str]:
    """Return the texts that must not be shown, plain and as a URL writes them."""
    secrets: list[str] = []
    for secret in (server.password, *(server.query.get(name) for name in SECRETS)):
        if secret:
            plain = str(secret)
            quoted = URL.create("x", username="u", password=plain).render_as_string(hide_password=False)
            secrets += [quoted.removeprefix("x://u:").removesuffix("@"), plain]
    return secrets
