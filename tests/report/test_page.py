"""The whole report: every section, true numbers, whatever the study is like and whoever wrote its names."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from hand_made import Shelf, World, content
from report.conftest import study_view
from report.reading import Page
from volopt.definition.schema import Definition
from volopt.figures.kinds import KINDS
from volopt.figures.study_view import StudyView
from volopt.report.page import page
from volopt.search.job import RunOptions
from volopt.storage.run_record import RunRecord
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE
from volopt.studies.space import distributions

SECTIONS = [
    "question", "data", "results", "grid", "importance", "curves", "forecast", "baselines", "findings", "search",
    "best", "choice", "record", "commands",
]  # fmt: skip
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"


def html(of: StudyView) -> str:
    return page(of)


@pytest.fixture(scope="session")
def text(small: StudyView) -> str:
    return html(small)


@pytest.fixture(scope="session")
def report(text: str) -> Page:
    return Page(text)


def test_every_section_is_there_in_order_and_in_the_contents(report: Page) -> None:
    assert list(report.sections) == SECTIONS
    assert [each.removeprefix("#") for each in report.addresses] == SECTIONS
    assert report.headings == ["h1", *["h2"] * len(SECTIONS)]
    assert (report.lang, report.title) == ("en", "small: report of a volopt study")
    assert report.tags == []  # every element is closed


def test_every_section_that_a_figure_names_exists() -> None:
    assert {kind.report for kind in KINDS.values()} - {""} <= set(SECTIONS)


def test_it_needs_no_other_file_and_no_other_host_and_is_under_8_mb(text: str, report: Page) -> None:
    assert all(address.startswith("#") for address in report.addresses)
    assert all(script.keys() <= {"type", "id"} for script in report.scripts)
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert report.handlers == []
    assert len(text.encode()) < 8e6


def test_the_configurations_have_the_numbers_of_trials_json(report: Page, listed: list[dict[str, Any]]) -> None:
    rows = report.table("Configurations")
    assert len(rows) == len(listed) == 7
    assert [row["trial"] for row in rows] == [str(t["number"]) for t in sorted(listed, key=lambda t: t["value"])]
    for row in rows:
        trial = listed[int(row["trial"])]
        seeds = [seed["valid_mse"] for seed in trial["seeds"]]
        low, high = map(float, row["95 % interval"].split(" … "))
        assert float(row["valid_mse"]) == pytest.approx(trial["value"], rel=1e-3)
        assert float(row["test_mse"]) == pytest.approx(trial["metrics"]["test_mse"], rel=1e-3)
        assert row["cell"] == trial["params"]["cell"]
        assert row["window"] == str(trial["params"]["window"])
        assert min(seeds) * 0.999 <= low <= high <= max(seeds) * 1.001
        assert row["flat lines"] == f"{sum(seed['flatness'] < 0.05 for seed in trial['seeds'])} of 2"


def test_the_baselines_stand_below_the_best_trial(report: Page, small: StudyView, listed: list[dict[str, Any]]) -> None:
    mean, ensemble, *rows = report.table("Scores on the same days")
    best = listed[small.complete[0].number]["metrics"]
    assert mean["valid_mse"] == f"{best['valid_mse']:.4g}"
    assert ensemble["test_log_r2"] == f"{best['ensemble_test_log_r2']:.4g}"
    assert ensemble["valid_mse"] == "–"
    assert {row["forecast"]: row["test_mase"] for row in rows} == {
        name: f"{scores['test_mase']:.4g}" for name, scores in small.baselines.items()
    }


def test_it_says_what_is_asked_of_which_data_and_that_they_are_synthetic(report: Page, text: str) -> None:
    assert text.index("SYNTHETIC SAMPLE") < text.index("<nav")
    assert "Which cell, hidden_size and window of the network give the lowest valid_mse" in report.sections["question"]
    assert report.table("Phases") == [
        {"phase": "width", "sampler": "grid", "varies": "cell and hidden_size", "trials done": "4 of 4"},
        {"phase": "extend", "sampler": "random", "varies": "window", "trials done": "3 of 3"},
    ]
    assert "SYNTHETIC SAMPLE" in report.sections["data"]
    days = {row["split"]: row["days forecast"] for row in report.table("Splits")}
    assert int(days["train"]) > 1000
    assert int(days["valid"]) > int(days["test"]) > 200
    assert "SH600000: 2010-" in report.sections["data"]
    assert "trade days kept of" in report.sections["data"]


def test_the_record_says_what_ran_the_study_and_holds_its_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.study("mine")
    study, _ = studies.find(shelf.storage, "mine")
    names = ("started", "device", "precision", "workers", "machine")
    for commit in ("0123456789abcdef" * 2, None):
        fields = {
            "data": {"reader": "csv"},
            "versions": {"torch": "9.9"},
            "git_commit": commit,
            "study_file": "the text",
        }
        studies.add_run(study, RunRecord.model_validate({name: f"my {name}" for name in names} | fields))
    report_page = Page(html(study_view(f"sqlite:///{tmp_path}/volopt.db", "mine")))
    rows = report_page.table("Runs whose settings differ from those of the run before")
    assert [row["git commit"] for row in rows] == ["0123456789ab", "–"]
    assert rows[0]["device"] == "my device"
    assert "torch9.9" in report_page.sections["record"]
    assert "the text" in report_page.sections["record"]


def test_figures_are_drawn_from_numbers_of_few_digits_that_are_all_finite(report: Page) -> None:
    drawn = [section for section, figures in report.figures.items() if figures]
    assert drawn == ["grid", "importance", "curves", "forecast", "baselines", "search"]
    numbers = re.findall(r"-?\d+\.\d+(?:e-?\d+)?", json.dumps(report.figures["forecast"]))
    assert len(numbers) > 200
    assert all(float(number) == float(f"{float(number):.5g}") for number in numbers)


def test_the_grid_has_a_panel_a_point_and_its_legend_is_text(report: Page) -> None:
    assert (
        sum("$volume" in json.dumps(figure["layout"]) or len(figure["data"]) > 1 for figure in report.figures["grid"])
        >= 4
    )
    assert "LSTM" in report.sections["grid"]
    assert "actual" in report.sections["grid"]


def test_a_sentence_that_several_figures_would_say_stands_once(tmp_path: Path) -> None:
    Shelf(tmp_path).study("mine")
    report_page = Page(html(study_view(f"sqlite:///{tmp_path}/volopt.db", "mine")))
    lines = [line.strip() for line in report_page.sections["search"].splitlines() if line.strip()]
    assert len(lines) == len(set(lines)) >= 2


def test_what_published_studies_do_otherwise_is_reported(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    definition = shelf.study("mine", of="published")
    shelf.trial(definition, content(World(seeds=2).trial(cell="RNN", hidden_size=5)), cell="RNN")
    report_page = Page(html(study_view(f"sqlite:///{tmp_path}/volopt.db", "mine")))
    assert "The scaling used the valid days" in report_page.sections["data"]
    assert "SH600000.csv, SH600000TE.csv" in report_page.sections["data"]
    assert [row["days forecast"] for row in report_page.table("Splits")] == ["–", "120", "120"]
    assert report_page.table("Splits")[2]["first day"] == "2020-01-01"


def test_the_same_study_gives_the_same_report(small: StudyView, text: str, options: RunOptions) -> None:
    assert html(study_view(options.storage, "small")) == text


def hostile(directory: Path) -> StudyView:
    """Return a study whose title, reasons, provider and records were written by an enemy."""
    shelf = Shelf(directory)
    definition = shelf.study("mine", text=('title = "', f'title = "{HOSTILE} '))
    shelf.trial(definition, content(World(seeds=2).trial(cell="RNN", hidden_size=5)), cell="RNN", hidden_size=5)
    shelf.trial(definition, content(World(seeds=2).trial(cell="LSTM", hidden_size=5)), cell="LSTM", hidden_size=5)
    shelf.failed(definition, HOSTILE)
    study, _ = studies.find(shelf.storage, "mine")
    data = studies.data_of(study)
    study.set_user_attr("volopt:data", data.model_dump() | {"provider": HOSTILE})
    record = {"data": {"reader": HOSTILE}, "versions": {HOSTILE: HOSTILE}, "command": HOSTILE, "study_file": HOSTILE}
    names = ("started", "device", "precision", "workers", "git_commit", "machine")
    studies.add_run(study, RunRecord.model_validate(dict.fromkeys(names, HOSTILE) | record))
    return study_view(f"sqlite:///{directory}/volopt.db", "mine")


def test_names_titles_and_reasons_of_strangers_are_text_and_nothing_else(tmp_path: Path) -> None:
    text = html(hostile(tmp_path))
    report_page = Page(text)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("</script>") == text.count("<script") == len(report_page.scripts)
    assert (report_page.tags, report_page.handlers) == ([], [])
    assert report_page.table("Failed trials")[0]["reason"] == HOSTILE
    assert HOSTILE in report_page.sections["data"]
    assert HOSTILE in report_page.sections["record"]
    assert all(address.startswith("#") for address in report_page.addresses)


def test_hostile_text_within_the_numbers_of_a_figure_cannot_end_its_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from volopt.figures import chart as charts
    from volopt.report import figures

    class Kind:
        report, of_periods = "importance", False

        def chart(self, of: StudyView) -> charts.Chart:
            marks = [charts.Points([1, 2], [1, 2], name=HOSTILE, hover=[HOSTILE, "<!--<script>"])]
            subplot = charts.Subplot(charts.Axis(HOSTILE), charts.Axis("y"), marks, title=HOSTILE)
            return charts.Chart(HOSTILE, [subplot], notes=[HOSTILE])

    monkeypatch.setitem(figures.KINDS, "importance", Kind())
    text = html(hostile(tmp_path))
    report_page = Page(text)
    (figure,) = report_page.figures["importance"]
    assert "<script>alert" not in text
    assert report_page.tags == []
    assert "alert(1)" in json.dumps(figure)
    assert report_page.sections["importance"].count(HOSTILE) == 3  # title, legend, note


def failed(shelf: Shelf, definition: Definition) -> None:
    for number in range(12):
        shelf.failed(definition, f"the loss is nan in epoch {number}")


def running(shelf: Shelf, definition: Definition) -> None:
    studies.find(shelf.storage, definition.name)[0].ask()


def single(shelf: Shelf, definition: Definition) -> None:
    shelf.trial(definition, content(World(seeds=1).trial(cell="RNN", hidden_size=5)), cell="RNN", hidden_size=5)


def without_artifact(shelf: Shelf, definition: Definition) -> None:
    shelf.trial(definition, None, cell="RNN", hidden_size=5)
    shelf.trial(definition, None, cell="RNN", hidden_size=25)


def with_broken_artifact(shelf: Shelf, definition: Definition) -> None:
    shelf.trial(definition, ["no", "artifact"], cell="RNN", hidden_size=5)


def pruned(shelf: Shelf, definition: Definition) -> None:
    study, _ = studies.find(shelf.storage, definition.name)
    trial = study.ask(distributions(definition))
    trial.set_user_attr(PHASE, "width")
    study.tell(trial, state=TrialState.PRUNED)


@pytest.mark.parametrize(
    ("fill", "section", "sentence"),
    [
        (lambda shelf, definition: None, "results", "The study has no trials yet."),
        (lambda shelf, definition: None, "results", "The first command under Next steps runs the study."),
        (lambda shelf, definition: None, "commands", "volopt run mine.toml"),
        (failed, "results", "Trials: 12 failed."),
        (failed, "results", "There are no results yet. The first command under Next steps runs the study."),
        (failed, "results", "2 more."),
        (failed, "best", "No trial is COMPLETE yet"),
        (running, "results", "The study is running, or its run was killed"),
        (pruned, "results", "Trials: 1 pruned."),
        (single, "results", "Trials: 1 complete."),
        (single, "best", "Trial 0 has the best valid_mse."),
        (without_artifact, "findings", "The curves and forecasts of trial 0 of mine are missing"),
        (without_artifact, "results", "Trials: 2 complete."),
        (with_broken_artifact, "best", "Trial 0 has the best valid_mse."),
    ],
)
def test_a_study_in_any_state_has_a_report_that_says_what_is_the_matter(
    tmp_path: Path, fill: Callable[[Shelf, Definition], None], section: str, sentence: str
) -> None:
    shelf = Shelf(tmp_path)
    fill(shelf, shelf.study("mine"))
    report_page = Page(html(study_view(f"sqlite:///{tmp_path}/volopt.db", "mine")))
    assert list(report_page.sections) == SECTIONS
    assert sentence in report_page.sections[section]
    assert all(text.strip().count("\n") for text in report_page.sections.values())  # no section is a heading alone
