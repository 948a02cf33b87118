"""The report of a stranger's study in a browser: what was written into it is text, and nothing of it is done."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hand_made import Shelf, World, content
from volopt.figures.study_view import StudyView
from volopt.report.page import page as report
from volopt.studies import study as studies
from volopt.studies.attributes import REASON

SCRIPT = "</script><script>window.done = 1</script><img src=x onerror='window.done = 2'>"
LINK = "<a href='javascript:window.done = 3'>link</a><!--"
HOVERS = """
[...document.querySelectorAll('.place')].flatMap(place =>
    place.data.flatMap((trace, curve) =>
        (trace.hovertext || []).map((text, point) => [place, curve, point, text])
    ).filter(([place, curve, point, text]) => text.includes('javascript'))
).map(([place, curve, point]) => {
    Plotly.Fx.hover(place, [{curveNumber: curve, pointNumber: point}]);
    const label = place.querySelector('.hoverlayer');
    return [label.textContent, label.querySelectorAll('a').length];
})
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A report, as a file, of a study of two COMPLETE trials and one that failed for a hostile reason."""
    shelf = Shelf(tmp_path)
    definition = shelf.study("mine", text=('title = "', f'title = "{SCRIPT} '))
    for cell in ("RNN", "LSTM"):
        shelf.trial(definition, content(World(seeds=2).trial(cell=cell, hidden_size=5)), cell=cell)
    study, _ = studies.find(shelf.storage, "mine")
    for reason in (SCRIPT, LINK):
        shelf.failed(definition, reason)
    study.set_user_attr("volopt:data", studies.data_of(study).model_dump() | {"provider": LINK})
    assert study.trials[-1].user_attrs[REASON] == LINK
    path = tmp_path / "report.html"
    path.write_text(report(StudyView(study, definition, shelf.artifacts)))
    return path.as_uri()


def test_what_strangers_wrote_is_shown_and_not_done(browser: Browser, url: str) -> None:
    context = browser.new_context()
    page, requests = context.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    assert SCRIPT in page.inner_text("h1")
    assert LINK in page.inner_text("#results")
    hovers = page.evaluate(HOVERS)
    assert hovers
    assert all("<a href='javascript" in text and not links for text, links in hovers)
    assert page.evaluate("window.done") is None
    assert page.evaluate("document.querySelectorAll('.place a[href], .place img').length") == 0
    assert requests == [url]
    context.close()
