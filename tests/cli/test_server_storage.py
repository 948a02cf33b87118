"""Every command over a PostgreSQL server, and no password anywhere."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from builders import Volopt
from dashboard.asking import ask
from postgres import PASSWORD, Server
from small_runs import TWO_TRIALS
from volopt.dashboard.guards import guard
from volopt.dashboard.pages import Pages
from volopt.dashboard.serve import dashboard
from volopt.report.page import page
from volopt.report.studies import studies_page
from volopt.storage.artifacts import PICTURE, artifacts_of
from volopt.storage.database.address import parse_address
from volopt.storage.database.connect import connect

SECRETS = (PASSWORD, *(part for part in PASSWORD.split("/") if part))


@pytest.fixture
def url(postgres: Server, monkeypatch: pytest.MonkeyPatch, volopt: Volopt, tmp_path: Path) -> Iterator[str]:
    """A fresh database, which VOLOPT_STORAGE names."""
    found = postgres.database()
    monkeypatch.setenv("VOLOPT_STORAGE", found)
    (tmp_path / "small.toml").write_text(TWO_TRIALS)
    yield found
    shown = [text for text in _texts(found) if any(secret in text for secret in SECRETS)]
    shown += [str(file) for file in tmp_path.rglob("*") if file.is_file() and _holds_secret(file)]
    assert shown == []


def _texts(url: str) -> list[str]:
    """Every text in every table."""
    engine = sqlalchemy.create_engine(parse_address(url).url)
    with engine.connect() as connection:
        tables = sqlalchemy.inspect(connection).get_table_names()
        rows = [row for table in tables for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]
    engine.dispose()
    return [str(value) for row in rows for value in row]


def _holds_secret(file: Path) -> bool:
    content = file.read_bytes()
    return any(secret.encode() in content for secret in SECRETS)


def test_a_study_is_run_resumed_looked_at_and_deleted(volopt: Volopt, url: str, sample: Path, tmp_path: Path) -> None:
    run = ("run", "small.toml", "--data", sample, "--workers", 1)
    told = [volopt(*run, "--artifacts", "files"), volopt(*run, "--json")]
    assert json.loads(told[1][1])["new_trials"] == 0
    for command in (
        ("status",),
        ("status", "--json"),
        ("trials", "small"),
        ("trials", "small", 0),
        ("plot", "small", "all", "--format", "json"),
        ("report", "small"),
        ("export", "small"),
        ("compare", "small", "best", "har"),
        ("findings",),
        ("run", "small.toml", "--data", sample, "--dry-run"),
        ("delete", "small", "--yes"),
    ):
        told.append(volopt(*command))
    assert [each[0] for each in told] == [0] * len(told)
    assert not any(secret in out + err for _, out, err in told for secret in SECRETS)
    assert json.loads(told[3][1])["storage"].startswith("postgresql://volopt@127.0.0.1:")
    assert [path.name for path in (tmp_path / "files").iterdir() if path.is_file()] == [".volopt"]  # deleted with it
    assert "there is no study" in volopt("trials", "small")[2]


def test_the_dashboard_shows_it_with_its_pictures_over_a_restart_of_the_server(
    volopt: Volopt, url: str, sample: Path, postgres: Server
) -> None:
    run = ("run", "small.toml", "--data", sample, "--workers", 1, "--pictures", "all", "--artifacts", "files")
    assert volopt(*run)[0] == 0
    reader, writer = connect(url), connect(url, write=True)
    app = guard(dashboard(reader, writer, artifacts_of(reader), Pages(studies_page, page)), local=True)
    (listed,) = ask(app, "/api/studies").json["study_summaries"]
    study = f"/api/studies/{listed['study_id']}"
    (best,) = ask(app, study).json["best_trials"]
    (picture,) = [each["artifact_id"] for each in best["artifacts"] if each["filename"] == PICTURE]
    file = ask(app, f"/artifacts/{listed['study_id']}/{best['trial_id']}/{picture}")
    assert (file.status, file.body[:4]) == (200, b"\x89PNG")
    postgres.restart()
    assert len(ask(app, study).json["trials"]) == 2
    assert b"Report of the study small" in ask(app, "/report/small").body
    reader.close()
    writer.close()


def test_artifacts_lie_where_the_first_run_said_and_a_later_run_finds_them(
    volopt: Volopt, url: str, sample: Path, tmp_path: Path
) -> None:
    run = ("run", "small.toml", "--data", sample, "--workers", 1)
    assert volopt(*run, "--artifacts", "files")[0] == 0
    assert not list((tmp_path / "storage").rglob("*.safetensors"))
    code, _, err = volopt(*run, "--artifacts", "others")
    assert code == 2
    assert f'the artifacts of the study "small" are in {tmp_path}/files' in err
    assert volopt(*run, "--artifacts", "files")[0] == 0
    more = volopt(*run, "--name", "more", "--artifacts", "files", "--json")
    assert json.loads(more[1])["epochs_trained"] == 0  # every fit is kept there


def test_without_artifacts_they_lie_in_the_storage_directory(volopt: Volopt, url: str, sample: Path) -> None:
    assert volopt("run", "small.toml", "--data", sample, "--workers", 1)[0] == 0
    assert list(Path("storage/artifacts/fits").rglob("*.safetensors"))


def test_artifacts_of_a_file_are_refused_another_place(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TWO_TRIALS)
    code, _, err = volopt("run", "small.toml", "--data", sample, "--artifacts", "files")
    assert code == 2
    assert "are beside it" in err
    assert "remove --artifacts" in err


def test_what_goes_wrong_with_the_server_is_told_without_the_password(volopt: Volopt, url: str, sample: Path) -> None:
    wrong = url.replace("word%3A1@", "word%3A2@")
    for command in (("run", "small.toml", "--data", sample), ("status",), ("delete", "small", "--yes")):
        for storage in (wrong, url.replace("127.0.0.1:", "127.0.0.1:1")):
            code, out, err = volopt(*command, "--storage", storage, *["--json"] * (command[0] != "delete"))
            assert code == 1
            assert err.startswith("Error: cannot use the database postgresql://volopt@127.0.0.1")
            assert not any(secret in out + err for secret in ("s3cret", "pass@word", "pass%40word"))
