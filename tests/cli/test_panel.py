"""A panel study as a person or a program meets it: run, and looked at with every command."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from builders import Volopt
from panels import CALENDAR, INDEX, KEPT, LATE, PANEL, SUSPENDED
from report.reading import Page
from small_runs import run
from volopt.dashboard.notes import study_note
from volopt.dashboard.trial_picture import trial_png
from volopt.figures.study_view import StudyView
from volopt.storage.artifacts import artifacts_of
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.best_trial import baseline_name

NAMES = list(KEPT)
WHY = f"{LATE} has 330 train days, fewer than 500"
VALID, TEST = 173, 217  # days of the whole calendar


@pytest.fixture(scope="module")
def storage(panel_data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of a finished panel study."""
    return run(PANEL, tmp_path_factory.mktemp("panel"), panel_data).storage


@pytest.fixture(autouse=True)
def _stored(storage: str, volopt: Volopt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLOPT_STORAGE", storage)


@pytest.fixture
def subject(storage: str) -> StudyView:
    found = connect(storage)
    return StudyView(*studies.find(found, "panel"), artifacts_of(found))


def chart(volopt: Volopt, tmp_path: Path, kind: str, *more: object) -> dict[str, Any]:
    code, _, err = volopt("plot", "panel", kind, "--format", "json", "--out", "chart.json", *more)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads((tmp_path / "chart.json").read_text())
    return found


def lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [mark for panel in found["panels"] for mark in panel["marks"] if mark["mark"] == "line"]


def instruments(volopt: Volopt, number: int) -> list[dict[str, Any]]:
    (trial,) = json.loads(volopt("trials", "panel", number, "--json")[1])
    found: list[dict[str, Any]] = trial["instruments"]
    return found


def test_run_says_on_how_many_instruments_the_best_trial_beats_the_best_baseline(
    volopt: Volopt, panel_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "panel.toml").write_text(PANEL)
    code, out, _ = volopt("run", "panel.toml", "--data", panel_data, "--workers", 1)
    assert code == 0
    assert f"3 instruments, {3 * len(CALENDAR) - 30} trade days" in out
    assert f"  left out: {WHY}" in out
    (study,) = json.loads(volopt("status", "--json")[1])["studies"]
    best, baselines = study["best"]["number"], study["baselines"]
    leader = max(baselines, key=lambda name: baselines[name]["valid_log_r2"])
    beaten = sum(each[f"valid_skill_{leader}"] > 0 for each in instruments(volopt, best))
    assert f"On the valid split, trial {best} beats {baseline_name(leader)} on {beaten} of 3 instruments." in out


def test_trials_of_a_number_shows_each_instrument_and_the_list_is_as_ever(volopt: Volopt) -> None:
    code, out, _ = volopt("trials", "panel", 1)
    assert code == 0
    header, *rows = out.partition("mean forecast on each instrument")[2].splitlines()[1:]
    assert header.split()[:5] == ["instrument", "valid_log_r2", "test_log_r2", "valid_skill_har", "test_skill_har"]
    found = instruments(volopt, 1)
    assert [row.split()[0] for row in rows] == [each["instrument"] for each in found] == NAMES
    assert [row.split()[1] for row in rows] == [f"{each['valid_log_r2']:.4g}" for each in found]
    (trial,) = json.loads(volopt("trials", "panel", 1, "--json")[1])
    mean = sum(each["test_log_mse"] for each in found) / 3
    assert mean == pytest.approx(trial["metrics"]["ensemble_test_log_mse"])
    assert "on each instrument" not in volopt("trials", "panel")[1]
    assert all("instruments" not in each for each in json.loads(volopt("trials", "panel", "--json")[1]))


def test_check_and_status_know_a_panel(volopt: Volopt, panel_data: Path, tmp_path: Path) -> None:
    (tmp_path / "panel.toml").write_text(PANEL)
    code, out, _ = volopt("check", "panel.toml", "--data", panel_data, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["left_out"] == {LATE: WHY}
    assert facts["days"] == {"train": 3 * (650 - 20), "valid": 3 * VALID, "test": 3 * TEST - 30}
    _, out, _ = volopt("check", "panel.toml", "--data", panel_data)
    assert f"left out: {WHY}" in out
    assert INDEX not in out
    code, out, _ = volopt("status", "panel")
    assert (code, "2 complete" in out) == (0, True)


def test_compare_pairs_days_and_not_days_of_instruments(volopt: Volopt) -> None:
    facts = json.loads(volopt("compare", "panel", 0, "har", "--json")[1])
    assert {split: daily["n"] for split, daily in facts["daily"].items()} == {"valid": VALID, "test": TEST}
    valid = [each["valid_log_mse"] for each in instruments(volopt, 0)]
    assert facts["daily"]["valid"]["loss_a"] == pytest.approx(sum(valid) / 3)  # all have the same valid days
    _, out, _ = volopt("compare", "panel", 0, 1)
    assert "the mean over the instruments of a day" in out


@pytest.mark.parametrize("kind", ["forecast", "grid"])
def test_figures_of_days_draw_one_instrument_and_name_it(volopt: Volopt, tmp_path: Path, kind: str) -> None:
    for name, days in ((NAMES[0], TEST), (NAMES[1], TEST - 30), (NAMES[2], TEST)):
        found = chart(volopt, tmp_path, kind, *(() if name == NAMES[0] else ("--instrument", name)))
        assert f"of {name}" in found["title"]
        assert "study panel: 3 instruments $volume" in found["subtitle"]
        for mark in lines(found):
            x = [at for at in mark["x"] if at is not None]
            assert (len(x), x) == (days, sorted(set(x)))


def test_the_best_baseline_is_drawn_on_the_days_of_the_instrument(volopt: Volopt, tmp_path: Path) -> None:
    assert volopt("export", "panel", "--out", "tables")[0] == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "tables" / "predictions.csv").read_text())))
    for name in NAMES:
        found = chart(volopt, tmp_path, "forecast", "--instrument", name)
        (drawn,) = [mark for mark in lines(found) if mark["name"].endswith("the best baseline by valid")]
        model = drawn["name"].split(",")[0]
        kept = [row for row in rows if (row["model"], row["split"], row["instrument"]) == (model, "test", name)]
        assert [at for at in drawn["x"] if at] == [row["date"] for row in kept]
        assert [at for at in drawn["y"] if at] == [float(row["forecast"]) for row in kept]


def test_where_an_instrument_is_not_traded_the_line_breaks(volopt: Volopt, tmp_path: Path) -> None:
    for mark in lines(chart(volopt, tmp_path, "forecast", "--instrument", NAMES[1])):
        row = mark["x"].index(None)
        days = CALENDAR.astype(str)
        assert (mark["x"][row - 1], mark["x"][row + 1]) == (days[SUSPENDED.start - 1], days[SUSPENDED.stop])
        assert mark["y"][row] is None


def test_a_wrong_instrument_is_refused(volopt: Volopt) -> None:
    code, _, err = volopt("plot", "panel", "forecast", "--instrument", "SZ00001")
    assert (code, "no instrument SZ00001" in err, "did you mean SZ000001" in err) == (2, True, True)
    code, _, err = volopt("plot", "panel", "curves", "--instrument", NAMES[0])
    assert (code, "--instrument is for forecast and grid; curves shows all instruments" in err) == (2, True)


def test_the_report_says_how_many_instruments_which_and_which_not(volopt: Volopt, tmp_path: Path) -> None:
    assert volopt("report", "panel", "--out", "panel.html")[0] == 0
    page = Page((tmp_path / "panel.html").read_text())
    assert "$volume of 3 instruments one trade day ahead" in page.sections["question"]
    assert [row["instrument"] for row in page.table("Instruments")] == NAMES
    assert page.table("Left out") == [{"instrument": LATE, "reason": WHY}]
    (caption,) = [name for name in page.tables if "on each instrument" in name]
    found = {each["instrument"]: each for each in instruments(volopt, int(caption.split()[1]))}
    told = page.table(caption)
    assert {row["instrument"]: row["valid_log_r2"] for row in told} == {
        name: f"{each['valid_log_r2']:.4g}" for name, each in found.items()
    }
    ranked = [found[row["instrument"]]["valid_log_r2"] for row in told]
    assert ranked == sorted(ranked, reverse=True)
    assert "claims are about networks for one stock" in page.sections["findings"]
    assert f"Forecast and actual of {NAMES[0]} on test" in page.sections["forecast"]


def test_the_note_of_the_dashboard_names_those_left_out(subject: StudyView) -> None:
    note = study_note(subject)
    assert "of 3 instruments one trade day ahead" in note
    assert f"Left out: `{LATE}`; the report says why." in note


def test_a_trial_has_a_picture(subject: StudyView) -> None:
    found = trial_png(subject, subject.trials[0])
    assert found is not None
    assert found.startswith(b"\x89PNG")


def test_findings_do_without_panels(volopt: Volopt) -> None:
    facts = json.loads(volopt("findings", "panel", "--json")[1])
    assert {each["verdict"] for each in facts} == {"not run"}


def test_the_run_record_keeps_what_was_read_and_what_was_left_out(subject: StudyView) -> None:
    record = studies.runs(subject.study)[0]
    assert record.data.left_out == {LATE: WHY}
    assert [frame.name for frame in record.data.frames] == NAMES


def test_a_trial_whose_file_is_gone_says_so_in_place_of_its_instruments(
    volopt: Volopt, storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(storage.removeprefix("sqlite:///")).parent, tmp_path / "copy")
    monkeypatch.setenv("VOLOPT_STORAGE", f"sqlite:///{tmp_path}/copy/volopt.db")
    for path in (tmp_path / "copy" / "artifacts").iterdir():
        if path.is_file():
            path.write_text("{")
    code, out, err = volopt("trials", "panel", 0)
    assert (code, err) == (0, "")
    assert "There are no scores by instrument" in out
    assert instruments(volopt, 0) == []
    assert volopt("report", "panel", "--out", "panel.html")[0] == 0
