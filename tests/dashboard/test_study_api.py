"""optuna-dashboard's own pages and answers, with notes and pictures added."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from wsgiref.types import WSGIApplication

import optuna
import optuna_dashboard
import pytest
from plotly.graph_objects import Figure

from dashboard.asking import PNG, Drawn, Make, ask, detail
from hand_made import Shelf
from volopt.dashboard import study_api
from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.storage.artifacts import PICTURE
from volopt.storage.notes import save_note
from volopt.studies import study as studies
from volopt.studies.attributes import SCORES
from volopt.studies.space import distributions


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
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        assert len(detail(app, study)["trials"]) == 3
        for path in ("/report/grid", "/pictures/grid/0.png", "/api/studies", f"/csv/{study._study_id}"):
            assert ask(app, path).status == 200
        process.communicate("\n")


def test_a_page_holds_no_lock_that_a_run_would_wait_for(make: Make, tmp_path: Path) -> None:
    locked: list[bool] = []

    def page(view: StudyView) -> str:
        view.study.get_trials()
        run = sqlite3.connect(tmp_path / "volopt.db", timeout=0, isolation_level=None)
        run.execute("BEGIN IMMEDIATE")
        locked.append(run.in_transaction)
        run.close()
        return ""

    assert ask(make(page=page), "/report/grid").status == 200
    assert locked == [True]


def notes(app: WSGIApplication, study: optuna.Study) -> list[str]:
    return [trial["note"]["body"] for trial in detail(app, study)["trials"]]


def test_the_note_of_a_finished_trial_shows_its_picture(app: WSGIApplication, study: optuna.Study) -> None:
    save_note(study, study.trials[0]._trial_id, "Mean of *3* seeds")
    running = study.ask()
    assert notes(app, study) == [
        "Mean of *3* seeds\n\n![Trial 0](/pictures/grid/0.png)",
        "**FAIL**: the loss is not finite\n\nThe study retries this point at most 2 times.",
        "![Trial 2](/pictures/grid/2.png)",
        "",
    ]
    assert running.number == 3
    (best,) = detail(app, study)["best_trials"]
    assert best["note"]["body"].count("![") == 1


def test_a_trial_whose_note_was_not_stored_is_given_one(
    app: WSGIApplication, study: optuna.Study, grid: Definition
) -> None:
    trial = study.ask(distributions(grid))
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
        monkeypatch.setattr(study_api, "MAX_LINES", most)
        for after in ("", "after=4"):
            study_json = ask(app, f"/api/studies/{study._study_id}", QUERY_STRING=after).json
            assert study_json["has_intermediate_values"] is shown
        assert detail(app, study)["trials"][3]["intermediate_values"] == [{"step": 10, "value": 0.5}]


def test_the_figures_of_a_study_stand_in_the_order_of_their_kinds_and_those_of_others_after_them(
    app: WSGIApplication, drawn: Drawn, study: optuna.Study
) -> None:
    ordered = ["volopt-history-01", "volopt-importance-01", "volopt-importance-02", "volopt-error-01", "another"]
    for name in ordered[::-1]:
        optuna_dashboard.save_plotly_graph_object(study, Figure(), graph_object_id=name)
    assert [graph["id"] for graph in detail(app, study)["plotly_graph_objects"]] == ordered
    assert drawn.cards_of == []  # stored ones are not drawn again


def test_a_study_of_another_program_is_shown_as_it_is(app: WSGIApplication, shelf: Shelf) -> None:
    other = optuna.create_study(study_name="other", storage=shelf.storage)
    other.add_trial(optuna.trial.create_trial(value=1.0))
    assert notes(app, other) == [""]
    assert ask(app, "/report/other").status == 404


@pytest.mark.parametrize("version", [1, 0, "x", [], None])
def test_notes_of_another_shape_are_no_notes(app: WSGIApplication, study: optuna.Study, version: object) -> None:
    trial = study.trials[0]._trial_id
    for key, value in {"note_ver": version, "note_str:0": [], "note_str:2": "Mine."}.items():
        study._storage.set_study_system_attr(study._study_id, f"dashboard:{trial}:{key}", value)
    assert notes(app, study)[0].endswith("![Trial 0](/pictures/grid/0.png)")


def test_a_study_of_another_program_in_volopts_clothes_is_shown_as_it_is(app: WSGIApplication, shelf: Shelf) -> None:
    for name in ("x)](javascript:alert(1))", "../../grid"):
        other = optuna.create_study(study_name=name, storage=shelf.storage)
        other.set_user_attr("volopt:definition", {})
        other.add_trial(optuna.trial.create_trial(value=1.0))
        assert notes(app, other) == [""]


def test_a_study_whose_definition_is_damaged_is_shown_without_notes_of_volopts(
    app: WSGIApplication, study: optuna.Study
) -> None:
    study.set_user_attr("volopt:definition", {"format": 1})
    assert notes(app, study)[2] == "![Trial 2](/pictures/grid/2.png)"
    for path in ("/report/grid", "/pictures/grid/0.png"):
        reply = ask(app, path)
        assert (reply.status, reply.errors) == (500, "")
        assert b"the definition of the study &quot;grid&quot; is damaged" in reply.body


def test_a_study_whose_trials_cannot_be_read_is_reported_in_a_sentence(
    make: Make, study: optuna.Study, shelf: Shelf
) -> None:
    with shelf.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trials SET datetime_start = 'x'")
    app = make()
    for path in (f"/api/studies/{study._study_id}", "/pictures/grid/0.png"):
        reply = ask(app, path)
        assert (reply.status, reply.errors) == (500, "")
        assert b"is damaged in the database" in reply.body
    assert ask(app, "/api/studies").status == 200


def test_attributes_that_are_no_json_are_reported_in_a_sentence(make: Make, study: optuna.Study, shelf: Shelf) -> None:
    app = make()
    with shelf.storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE study_user_attributes SET value_json = 'no json'")
    for path in ("/api/studies", f"/api/studies/{study._study_id}", "/report/grid"):
        reply = ask(app, path)
        assert (reply.status, reply.errors) == (500, "")
        assert b"the studies in the storage cannot be read" in reply.body
