"""Every kind of figure, of a study in every state, in every format."""

import functools
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState

from builders import STUDY, dataset, definition
from volopt.baselines.baselines import baselines
from volopt.data.frame import DataSource
from volopt.executors.serial import SerialTrainer
from volopt.figures.chart import Chart
from volopt.figures.drawing.files import FORMATS, Format, renderer
from volopt.figures.kinds import KINDS
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.search.driver import Driver, RunContext
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies

DRAWN = ("running", "single", "failed")  # running has all that full has, and more; of empty nothing is drawn
ONE_POINT = STUDY.replace('grid = { cell = ["RNN", "LSTM"], hidden_size = [3, 5] }', 'grid = { cell = ["RNN"] }')


def study(directory: Path, state: str) -> StudyView:
    """Return a study on small data that was run as far as the state says."""
    found = definition(ONE_POINT if state == "single" else STUDY, training={"epochs": 2})
    storage = connect(f"sqlite:///{directory}/volopt.db", write=True, create=True)
    made = studies.open_or_create(storage, found, DataSource("here", "native", True, "fingerprint"))
    data, artifacts = dataset(found), Artifacts(directory / "artifacts")
    if state in ("full", "running", "broken", "single"):
        fitted = functools.partial(baselines, data, lags=4, kept=array_store.baselines(directory / "artifacts"))
        shop = RunContext(
            data, SerialTrainer(data), array_store.fits(directory / "artifacts"), artifacts, fitted, lambda _: 1.0
        )
        Driver(made, found, studies.ledger(made, found), shop).run(found.phases[: 1 if state == "single" else None])
        studies.keep_baselines(made, fitted(4).metrics)
    if state in ("failed", "running"):
        made.tell(made.ask(), state=TrialState.FAIL)
    if state == "running":
        made.ask()
    if state == "broken":
        for path in artifacts.directory.iterdir():
            if path.is_file():
                path.write_text("{")
    return StudyView(made, found, artifacts)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], StudyView]:
    """Gives the study of a state, made once."""
    return functools.cache(lambda state: study(tmp_path_factory.mktemp(state), state))


def test_trials_and_instruments_go_to_the_kinds_that_show_them() -> None:
    assert [name for name, kind in KINDS.items() if kind.of_trials] == ["curves", "forecast"]
    assert [name for name, kind in KINDS.items() if kind.of_days] == ["forecast", "grid"]


def charts(found: StudyView) -> dict[str, Chart]:
    drawn = {}
    for name, kind in KINDS.items():
        try:
            drawn[name] = kind.chart(found)
        except NothingToPlotError:
            continue
    return drawn


def check(form: Format, content: bytes) -> None:
    """Fail unless the content is what the format says it is."""
    if form == "png":
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert content[12:16] == b"IHDR"
    elif form == "svg":
        assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"
    elif form == "json":
        assert json.loads(content)["panels"]
    else:
        assert content.startswith(b"<!doctype html>")
        assert content.endswith(b"</html>")
        assert b"Plotly.newPlot(" in content


def test_kinds_stand_in_the_order_of_the_design() -> None:
    assert list(KINDS) == [
        "importance", "history", "slice", "contour", "curves", "forecast", "grid", "parallel", "edf", "rank",
        "timeline", "error", "skill",
    ]  # fmt: skip
    assert {name for name, kind in KINDS.items() if kind.of_trials} == {"curves", "forecast"}


@pytest.mark.parametrize("form", FORMATS)
def test_every_kind_is_drawn_of_every_state(
    subjects: Callable[[str], StudyView], form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "svg":
        monkeypatch.setenv("BROWSER_PATH", "/nowhere")  # matplotlib's, while PNG is the browser's where there is one
    with renderer(form) as render:
        for state in DRAWN:
            for chart in charts(subjects(state)).values():
                check(form, render(chart))


@pytest.mark.parametrize(
    ("state", "missing"),
    [
        ("full", set()),
        ("running", set()),
        ("broken", {"curves", "forecast", "grid"}),
        ("single", {"importance", "slice", "contour", "rank", "parallel"}),
        ("failed", set(KINDS) - {"timeline"}),
        ("empty", set(KINDS)),
    ],
)
def test_what_has_nothing_to_show(subjects: Callable[[str], StudyView], state: str, missing: set[str]) -> None:
    assert set(KINDS) - charts(subjects(state)).keys() == missing


@pytest.mark.parametrize("state", ["empty", "failed", "single"])
def test_what_is_missing_is_a_sentence_with_a_hint(subjects: Callable[[str], StudyView], state: str) -> None:
    for name in set(KINDS) - charts(subjects(state)).keys():
        with pytest.raises(NothingToPlotError) as error:
            KINDS[name].chart(subjects(state))
        assert len(error.value.message) > 20
        assert not error.value.message.endswith(".")
        assert error.value.hint


def test_every_figure_says_of_what_it_is_and_what_must_be_known(subjects: Callable[[str], StudyView]) -> None:
    found = subjects("running")
    for chart in charts(found).values():
        assert chart.title
        assert chart.subtitle == found.about
        assert chart.notes[0].startswith("SYNTHETIC SAMPLE")
        assert all(panel.x.title or panel.x.names or panel.x.ticks for panel in chart.panels)


def test_a_figure_is_a_function_of_the_study(subjects: Callable[[str], StudyView]) -> None:
    found = subjects("running")
    again = StudyView(found.study, found.definition, found.artifacts)
    first, second = charts(found), charts(again)
    assert json.dumps({name: chart.numbers() for name, chart in first.items()}, default=list) == json.dumps(
        {name: chart.numbers() for name, chart in second.items()}, default=list
    )


def test_trials_that_were_asked_for_are_shown(subjects: Callable[[str], StudyView]) -> None:
    found = subjects("full")
    best = found.complete[0].number
    other = next(trial.number for trial in found.complete if trial.number != best)
    for kind in KINDS.values():
        asked, usual = kind.chart(found, [other]).numbers(), kind.chart(found).numbers()
        assert (asked != usual) == kind.of_trials
