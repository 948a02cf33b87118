"""Write a chart as the content of a file: HTML, PNG, SVG, PDF or JSON."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from volopt.figures.chart import Chart
from volopt.figures.drawing.layout import WIDTH, Size

Format = Literal["html", "png", "svg", "pdf", "json"]
FORMATS: tuple[Format, ...] = ("html", "png", "svg", "pdf", "json")
DEFAULT_SIZE = Size()
MIN_PAGE_WIDTH = 800  # pixels of an HTML page, which is otherwise as wide as its window
PICTURES: tuple[Format, ...] = ("png", "svg", "pdf")
CSS_DPI = 96  # pixels of a browser per inch
CLOSE_SECONDS = 20.0  # until a browser that is told to close is ended


class Renderer(NamedTuple):
    """Render charts with the program ``drawn_by``: plotly (through a browser for pictures) or matplotlib."""

    drawn_by: str
    draw: Callable[[Chart], bytes]  # returns the content of a file


@contextlib.contextmanager
def renderer(form: Format, size: Size = DEFAULT_SIZE) -> Iterator[Renderer]:
    """Yield a renderer for a format; HTML and JSON have no size.

    A browser draws pictures through kaleido if both are installed, and starts once. Otherwise matplotlib draws them.
    """
    if form == "html":
        yield Renderer("plotly", _html)
    elif form == "json":
        yield Renderer("volopt", lambda chart: json.dumps(chart.numbers(), allow_nan=False, default=list).encode())
    else:
        with _browser(form, size) as browser:
            yield browser or _matplotlib(form, size)


def _html(chart: Chart) -> bytes:
    from plotly.io import to_html

    config = {"displaylogo": False, "responsive": True}
    figure = _plotly_figure(chart, WIDTH).update_layout(width=None, autosize=True)
    page: str = to_html(figure, config=config, include_plotlyjs=True, full_html=True)
    return page.replace("<head>", f"<head><style>body {{ min-width: {MIN_PAGE_WIDTH}px }}</style>", 1).encode()


def _matplotlib(form: Format, size: Size) -> Renderer:
    from volopt.figures.drawing import matplotlib

    width, scale = size.layout_width, size.scale(size.dpi)
    return Renderer("matplotlib", lambda chart: matplotlib.draw(size.fit(chart), form, width, scale))


@contextlib.contextmanager
def _browser(form: Format, size: Size) -> Iterator[Renderer | None]:
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
            options = {"format": form, "scale": size.scale(size.dpi if form == "png" else CSS_DPI)}
            yield Renderer(
                "plotly",
                lambda chart: runner.run(browser.calc_fig(_plotly_figure(size.fit(chart), size.layout_width), options)),
            )
        finally:
            # A browser that ends before it answers would be awaited for ever. When the wait is cancelled, choreographer
            # closes the rest.
            with contextlib.suppress(TimeoutError):
                runner.run(asyncio.wait_for(browser.__aexit__(None, None, None), CLOSE_SECONDS))


def _plotly_figure(chart: Chart, width: int) -> Any:
    from volopt.figures.drawing.plotly import figure

    return figure(chart, width)
