"""The report and the pictures: what they are drawn from, and what cannot be drawn."""

import re
import threading
from contextlib import suppress
from wsgiref.types import WSGIApplication

import optuna
import pytest
from optuna.trial import FrozenTrial

from dashboard.asking import PNG, Drawn, Make, ask, broken
from volopt.dashboard import pages
from volopt.errors import StorageError
from volopt.figures.study_view import StudyView


def test_the_root_lists_the_studies_and_leads_to_them_and_to_optuna_dashboard(
    app: WSGIApplication, study: optuna.Study
) -> None:
    reply = ask(app, "/")
    assert reply.status == 200
    targets = re.findall(r'href="([^"]*)"', reply.body.decode())
    assert targets == ["/dashboard", f"/dashboard/studies/{study._study_id}", "/report/grid"]
    assert b"Optuna Dashboard" in ask(app, "/dashboard").body


def test_a_report_is_drawn_from_the_study_its_definition_and_its_artifacts(app: WSGIApplication) -> None:
    reply = ask(app, "/report/grid")
    assert (reply.status, reply.body) == (200, b"<p>grid grid artifacts")
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Content-Length"] == str(len(reply.body))


def test_an_unknown_study_is_not_found_and_the_nearest_is_named(app: WSGIApplication) -> None:
    for path in ("/report/gird", "/pictures/gird/0.png"):
        reply = ask(app, path)
        assert reply.status == 404
        assert "there is no study &quot;gird&quot;" in reply.body.decode()
        assert "did you mean &quot;grid&quot;" in reply.body.decode()


def test_a_name_from_the_address_cannot_become_markup(app: WSGIApplication) -> None:
    reply = ask(app, "/report/<script>alert(1)<script>")
    assert reply.status == 404
    assert b"<script" not in reply.body


def test_a_picture_is_drawn_from_its_trial(app: WSGIApplication) -> None:
    reply = ask(app, "/pictures/grid/2.png")
    assert (reply.status, reply.body) == (200, PNG + b"grid grid 2 artifacts")
    assert reply.headers["Content-Type"] == "image/png"


def test_a_trial_that_is_not_there_or_left_nothing_to_draw_has_no_picture(app: WSGIApplication) -> None:
    for number in (1, 3, 99999999):
        reply = ask(app, f"/pictures/grid/{number}.png")
        assert reply.status == 404
        assert f"trial {number}".encode() in reply.body


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


def test_pictures_are_drawn_one_at_a_time(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)
    overlaps: list[int] = []
    begun = threading.Barrier(3, timeout=60)

    def picture(view: StudyView, trial: FrozenTrial) -> bytes:
        with suppress(threading.BrokenBarrierError):  # nobody else came
            together.wait(0.5)
            overlaps.append(trial.number)
        return PNG

    app = make()
    monkeypatch.setattr(pages, "trial_png", picture)

    def asks(number: int) -> None:
        begun.wait()
        ask(app, f"/pictures/grid/{number}.png")

    threads = [threading.Thread(target=asks, args=[number]) for number in (0, 1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not overlaps


def test_an_unexpected_exception_is_a_sentence_and_a_traceback_in_the_log(make: Make) -> None:
    app = make(page=broken)
    reply = ask(app, "/report/grid")
    assert reply.status == 500
    assert b"Something went wrong" in reply.body
    assert b"ink" not in reply.body
    assert "ZeroDivisionError: ink" in reply.errors
    assert "Traceback" in reply.errors
    assert ask(app, "/pictures/grid/0.png").status == 200


def test_an_expected_error_is_its_own_sentence_and_no_traceback(make: Make) -> None:
    def newer(*_: object) -> str:
        raise StorageError("the study was written by a newer volopt", "update volopt")

    reply = ask(make(page=newer), "/report/grid")
    assert reply.status == 500
    assert b"the study was written by a newer volopt (update volopt)" in reply.body
    assert reply.errors == ""


def test_head_has_the_length_and_no_body(app: WSGIApplication) -> None:
    for path in ("/report/grid", "/pictures/grid/0.png", "/api/studies/1", "/dashboard"):
        asked, headed = ask(app, path), ask(app, path, "HEAD")
        assert (asked.status, headed.status, headed.body) == (200, 200, b"")
    assert ask(app, "/report/grid", "HEAD").headers["Content-Length"] == "22"
