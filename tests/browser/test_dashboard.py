"""The dashboard as a person sees it, in a real browser."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders import SAMPLE_DATA
from hand_made import Shelf, World, content
from small_runs import GRID_AND_RANDOM
from small_runs import run as run_small
from volopt.dashboard.study_figures import save_figures
from volopt.dashboard.trial_picture import trial_png
from volopt.figures.study_view import StudyView
from volopt.storage.artifacts import PICTURE, artifacts_of
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.space import distributions

LONG = f"""
format = 1
name = "long"
{SAMPLE_DATA}[training]
epochs = 60
seeds = 1
[space]
cell = ["LSTM", "RNN"]
hidden_size = {list(range(3, 43))}
[[phase]]
name = "width"
sampler = "grid"
grid = {{ cell = ["LSTM", "RNN"], hidden_size = {list(range(3, 43))} }}
"""
Serve = Callable[..., str]

GROWN = 120_000  # ms, until we say that trials do not appear


@pytest.fixture
def run(tmp_path: Path, sample: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run of many trials, after its third finished one."""
    (tmp_path / "long.toml").write_text(LONG)
    options = ["--data", str(sample), "--workers", "1", "--pictures", "none"]
    command = [sys.executable, "-m", "volopt", "run", "long.toml", *options]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "width 3/" in line:
                break
        yield process
        process.kill()


def trials_listed(page: Page) -> int:
    """How many trials the page says there are."""
    match = re.fullmatch(r"(\d+) Trials", page.get_by_text(re.compile(r"^\d+ Trials$")).inner_text())
    assert match
    return int(match[1])


# The page draws a note anew after each answer of the server, so an image is asked at once what it is.
RIGHT_EDGE = """source => {
    const image = document.querySelector(`img[src^="${source}"]`);
    const box = image?.getBoundingClientRect();
    return image?.complete && image.naturalWidth > 0 && box.width > 0 && box.right;
}"""


def sees_a_picture(page: Page, source: str) -> None:
    """Whether an image is shown, in full and in the width there is."""
    assert page.wait_for_function(RIGHT_EDGE, arg=source).json_value() <= 1200


def test_a_running_study_is_watched_from_its_first_trials_to_its_report(
    run: "subprocess.Popen[str]", page: Page, tmp_path: Path, serve: Serve
) -> None:
    address = serve(f"sqlite:///{tmp_path}/storage/volopt.db")
    page.goto(address)
    page.get_by_role("link", name="long").click()
    for plot in ("#plot-history", "#graph-hyperparameter-importances", "#graph-timeline"):
        expect(page.locator(f"{plot} .main-svg").first).to_be_visible()
    bars = page.locator("#graph-hyperparameter-importances .bars .point")
    expect(bars).to_have_count(2)
    page.locator("a[href='/dashboard/studies/1/trials']").click()
    before = trials_listed(page)
    expect(page.get_by_text(f"{before} Trials", exact=True)).to_have_count(0, timeout=GROWN)
    assert trials_listed(page) > before
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    run.wait()

    page.get_by_text("Trial 0", exact=True).click()
    expect(page.get_by_text("Trial 0 (trial_id=1)")).to_be_visible()
    sees_a_picture(page, "/pictures/long/0.png")
    expect(page.get_by_role("table").get_by_text("valid_mse")).to_be_visible()

    page.locator("a[href='/dashboard/studies/1/analytics']").click()
    for plot in ("#plot-slice", "#graph-contour", "#graph-rank", "#plot-edf-0"):
        expect(page.locator(f"{plot} .main-svg").first).to_be_visible()

    page.goto(f"{address}/report/long")
    sees_every_section(page)


def sees_every_section(page: Page) -> None:
    """Whether each section that the contents name is there with something in it, and every figure is drawn."""
    named = [link.get_attribute("href") for link in page.locator("nav a").all()]
    assert len(named) >= 5
    for section in named:
        expect(page.locator(f"{section} h2")).to_be_visible()
        assert page.locator(section or "").inner_text().count("\n") >= 1, section
    expect(page.locator("html[data-drawn]")).to_have_count(1)
    places = page.locator(".place").count()
    assert places > 0
    expect(page.locator(".place.js-plotly-plot")).to_have_count(places)


WORDS = """places => places.map(place => {
    const sides = box => [box.left, box.top, box.right, box.bottom];
    const words = [...place.querySelectorAll(".gtitle, .legend, .annotation, .g-xtitle, .g-ytitle")];
    const boxes = words.map(each => sides(each.getBoundingClientRect())).filter(([x, , right]) => right > x);
    return {place: sides(place.getBoundingClientRect()), words: boxes};
})"""
SLACK = 3  # pixels by which boxes of letters may touch


def test_the_figures_of_a_study_fit_their_places(page: Page, tmp_path: Path, sample: Path, serve: Serve) -> None:
    storage = run_small(GRID_AND_RANDOM, tmp_path, sample).storage
    study, definition = studies.find(connect(storage, write=True), "small")
    save_figures(StudyView(study, definition, artifacts_of(connect(storage))))
    page.goto(f"{serve(storage)}/dashboard/studies/1")
    places = page.locator("[id^='user-defined-plot:volopt-']")
    # History, importance, error and skill on valid and on test, one panel of the grid, budget.
    expect(places).to_have_count(8)
    expect(places.last.locator(".main-svg").first).to_be_visible()
    for card in places.evaluate_all(WORDS):
        left, top, right, bottom = card["place"]
        assert len(card["words"]) > 4
        for a in card["words"]:
            assert left <= a[0] + SLACK, card
            assert top <= a[1] + SLACK, card
            assert a[2] <= right + SLACK, card
            assert a[3] <= bottom + SLACK, card
        for a, b in combinations(card["words"], 2):
            beside = a[2] <= b[0] + SLACK or b[2] <= a[0] + SLACK
            assert beside or a[3] <= b[1] + SLACK or b[3] <= a[1] + SLACK, (a, b)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A storage with a study of one trial, which has a picture and a page of a stranger's among its files."""
    shelf = Shelf(tmp_path)
    definition = shelf.study("grid")
    shelf.trial(definition, content(World().trial()))
    study, _ = studies.find(shelf.storage, "grid")
    picture = trial_png(StudyView(study, definition, shelf.artifacts), study.trials[0])
    assert picture
    trial = study.ask(distributions(definition))
    shelf.artifacts.attach_file(trial, PICTURE, picture)
    shelf.artifacts.attach_file(trial, "page.html", b"<title>before</title><script>document.title = 'after'</script>")
    study.tell(trial, 1.0)
    return shelf


@pytest.mark.usefixtures("shelf")
def test_a_stored_picture_is_a_thumbnail_and_a_strangers_script_does_not_run(
    page: Page, tmp_path: Path, serve: Serve
) -> None:
    address = serve(f"sqlite:///{tmp_path}/volopt.db", "--read-only")
    page.goto(f"{address}/dashboard/studies/1/trials?numbers=1")
    sees_a_picture(page, "/artifacts/1/2/")
    assert page.locator("img[src^='/pictures/']").count() == 0
    (strangers,) = (
        artifact["artifact_id"]
        for artifact in page.request.get(f"{address}/api/studies/1").json()["trials"][1]["artifacts"]
        if artifact["mimetype"] == "text/html"
    )
    other = page.context.new_page()  # chromium says on its console that it did not run the script
    other.goto(f"{address}/artifacts/1/2/{strangers}")
    assert other.title() == "before"


@pytest.mark.usefixtures("shelf")
def test_a_report_runs_its_scripts_and_reaches_nothing_with_them(page: Page, tmp_path: Path, serve: Serve) -> None:
    address = serve(f"sqlite:///{tmp_path}/volopt.db")
    page.goto(f"{address}/report/grid")
    sees_every_section(page)
    assert page.evaluate("self.origin") == "null"
    other = page.context.new_page()  # whose console may say what was refused
    other.goto(f"{address}/report/grid")
    asked = "fetch('/api/studies').then(() => 'reached', () => 'refused')"
    assert other.evaluate(asked) == "refused"
