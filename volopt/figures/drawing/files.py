"""Write a chart as the content of a file: HTML, PNG, SVG or JSON."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from volopt.figures.chart import Chart

Format = Literal["html", "png", "svg", "json"]
FORMATS: tuple[Format, ...] = ("html", "png", "svg", "json")


class Renderer(NamedTuple):
    """Render charts with the program ``drawn_by``: plotly (through a browser for pictures) or matplotlib."""

    drawn_by: str
    draw: Callable[[Chart], bytes]  # returns the content of a file


@contextlib.contextmanager
def renderer(form: Format) -> Iterator[Renderer]:
    """Yield a renderer for a format.

    A browser draws PNG and SVG through kaleido if both are installed, and starts once. Otherwise matplotlib draws them.
    """
    if form == "html":
        yield Renderer("plotly", _html)
    elif form == "json":
        yield Renderer("volopt", lambda chart: json.dumps(chart.numbers(), allow_nan=False, default=list).encode())
    else:
        with _browser(form) as browser:
            yield browser or _matplotlib(form)


def _html(chart: Chart) -> bytes:
    from plotly.io import to_html

    config = {"displaylogo": False, "responsive": True}
    page: str = to_html(_plotly_figure(chart), config=config, include_plotlyjs=True, full_html=True)
    return page.encode()


def _matplotlib(form: Format) -> Renderer:
    from volopt.figures.drawing import matplotlib

    return Renderer("matplotlib", lambda chart: matplotlib.draw(chart, form))


@contextlib.contextmanager
def _browser(form: Format) -> Iterator[Renderer | None]:
    """Yield a renderer that uses a browser, or None if kaleido or the browser is missing or does not start."""
    try:
        from choreographer.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError
        from kaleido import Kaleido, PageGenerator
    except ImportError:
        yield None
        return
    import asyncio

    with asyncio.Runner() as runner:
        try:
            browser = Kaleido(n=1, page_generator=PageGenerator(mathjax=False))  # MathJax would come from another host
            runner.run(browser.__aenter__())
        except (BrowserClosedError, BrowserFailedError, ChromeNotFoundError):
            yield None
            return
        try:
            options = {"format": form, "scale": 1}
            yield Renderer("plotly", lambda chart: runner.run(browser.calc_fig(_plotly_figure(chart), options)))
        finally:
            runner.run(browser.__aexit__(None, None, None))


def _plotly_figure(chart: Chart) -> Any:
    from volopt.figures.drawing.plotly import figure

    return figure(chart)
