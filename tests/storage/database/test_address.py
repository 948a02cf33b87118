"""Storage URLs: which are taken, where things lie, and that no password is shown."""

from pathlib import Path

import pytest

from volopt.errors import UsageError
from volopt.storage.database.address import parse_address, without_passwords

SERVER = "postgresql://me:s3cret%2F%40word@db.example:5433/studies?sslmode=require&sslpassword=k3y"


@pytest.mark.parametrize(("url", "path"), [("sqlite:///a/b.db", "a/b.db"), ("sqlite:////a/b.db", "/a/b.db")])
def test_the_file_of_a_url(url: str, path: str) -> None:
    found = parse_address(url)
    assert (found.file, found.server, found.home) == (Path(path), None, Path(path).parent)
    assert (found.shown, found.url, found.name) == (url, url, path)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_is_shown_without_its_passwords_and_reached_with_them(scheme: str) -> None:
    found = parse_address(SERVER.replace("postgresql", scheme))
    assert found.shown == found.name == "postgresql://me@db.example:5433/studies?sslmode=require"
    assert "s3cret%2F%40word@" in found.url
    assert found.url.startswith("postgresql+psycopg://")
    assert found.file is None
    assert "s3cret" not in repr(found)


def test_a_server_without_a_password_is_shown_as_it_is() -> None:
    assert parse_address("postgresql://me@host/studies").shown == "postgresql://me@host/studies"


def test_what_another_program_says_is_told_without_the_password_in_either_spelling() -> None:
    said = parse_address(SERVER).hide("no entry for s3cret/@word, s3cret%2F%40word, k3y at host")
    assert said == "no entry for ***, ***, *** at host"
    assert parse_address("sqlite:///my.db").hide("as it is") == "as it is"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "volopt.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///volopt.db?key=secret",
        "postgresql://me:secret@host",
        "postgresql://me:secret@host:no-port/studies",
        "postgresql+asyncpg://me:secret@host/studies",
        "mysql://me:secret@host/studies",
        "mysql://me:sec/ret:secret@host:no-port/studies",
        "my sql://me:secret@host",
        "://me:secret@host",
    ],
)
def test_any_other_url_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(UsageError, match="is no storage volopt can use") as caught:
        parse_address(url)
    assert "secret" not in caught.value.message
    assert "sqlite:///FILE" in caught.value.hint


def test_passwords_in_a_longer_text_are_left_out() -> None:
    text = f"run --storage={SERVER} and 'postgres://a:b:c@h/d' at https://example.org/a:b@c, password=x&y"
    found = without_passwords(text)
    for secret in ("s3cret", "k3y", "b:c", "password=x"):
        assert secret not in found
    assert "run --storage=postgresql://me:***@db.example:5433/studies?sslmode=require" in found
    assert "https://example.org/a:b@c" in found
