"""Every kind of figure, of a study in every state, in every format."""

import functools
import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest
from optuna.trial import TrialState

from builders import SOURCE, STUDY, dataset, definition
from volopt.executors.trainer import SerialTrainer
from volopt.figures import kinds
from volopt.figures.chart import Chart
from volopt.figures.drawing.files import FORMATS, Format, renderer
from volopt.figures.kinds import KINDS, FigureKind
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.search.context import RunContext
from volopt.search.driver import Driver
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies

DRAWN = ("running", "single", "failed")  # running has all that full has, and more; of empty nothing is drawn
ONE_POINT = STUDY.replace('grid = { cell = ["RNN", "LSTM"], hidden_size = [3, 5] }', 'grid = { cell = ["RNN"] }')


def study(directory: Path, state: str) -> StudyView:
    """Return a study on small data that was run as far as the state says."""
    parsed = definition(ONE_POINT if state == "single" else STUDY, training={"epochs": 2})
    storage = connect(f"sqlite:///{directory}/volopt.db", write=True, create=True)
    stored = studies.open_or_create(storage, parsed, SOURCE)
    data, artifacts = dataset(parsed), Artifacts(directory / "artifacts")
    if state in ("full", "running", "broken", "single"):
        context = RunContext(parsed, data, artifacts)
        driver = Driver(stored, studies.ledger(stored, parsed), context, SerialTrainer(data))
        driver.run(parsed.phases[: 1 if state == "single" else None])
        studies.store_baselines(stored, context.baselines(parsed.model.window).metrics)
    if state in ("failed", "running"):
        stored.tell(stored.ask(), state=TrialState.FAIL)
    if state == "running":
        stored.ask()
    if state == "broken":
        for path in artifacts.directory.iterdir():
            if path.is_file():
                path.write_text("{")
    return StudyView(stored, parsed, artifacts)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], StudyView]:
    """Gives the study of a state, made once."""
    return functools.cache(lambda state: study(tmp_path_factory.mktemp(state), state))


def test_a_kind_takes_trials_and_instruments_if_its_function_does() -> None:
    assert [name for name, kind in KINDS.items() if kind.takes_trials] == ["curves", "forecast"]
    assert [name for name, kind in KINDS.items() if kind.takes_instrument] == ["forecast", "grid"]
    for name, kind in KINDS.items():
        parameters = set(signature(import_module(f"volopt.figures.kinds.{name}").chart).parameters) - {"view"}
        options = {"trials": kind.takes_trials, "instrument": kind.takes_instrument}
        assert parameters == {option for option, taken in options.items() if taken}


def charts(view: StudyView) -> dict[str, Chart]:
    drawn = {}
    for name, kind in KINDS.items():
        try:
            drawn[name] = kind.chart(view)
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
    elif form == "pdf":
        assert content.startswith(b"%PDF-")
    elif form == "json":
        assert json.loads(content)["panels"]
    else:
        assert content.startswith(b"<!doctype html>")
        assert content.endswith(b"</html>")
        assert b"Plotly.newPlot(" in content


def test_every_module_of_the_folder_is_a_kind_and_every_kind_has_a_module() -> None:
    modules = {path.stem for path in Path(kinds.__file__).parent.glob("*.py")}
    assert modules - {"__init__"} == set(KINDS)


def test_kinds_are_in_the_order_in_which_help_report_and_dashboard_show_them() -> None:
    assert list(KINDS) == [
        "history", "importance", "slice", "contour", "curves", "forecast", "grid", "parallel", "edf", "rank",
        "timeline", "error", "budget", "periods", "skill",
    ]  # fmt: skip
    assert {name for name, kind in KINDS.items() if kind.takes_trials} == {"curves", "forecast"}


def test_a_new_kind_is_a_function_that_returns_a_chart_and_the_registry_adds_what_all_figures_show(
    views: Callable[[str], StudyView], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SimpleNamespace(chart=lambda view: Chart("Pareto front", [], notes=["A note."]))
    monkeypatch.setitem(sys.modules, "volopt.figures.kinds.pareto", module)
    view = views("empty")
    chart = FigureKind("pareto", "the best trade-offs").chart(view, trials=[1], instrument="ignored")
    assert (chart.title, chart.subtitle) == ("Pareto front", view.subtitle)
    assert list(chart.notes) == [*view.warnings, "A note."]


@pytest.mark.parametrize("form", FORMATS)
def test_every_kind_is_drawn_of_every_state(
    views: Callable[[str], StudyView], form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "svg":
        monkeypatch.setenv("BROWSER_PATH", "/nowhere")  # matplotlib's, while PNG is the browser's where there is one
    with renderer(form) as (_, draw):
        for state in DRAWN:
            for chart in charts(views(state)).values():
                check(form, draw(chart))


@pytest.mark.parametrize(
    ("state", "missing"),
    [
        ("full", {"periods"}),
        ("running", {"periods"}),
        ("broken", {"curves", "forecast", "grid", "budget", "periods"}),
        ("single", {"importance", "slice", "contour", "rank", "parallel", "budget", "periods"}),
        ("failed", set(KINDS) - {"timeline"}),
        ("empty", set(KINDS)),
    ],
)
def test_what_has_nothing_to_show(views: Callable[[str], StudyView], state: str, missing: set[str]) -> None:
    assert set(KINDS) - charts(views(state)).keys() == missing


@pytest.mark.parametrize("state", ["empty", "failed", "single"])
def test_what_is_missing_is_a_sentence_with_a_hint(views: Callable[[str], StudyView], state: str) -> None:
    for name in set(KINDS) - charts(views(state)).keys():
        with pytest.raises(NothingToPlotError) as error:
            KINDS[name].chart(views(state))
        assert len(error.value.message) > 20
        assert not error.value.message.endswith(".")
        assert error.value.hint


def test_every_figure_says_of_what_it_is_and_what_must_be_known(views: Callable[[str], StudyView]) -> None:
    view = views("running")
    for chart in charts(view).values():
        assert chart.title
        assert chart.subtitle == view.subtitle
        assert chart.notes[0].startswith("SYNTHETIC SAMPLE")
        assert all(subplot.x.title or subplot.x.names or subplot.x.ticks for subplot in chart.subplots)


def test_a_figure_is_a_function_of_the_study(views: Callable[[str], StudyView]) -> None:
    view = views("running")
    again = StudyView(view.study, view.definition, view.artifacts)
    first, second = charts(view), charts(again)
    assert json.dumps({name: chart.numbers() for name, chart in first.items()}, default=list) == json.dumps(
        {name: chart.numbers() for name, chart in second.items()}, default=list
    )


def test_trials_that_were_asked_for_are_shown(views: Callable[[str], StudyView]) -> None:
    view = views("full")
    best = view.complete[0].number
    other = next(trial.number for trial in view.complete if trial.number != best)
    for kind in (kind for kind in KINDS.values() if not kind.of_periods):
        asked, usual = kind.chart(view, [other]).numbers(), kind.chart(view).numbers()
        assert (asked != usual) == kind.takes_trials
