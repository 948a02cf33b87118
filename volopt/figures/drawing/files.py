"""A chart as the content of a file: HTML, PNG, SVG or JSON."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from volopt.figures.chart import Chart

Format = Literal["html", "png", "svg", "json"]
FORMATS: tuple[Format, ...] = ("html", "png", "svg", "json")


class Renderer(NamedTuple):
    """Renders charts; ``drawn_by`` is the program: plotly, in a browser where the file is a picture, or matplotlib."""

    drawn_by: str
    draw: Callable[[Chart], bytes]

    def __call__(self, chart: Chart) -> bytes:
        """Return the content of a file."""
        return self.draw(chart)


@contextlib.contextmanager
def renderer(form: Format) -> Iterator[Renderer]:
    """Give a function that renders charts in a format.

    PNG and SVG are drawn by a browser through kaleido, started once, where both are there, and by matplotlib otherwise.
    """
    if form == "html":
        yield Renderer("plotly", _html)
    elif form == "json":
        yield Renderer("volopt", _json)
    else:
        with _browser(form) as found:
            yield found or _matplotlib(form)


def _html(chart: Chart) -> bytes:
    from plotly.io import to_html

    config = {"displaylogo": False, "responsive": True}
    page: str = to_html(_figure(chart), config=config, include_plotlyjs=True, full_html=True)
    return page.encode()


def _json(chart: Chart) -> bytes:
    return json.dumps(chart.numbers(), allow_nan=False, default=list).encode()


def _matplotlib(form: Format) -> Renderer:
    from volopt.figures.drawing import matplotlib

    return Renderer("matplotlib", lambda chart: matplotlib.draw(chart, form))


@contextlib.contextmanager
def _browser(form: Format) -> Iterator[Renderer | None]:
    """Give a function that renders in a browser, or None where kaleido or the browser is missing or does not start."""
    try:
        from choreographer.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError
        from kaleido import Kaleido, PageGenerator
    except ImportError:
        yield None
        return
    with asyncio.Runner() as runner:
        try:
            browser = Kaleido(n=1, page_generator=PageGenerator(mathjax=False))  # MathJax would come from another host
            runner.run(browser.__aenter__())
        except (BrowserClosedError, BrowserFailedError, ChromeNotFoundError):
            yield None
            return
        try:
            how = {"format": form, "scale": 1}
            yield Renderer("plotly", lambda chart: runner.run(browser.calc_fig(_figure(chart), how)))
        finally:
            runner.run(browser.__aexit__(None, None, None))


def _figure(chart: Chart) -> Any:
    from volopt.figures.drawing.plotly import figure

    return figure(chart)
