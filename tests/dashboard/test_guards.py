"""What the dashboard refuses, and what browsers may do with its answers."""

import sqlite3
from pathlib import Path
from wsgiref.types import WSGIApplication

import optuna
import optuna_dashboard
import pytest

from dashboard.asking import Make, ask
from hand_made import Shelf
from volopt.storage.database import sqlite as connecting
from volopt.studies.study import names

CHANGES = ("POST", "PUT", "DELETE", "PATCH")


@pytest.mark.parametrize("method", CHANGES)
def test_read_only_refuses_every_change(make: Make, shelf: Shelf, study: optuna.Study, method: str) -> None:
    app = make(writes=False)
    for path in (f"/api/studies/{study._study_id}", f"/api/studies/{study._study_id}/note", "/api/studies"):
        reply = ask(app, path, method, {"version": 1, "body": "x", "study_name": "new", "directions": ["minimize"]})
        assert reply.status == 403
        assert "read-only" in reply.json["reason"]
        assert reply.headers["Content-Type"] == "application/json"
    page = ask(app, "/report/grid", method)
    assert page.status == 403
    assert "read-only" in page.body.decode()
    assert page.headers["Content-Type"].startswith("text/html")
    assert [each.study_name for each in shelf.storage.get_all_studies()] == ["grid"]
    assert optuna_dashboard.get_note(study) == ""


def test_read_only_shows_everything(make: Make, study: optuna.Study) -> None:
    app = make(writes=False)
    paths = ("/dashboard", "/api/studies", f"/api/studies/{study._study_id}", "/report/grid", "/pictures/grid/0.png")
    for path in paths:
        assert {ask(app, path, method).status for method in ("GET", "HEAD")} == {200}


def test_without_read_only_studies_can_be_changed(app: WSGIApplication, shelf: Shelf, study: optuna.Study) -> None:
    reply = ask(app, f"/api/studies/{study._study_id}/note", "PUT", {"version": 1, "body": "Read this."})
    assert reply.status == 204
    assert optuna_dashboard.get_note(study) == "Read this."
    assert ask(app, f"/api/studies/{study._study_id}", "DELETE", {}).status == 204
    assert shelf.storage.get_all_studies() == []
    assert ask(app, "/api/studies").json == {"study_summaries": []}


@pytest.mark.parametrize("name", ["my study", "", "a/b", "x" * 101, 7, None])
def test_a_study_keeps_its_name_where_volopt_cannot_take_the_new_one(
    app: WSGIApplication, shelf: Shelf, study: optuna.Study, name: object
) -> None:
    reply = ask(app, f"/api/studies/{study._study_id}/rename", "POST", {"study_name": name})
    assert (reply.status, "letters, digits" in reply.json["reason"]) == (400, True)
    assert names(shelf.storage) == ["grid"]


def test_a_study_can_be_renamed(app: WSGIApplication, shelf: Shelf, study: optuna.Study) -> None:
    reply = ask(app, f"/api/studies/{study._study_id}/rename", "POST", {"study_name": "grid-2"})
    assert reply.status == 201
    assert names(shelf.storage) == ["grid-2"]


def test_a_change_waits_for_the_run_that_is_writing(
    make: Make, study: optuna.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOCK_TIMEOUT", "WRITER_PATIENCE"):
        monkeypatch.setattr(connecting, name, 0)  # whoever would wait fails
    app, path = make(), f"/api/studies/{study._study_id}/note"
    run = sqlite3.connect(tmp_path / "volopt.db", isolation_level=None)
    run.execute("BEGIN IMMEDIATE")
    assert ask(app, path, "PUT", {"version": 1, "body": "x"}).status == 500
    run.execute("COMMIT")
    run.close()
    assert ask(app, path, "PUT", {"version": 1, "body": "x"}).status == 204


def test_this_machines_own_names_are_answered(app: WSGIApplication) -> None:
    for host in ("localhost", "LOCALHOST:8080", "127.0.0.1:9", "127.0.0.1", "[::1]", "[::1]:8080"):
        assert ask(app, "/report/grid", HTTP_HOST=host).status == 200, host


def test_other_names_are_refused_where_only_this_machine_can_reach_it(make: Make) -> None:
    local, reachable = make(), make(local=False)
    for host in (
        "",
        "evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "[::2]:1",
    ):
        for path in ("/report/grid", "/api/studies", "/dashboard", "/static/bundle.js"):
            reply = ask(local, path, HTTP_HOST=host)
            assert reply.status == 403, (host, path)
            assert b"localhost" in reply.body
        assert ask(reachable, "/report/grid", HTTP_HOST=host).status == 200, host


def test_another_site_cannot_change_a_study(app: WSGIApplication, shelf: Shelf, study: optuna.Study) -> None:
    path = f"/api/studies/{study._study_id}"
    for origin in ("http://evil.example", "http://127.0.0.1:9999", "null"):
        assert ask(app, path, "DELETE", {}, HTTP_ORIGIN=origin).status == 403
    assert len(shelf.storage.get_all_studies()) == 1
    assert ask(app, path, "DELETE", {}, HTTP_ORIGIN="http://127.0.0.1:8080").status == 204


def test_an_artifact_with_a_script_is_shown_in_a_sandbox(
    app: WSGIApplication, shelf: Shelf, study: optuna.Study, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("<script>steal()</script>")
    artifact = optuna.artifacts.upload_artifact(
        artifact_store=shelf.artifacts.store, file_path=str(tmp_path / "page.html"), study_or_trial=study
    )
    reply = ask(app, f"/artifacts/{study._study_id}/{artifact}")
    assert (reply.status, reply.body) == (200, b"<script>steal()</script>")
    policy = reply.headers["Content-Security-Policy"].split("; ")
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in reply.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_every_answer_names_the_only_host_it_may_ask_and_the_only_type_it_is(app: WSGIApplication) -> None:
    files = ("/report/grid", "/pictures/grid/0.png", "/api/studies", "/nothing", "/dashboards")
    for path, first in (
        {"/dashboard": "'self'", "/dashboard/studies/1": "'self'"} | dict.fromkeys(files, "'none'")
    ).items():
        headers = ask(app, path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith(f"default-src {first}; "), path
        assert "http" not in policy
        assert "*" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_report_is_of_no_origin(app: WSGIApplication) -> None:
    policy = ask(app, "/report/grid").headers["Content-Security-Policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
