"""The report in a browser: drawn without an error or a request, on a desk, on a phone and on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from small_runs import GRID_AND_RANDOM, run
from volopt.figures.study_view import StudyView
from volopt.report.page import page as report
from volopt.storage.artifacts import artifacts_of
from volopt.storage.database.connect import connect
from volopt.studies import study as studies

PLACES = "[...document.querySelectorAll('.place')].map(place => place.clientWidth)"
DESK, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
REDRAW = """async spans => {
    const places = [...document.querySelectorAll(".place")];
    const place = places.find(place => place.layout.xaxis.title.text.startsWith("time of day"));
    const {data: [trace], layout} = place;
    delete layout.xaxis.range;
    for (const x of spans) await Plotly.newPlot(place, [{...trace, x, y: [0, 5]}], {...layout});
}"""
WIDTHS = "[...document.querySelectorAll('.place')].map(place => place.querySelector('.main-svg').clientWidth)"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> str:
    """The report of a small study that was really run, as a file."""
    directory = tmp_path_factory.mktemp("report")
    storage = run(GRID_AND_RANDOM, directory, sample).storage
    study, definition = studies.find(connect(storage), "small")
    path = directory / "report.html"
    path.write_text(report(StudyView(study, definition, artifacts_of(connect(storage)))))
    return path.as_uri()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def shown(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The report with every figure drawn; any error or request is one of the test."""
    context = browser.new_context(viewport=request.param, has_touch=request.param is PHONE)
    messages: list[str] = []
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: messages.append(request.url) if request.url != url else None)
    page.goto(url)
    page.wait_for_selector("html[data-drawn]", state="attached")
    yield page
    context.close()
    assert messages == []


def test_every_figure_is_drawn_as_wide_as_its_place_and_the_page_does_not_scroll_sideways(shown: Page) -> None:
    places = shown.locator(".place")
    assert places.count() > 10
    assert shown.evaluate(WIDTHS) == shown.evaluate(PLACES)
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert places.locator(".error, .notifier").count() == 0


def test_small_panels_stand_beside_each_other_on_a_desk_and_below_each_other_on_a_phone(shown: Page) -> None:
    tops = "[...document.querySelectorAll('#grid figure:first-of-type .place')].map(p => p.getBoundingClientRect().top)"
    positions = shown.evaluate(tops)
    phone = (shown.viewport_size or {})["width"] == PHONE["width"]
    assert len(positions) == 4
    assert len(set(positions)) == (4 if phone else 2)


def test_wide_tables_scroll_within_their_own_box(shown: Page) -> None:
    boxes = shown.evaluate("[...document.querySelectorAll('.scroll')].map(box => [box.clientWidth, box.scrollWidth])")
    width = (shown.viewport_size or {})["width"]
    assert all(box <= width for box, _ in boxes)
    assert any(content > box for box, content in boxes) == (width == PHONE["width"])


def test_every_entry_of_the_contents_leads_to_its_section(shown: Page) -> None:
    for link in shown.locator("nav a").all():
        link.click()
        assert shown.evaluate("document.querySelector(location.hash).getBoundingClientRect().top < innerHeight")


def test_before_printing_figures_fit_the_paper_and_folded_text_opens_and_after_it_all_is_as_before(
    shown: Page,
) -> None:
    before = shown.evaluate(WIDTHS)
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = shown.evaluate("document.body.clientWidth")
    printed = shown.evaluate(WIDTHS)
    assert paper == pytest.approx(180 / 25.4 * 96, abs=1)
    assert printed == shown.evaluate(PLACES)
    assert max(printed) <= paper
    assert printed != before
    assert shown.locator("details:not([open])").count() == 0
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    shown.wait_for_function(f"JSON.stringify({WIDTHS}) === {str(before).replace(' ', '')!r}")
    assert shown.locator("details[open]").count() == 0


def test_without_scripts_text_and_tables_are_there(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    assert "The figures need JavaScript" in page.locator("header").inner_text()
    assert page.locator("#results table tbody tr").count() == 6
    context.close()


def test_a_time_whose_last_label_leaves_the_figure_is_drawn_once(shown: Page) -> None:
    """Of 1,500 spans of time, these made plotly choose dates and margins in turn on a phone, until it gave up."""
    spans = [
        ("2026-11-29T20:45:36.027233", "2026-11-29T20:45:40.240847"),
        ("2026-11-29T12:26:27.021116", "2026-11-29T12:50:28.785491"),
        ("2026-11-29T01:44:42.094676", "2026-11-29T01:44:46.287173"),
        ("2026-11-29T22:34:16.343157", "2026-11-29T23:47:10.475307"),
        ("2026-11-29T06:27:36.165980", "2026-11-29T06:27:44.561400"),
    ]
    shown.evaluate(REDRAW, spans)
