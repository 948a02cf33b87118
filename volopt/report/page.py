"""Write the report of a study as one HTML file: text and tables need no script, plotly draws the figures."""

from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

import volopt
from volopt.figures.study_view import StudyView
from volopt.report import choice, claims, question, reproduce, results
from volopt.report.blocks import Block, Section
from volopt.report.figures import figures
from volopt.storage.files import write_whole

SECTIONS: tuple[tuple[str, str, Callable[[StudyView], Iterator[Block]] | None], ...] = (
    ("question", "The question", question.question),
    ("data", "The data", question.data),
    ("results", "Results", results.results),
    ("grid", "The grid", None),
    ("importance", "Parameter importance", None),
    ("curves", "Learning curves", None),
    ("forecast", "Forecast", None),
    ("baselines", "Baselines", results.baselines),
    ("findings", "The paper's claims", claims.claims),
    ("search", "The search", None),
    ("best", "The best configuration", reproduce.best),
    ("choice", "How sure the choice is", choice.choice),
    ("record", "Run record", reproduce.record),
    ("commands", "Next steps", reproduce.next_steps),
)  # id, title and text; the figures of ``figures.kinds`` with this ``report`` follow the text


def page(view: StudyView) -> str:
    """Return the report of a study in any state; the page loads nothing from another host."""
    template = templates().get_template("page.html.j2")
    html = template.render(
        view=view,
        sections=sections(view),
        last_event=_last_event(view),
        version=volopt.__version__,
        plotly=Markup(get_plotlyjs()),
    )
    return html.encode(errors="replace").decode()  # no file can hold a lone surrogate


def templates() -> Environment:
    """Return the templates of the pages."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # names, titles and reasons may come from strangers
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_page(view: StudyView, path: Path) -> int:
    """Write the report of a study to a file, which is replaced where it exists, and return its bytes.

    Raises:
        StorageError: the file cannot be written.
    """
    content = page(view).encode()
    write_whole(path, content, "--out")
    return len(content)


def sections(view: StudyView) -> list[Section]:
    """Return the sections in order."""
    filled = {
        id: Section(id, title, [*(text(view) if text else ()), *figures(view, id)]) for id, title, text in SECTIONS
    }
    if view.unread:  # known once all sections are filled
        blocks = [results.unread(view), *filled["results"].blocks]
        filled["results"] = filled["results"]._replace(blocks=blocks)
    return list(filled.values())


def _last_event(view: StudyView) -> str:
    """Return when the study last changed; the report depends on the study and not on the clock."""
    times = [time for trial in view.trials for time in (trial.datetime_start, trial.datetime_complete) if time]
    return max(times).isoformat(" ", "minutes") if times else ""
