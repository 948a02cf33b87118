"""The dashboard's server: its pages, what it refuses, what browsers may do with its answers; no browser needed."""

import contextlib
import http.client
import io
import json
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults

import optuna
import optuna_dashboard
import pytest
from optuna.trial import FrozenTrial, TrialState

from hand_made import Shelf
from volopt.definition.schema import Definition
from volopt.errors import StorageError, VoloptError
from volopt.report.server import listing
from volopt.report.server.guards import guarded
from volopt.report.server.pages import Drawing
from volopt.report.server.serve import Server, dashboard, listen
from volopt.search import study as studies
from volopt.search.results import SCORES
from volopt.storage import connect as connecting
from volopt.storage.artifacts import PICTURE, Artifacts
from volopt.storage.connect import connect
from volopt.storage.notes import save_note

PNG = b"\x89PNG\r\n\x1a\n"
CHANGES = ("POST", "PUT", "DELETE", "PATCH")


class Said(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    errors: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: WSGIApplication, path: str, method: str = "GET", said: Any = None, **environ: str) -> Said:
    """Ask an app as a server does; ``said`` is sent as JSON."""
    sent = b"" if said is None else json.dumps(said).encode()
    errors = io.StringIO()
    request: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "HTTP_HOST": "127.0.0.1:8080",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": errors,
        **environ,
    }
    setup_testing_defaults(request)
    answered: list[Any] = []
    with contextlib.ExitStack() as stack:
        parts = app(request, lambda *start: answered.extend(start))  # type: ignore[arg-type]
        if hasattr(parts, "close"):  # a file
            stack.callback(parts.close)
        body = b"".join(parts)
    status, headers, *_ = answered
    assert len({name for name, _ in headers}) == len(headers)
    return Said(int(status[:3]), dict(headers), body, errors.getvalue())


class Drawn:
    """Draws a page and pictures that say what they were given, and counts."""

    def __init__(self) -> None:
        self.pictures: list[int] = []

    def page(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> str:
        return f"<p>{study.study_name} {definition.name} {artifacts.directory.name}"

    def picture(self, study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> bytes | None:
        self.pictures.append(trial.number)
        if trial.state == TrialState.FAIL:
            return None
        return PNG + f"{study.study_name} {trial.number} {artifacts.directory.name}".encode()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Definition]:
    """A directory with a study of a COMPLETE trial 0, a FAILed trial 1 and a COMPLETE trial 2; for copies."""
    directory = tmp_path_factory.mktemp("filled")
    shelf = Shelf(directory)
    found = shelf.study("grid")
    shelf.trial(found, {"a": 1})
    shelf.failed(found, "the loss is not finite")
    shelf.trial(found, None, cell="RNN")
    shelf.storage.engine.dispose()
    return directory, found


@pytest.fixture
def grid(filled: tuple[Path, Definition]) -> Definition:
    return filled[1]


@pytest.fixture
def shelf(filled: tuple[Path, Definition], tmp_path: Path) -> Shelf:
    shutil.copytree(filled[0], tmp_path, dirs_exist_ok=True)
    return Shelf(tmp_path)


@pytest.fixture
def study(shelf: Shelf) -> optuna.Study:
    return studies.find(shelf.storage, "grid")[0]


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()


Make = Callable[..., WSGIApplication]


@pytest.fixture
def make(shelf: Shelf, drawn: Drawn, tmp_path: Path) -> Make:
    """Makes the whole app, as the server has it."""
    url = f"sqlite:///{tmp_path}/volopt.db"

    def made(*, writes: bool = True, local: bool = True, drawing: Drawing | None = None) -> WSGIApplication:
        writer = connect(url, write=True) if writes else None
        found = dashboard(connect(url), writer, shelf.artifacts, drawing or Drawing(drawn.page, drawn.picture))
        return guarded(found, local=local)

    return made


@pytest.fixture
def app(make: Make) -> WSGIApplication:
    return make()


def detail(app: WSGIApplication, study: optuna.Study) -> Any:
    """What the API says of a study."""
    return ask(app, f"/api/studies/{study._study_id}").json


# Our pages


def test_a_report_is_drawn_from_the_study_its_definition_and_its_artifacts(app: WSGIApplication) -> None:
    said = ask(app, "/report/grid")
    assert (said.status, said.body) == (200, b"<p>grid grid artifacts")
    assert said.headers["Content-Type"] == "text/html; charset=utf-8"
    assert said.headers["Content-Length"] == str(len(said.body))


def test_an_unknown_study_is_not_found_and_the_nearest_is_named(app: WSGIApplication) -> None:
    for path in ("/report/gird", "/pictures/gird/0.png"):
        said = ask(app, path)
        assert said.status == 404
        assert "there is no study &quot;gird&quot;" in said.body.decode()
        assert "did you mean &quot;grid&quot;" in said.body.decode()


def test_a_name_from_the_address_cannot_become_markup(app: WSGIApplication) -> None:
    said = ask(app, "/report/<script>alert(1)<script>")
    assert said.status == 404
    assert b"<script" not in said.body


def test_a_picture_is_drawn_from_its_trial(app: WSGIApplication) -> None:
    said = ask(app, "/pictures/grid/2.png")
    assert (said.status, said.body) == (200, PNG + b"grid 2 artifacts")
    assert said.headers["Content-Type"] == "image/png"


def test_a_trial_that_is_not_there_or_left_nothing_to_draw_has_no_picture(app: WSGIApplication) -> None:
    for number in (1, 3, 99999999):
        said = ask(app, f"/pictures/grid/{number}.png")
        assert said.status == 404
        assert f"trial {number}".encode() in said.body


def test_the_picture_of_a_finished_trial_is_drawn_once(app: WSGIApplication, drawn: Drawn) -> None:
    answers = {ask(app, "/pictures/grid/0.png").body for _ in range(3)} | {ask(app, "/pictures/grid/2.png").body}
    assert len(answers) == 2
    assert drawn.pictures == [0, 2]


def test_the_picture_of_a_running_trial_is_drawn_each_time(
    app: WSGIApplication, drawn: Drawn, study: optuna.Study
) -> None:
    number = study.ask().number
    for _ in range(2):
        assert ask(app, f"/pictures/grid/{number}.png").status == 200
    assert drawn.pictures == [number, number]


def test_pictures_are_drawn_one_at_a_time(make: Make) -> None:
    inside = threading.Semaphore(1)
    overlaps: list[int] = []
    begun = threading.Barrier(3, timeout=60)

    def picture(study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> bytes:
        if not inside.acquire(blocking=False):
            overlaps.append(trial.number)
        sum(range(3_000_000))  # long enough for others to get their turn
        inside.release()
        return PNG

    app = make(drawing=Drawing(Drawn().page, picture))

    def asks(number: int) -> None:
        begun.wait()
        ask(app, f"/pictures/grid/{number}.png")

    threads = [threading.Thread(target=asks, args=[number]) for number in (0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overlaps


def broken(*_: object) -> str:
    raise ZeroDivisionError("ink")


def test_an_unexpected_exception_is_a_sentence_and_a_traceback_in_the_log(make: Make, drawn: Drawn) -> None:
    app = make(drawing=Drawing(broken, drawn.picture))
    said = ask(app, "/report/grid")
    assert said.status == 500
    assert b"Something went wrong" in said.body
    assert b"ink" not in said.body
    assert "ZeroDivisionError: ink" in said.errors
    assert "Traceback" in said.errors
    assert ask(app, "/pictures/grid/0.png").status == 200


def test_an_expected_error_is_its_own_sentence_and_no_traceback(make: Make, drawn: Drawn) -> None:
    def newer(*_: object) -> str:
        raise StorageError("the study was written by a newer volopt", "update volopt")

    said = ask(make(drawing=Drawing(newer, drawn.picture)), "/report/grid")
    assert said.status == 500
    assert b"the study was written by a newer volopt (update volopt)" in said.body
    assert said.errors == ""


def test_head_is_told_the_length_and_no_body(app: WSGIApplication) -> None:
    for path in ("/report/grid", "/pictures/grid/0.png", "/api/studies/1", "/dashboard"):
        asked, headed = ask(app, path), ask(app, path, "HEAD")
        assert (asked.status, headed.status, headed.body) == (200, 200, b"")
    assert ask(app, "/report/grid", "HEAD").headers["Content-Length"] == "22"


# optuna-dashboard's pages


def test_the_root_leads_to_the_dashboard(app: WSGIApplication) -> None:
    said = ask(app, "/")
    assert (said.status, said.headers["Location"]) == (302, "http://127.0.0.1:8080/dashboard")
    assert b"Optuna Dashboard" in ask(app, "/dashboard").body


def test_studies_and_trials_are_listed(app: WSGIApplication, study: optuna.Study) -> None:
    assert [each["study_name"] for each in ask(app, "/api/studies").json["study_summaries"]] == ["grid"]
    assert [trial["state"] for trial in detail(app, study)["trials"]] == ["Complete", "Fail", "Complete"]
    assert ask(app, "/api/studies/7").status == 404


@pytest.mark.parametrize("kept", [True, False])
def test_a_study_that_was_deleted_and_run_again_shows_its_new_trials(
    make: Make, shelf: Shelf, grid: Definition, study: optuna.Study, drawn: Drawn, kept: bool
) -> None:
    app = make(writes=kept)
    before = detail(app, study)["trials"]
    assert ask(app, "/pictures/grid/0.png").status == 200
    optuna.delete_study(study_name="grid", storage=shelf.storage)
    shelf.study("grid")
    shelf.trial(grid, None, cell="LSTM", hidden_size=25)
    again, _ = studies.find(shelf.storage, "grid")
    assert again._study_id == study._study_id  # what makes the trials look known
    (trial,) = detail(app, again)["trials"]
    assert trial["trial_id"] == before[0]["trial_id"]
    assert {each["name"]: each["param_external_value"] for each in trial["params"]}["hidden_size"] == "25"
    ask(app, "/pictures/grid/0.png")
    assert drawn.pictures == [0, 0]


def test_pages_are_read_while_another_process_holds_the_write_lock(
    app: WSGIApplication, study: optuna.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"""
import sqlite3
writer = sqlite3.connect({str(tmp_path / "volopt.db")!r}, isolation_level=None)
writer.execute("BEGIN IMMEDIATE")
writer.execute("UPDATE studies SET study_name = 'other'")
print("locked", flush=True)
input()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == "locked\n"
        assert len(detail(app, study)["trials"]) == 3
        for path in ("/report/grid", "/pictures/grid/0.png", "/api/studies", f"/csv/{study._study_id}"):
            assert ask(app, path).status == 200
        process.communicate("\n")


def test_a_page_holds_no_lock_that_a_run_would_wait_for(make: Make, tmp_path: Path) -> None:
    locked: list[bool] = []

    def page(study: optuna.Study, definition: Definition, artifacts: Artifacts) -> str:
        study.get_trials()
        run = sqlite3.connect(tmp_path / "volopt.db", timeout=0, isolation_level=None)
        run.execute("BEGIN IMMEDIATE")
        locked.append(run.in_transaction)
        run.close()
        return ""

    assert ask(make(drawing=Drawing(page, Drawn().picture)), "/report/grid").status == 200
    assert locked == [True]


# Notes


def notes(app: WSGIApplication, study: optuna.Study) -> list[str]:
    return [trial["note"]["body"] for trial in detail(app, study)["trials"]]


def test_the_note_of_a_finished_trial_shows_its_picture(app: WSGIApplication, study: optuna.Study) -> None:
    save_note(study, study.trials[0]._trial_id, "Mean of *3* seeds")
    running = study.ask()
    assert notes(app, study) == [
        "Mean of *3* seeds\n\n![Trial 0](/pictures/grid/0.png)",
        "**FAIL**: the loss is not finite\n\nThe point is tried again, up to 2 times.",
        "![Trial 2](/pictures/grid/2.png)",
        "",
    ]
    assert running.number == 3
    (best,) = detail(app, study)["best_trials"]
    assert best["note"]["body"].count("![") == 1


def test_a_trial_whose_note_was_not_stored_is_given_one(app: WSGIApplication, study: optuna.Study) -> None:
    trial = study.ask()
    trial.set_user_attr("valid_mse", 0.5)
    scores = {"seeds": [{"seed": 0, "valid_mse": 0.5}], "skills": {}}
    study._storage.set_trial_system_attr(trial._trial_id, SCORES, scores)
    study.tell(trial, 0.5)
    assert "| valid_mse | 0.5 | 0.5 | 0.5 |" in notes(app, study)[3]


def test_what_volopt_keeps_with_a_study_does_not_stretch_its_page(app: WSGIApplication, study: optuna.Study) -> None:
    study.set_user_attr("mine", 1)
    assert "volopt:definition" in study.user_attrs
    assert [attribute["key"] for attribute in detail(app, study)["user_attrs"]] == ["mine"]


def test_a_trial_that_has_its_picture_among_its_files_shows_that_one(
    app: WSGIApplication, shelf: Shelf, study: optuna.Study
) -> None:
    trial = study.ask()
    shelf.artifacts.attach_file(trial, "other.png", PNG)
    shelf.artifacts.attach_file(trial, PICTURE, PNG + b"mine")
    study.tell(trial, 1.0)
    (shown,) = re.findall(r"!\[Trial 3\]\((/artifacts/.*)\)", notes(app, study)[3])
    assert ask(app, shown).body == PNG + b"mine"


@pytest.mark.parametrize("length", [0, 2045, 2046, 30_000])
def test_notes_of_any_length_are_shown_as_optuna_dashboard_itself_shows_them(
    app: WSGIApplication, study: optuna.Study, length: int
) -> None:
    text = "".join(chr(97 + number % 26) for number in range(length))
    for trial in study.trials:
        save_note(study, trial._trial_id, f"{trial.number}{text}")
    plain = optuna_dashboard.wsgi(study._storage)
    assert len(detail(app, study)["trials"]) == 3
    for ours, theirs in zip(detail(app, study)["trials"], detail(plain, study)["trials"], strict=True):
        assert ours["note"]["version"] == theirs["note"]["version"]
        assert ours["note"]["body"].split("\n\n![")[0] == theirs["note"]["body"] == f"{ours['number']}{text}"
        assert ours | {"note": 0} == theirs | {"note": 0}


def test_what_a_person_wrote_stays_as_it_is(app: WSGIApplication, study: optuna.Study) -> None:
    trial = study.trials[0]._trial_id
    save_note(study, trial, "from the run")
    path = f"/api/studies/{study._study_id}/{trial}/note"
    assert ask(app, path, "PUT", {"version": 2, "body": "Mine."}).status == 204
    assert notes(app, study)[0] == "Mine."
    assert ask(app, path, "PUT", {"version": 2, "body": "Too late."}).status == 409


def test_a_long_study_has_no_plot_of_intermediate_values_but_its_trials_have_them(
    app: WSGIApplication, study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = study.ask()
    trial.report(0.5, step=10)
    study.tell(trial, 0.5)
    for most, shown in ((4, True), (3, False)):
        monkeypatch.setattr(listing, "LINES", most)
        for after in ("", "after=4"):
            found = ask(app, f"/api/studies/{study._study_id}", QUERY_STRING=after).json
            assert found["has_intermediate_values"] is shown
        assert detail(app, study)["trials"][3]["intermediate_values"] == [{"step": 10, "value": 0.5}]


def test_a_study_of_another_program_is_shown_as_it_is(app: WSGIApplication, shelf: Shelf) -> None:
    other = optuna.create_study(study_name="other", storage=shelf.storage)
    other.add_trial(optuna.trial.create_trial(value=1.0))
    assert notes(app, other) == [""]
    assert ask(app, "/report/other").status == 404


# What is refused


@pytest.mark.parametrize("method", CHANGES)
def test_read_only_refuses_every_change(make: Make, shelf: Shelf, study: optuna.Study, method: str) -> None:
    app = make(writes=False)
    for path in (f"/api/studies/{study._study_id}", f"/api/studies/{study._study_id}/note", "/api/studies"):
        said = ask(app, path, method, {"version": 1, "body": "x", "study_name": "new", "directions": ["minimize"]})
        assert said.status == 403
        assert "read-only" in said.json["reason"]
        assert said.headers["Content-Type"] == "application/json"
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
    said = ask(app, f"/api/studies/{study._study_id}/note", "PUT", {"version": 1, "body": "Read this."})
    assert said.status == 204
    assert optuna_dashboard.get_note(study) == "Read this."
    assert ask(app, f"/api/studies/{study._study_id}", "DELETE", {}).status == 204
    assert shelf.storage.get_all_studies() == []
    assert ask(app, "/api/studies").json == {"study_summaries": []}


def test_a_change_waits_for_the_run_that_is_writing(
    make: Make, study: optuna.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "LOCK_TIMEOUT", 0)  # whoever would wait fails
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
            said = ask(local, path, HTTP_HOST=host)
            assert said.status == 403, (host, path)
            assert b"localhost" in said.body
        assert ask(reachable, "/report/grid", HTTP_HOST=host).status == 200, host


def test_another_site_cannot_change_a_study(app: WSGIApplication, shelf: Shelf, study: optuna.Study) -> None:
    path = f"/api/studies/{study._study_id}"
    for origin in ("http://evil.example", "http://127.0.0.1:9999", "null"):
        assert ask(app, path, "DELETE", {}, HTTP_ORIGIN=origin).status == 403
    assert len(shelf.storage.get_all_studies()) == 1
    assert ask(app, path, "DELETE", {}, HTTP_ORIGIN="http://127.0.0.1:8080").status == 204


# What a browser may do with an answer


def test_an_artifact_with_a_script_is_shown_in_a_sandbox(
    app: WSGIApplication, shelf: Shelf, study: optuna.Study, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text("<script>steal()</script>")
    artifact = optuna.artifacts.upload_artifact(
        artifact_store=shelf.artifacts.store, file_path=str(tmp_path / "page.html"), study_or_trial=study
    )
    said = ask(app, f"/artifacts/{study._study_id}/{artifact}")
    assert (said.status, said.body) == (200, b"<script>steal()</script>")
    policy = said.headers["Content-Security-Policy"].split("; ")
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in said.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in said.headers


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


# The server


def hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


@contextlib.contextmanager
def serving(app: WSGIApplication = hello, host: str = "127.0.0.1") -> Iterator[Server]:
    with Server(host, 0, app) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server: Server, path: str = "/", host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, server.server_port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_it_serves_on_this_machine_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        assert server.local
        assert server.url == f"http://127.0.0.1:{server.server_port}"
        assert get(server) == (200, b"hello")
    assert capfd.readouterr() == ("", "")


def test_one_slow_answer_does_not_keep_another_waiting() -> None:
    asked, other_is_answered = threading.Event(), threading.Event()
    answers: list[tuple[int, bytes]] = []

    def slow(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            asked.set()
            assert other_is_answered.wait(30)
        return hello(environ, start_response)

    with serving(slow) as server:
        thread = threading.Thread(target=lambda: answers.append(get(server, "/slow")))
        thread.start()
        assert asked.wait(30)
        answers.append(get(server))
        other_is_answered.set()
        thread.join()
    assert answers == [(200, b"hello")] * 2


def test_a_browser_that_goes_away_leaves_nothing_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.server_port)) as gone:
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with a reset
                gone.sendall(b"GET / HTTP/1.1\r\n")
        assert get(server) == (200, b"hello")
    assert capfd.readouterr().err == ""


def test_an_app_that_breaks_is_in_the_log_and_the_server_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    def breaks(environ: Any, start_response: Any) -> list[bytes]:
        return hello(environ, start_response) if environ["PATH_INFO"] == "/" else [bytes(broken(), "ascii")]

    with serving(breaks) as server:
        assert get(server, "/broken")[0] == 500
        assert get(server) == (200, b"hello")
    assert "ZeroDivisionError: ink" in capfd.readouterr().err


def test_another_version_of_ip_is_served_too() -> None:
    try:
        with serving(host="::1") as server:
            assert server.local
            assert server.url == f"http://[::1]:{server.server_port}"
            assert get(server, host="::1") == (200, b"hello")
    except OSError:
        pytest.skip("this machine has no IPv6")


def test_an_address_that_others_can_reach_is_not_local() -> None:
    with Server("0.0.0.0", 0, hello) as server:
        assert not server.local
        assert server.url == f"http://localhost:{server.server_port}"


def test_the_next_free_port_is_taken_and_a_taken_one_is_told() -> None:
    with listen("127.0.0.1", None, hello) as first, listen("127.0.0.1", None, hello) as second:
        assert 8080 <= first.server_port < second.server_port
        with pytest.raises(VoloptError, match=f"port {first.server_port} is taken") as caught:
            listen("127.0.0.1", first.server_port, hello)
        assert "next free one" in caught.value.hint


@pytest.mark.parametrize("host", ["203.0.113.7", "no host.invalid"])
def test_an_address_that_is_not_this_machines_is_told(host: str) -> None:
    with pytest.raises(VoloptError, match=f"cannot listen on {host}: "):
        listen(host, None, hello)
