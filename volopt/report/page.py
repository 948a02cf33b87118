"""The report of a study as one HTML file: text and tables without scripts, figures drawn by plotly from numbers."""

from functools import partial
from pathlib import Path

import optuna
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

import volopt
from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.report import claims, question, record, results
from volopt.report.blocks import Block, Section
from volopt.report.figures import figures
from volopt.storage.artifacts import Artifacts


def page(study: optuna.Study, definition: Definition, artifacts: Artifacts) -> str:
    """Return the report of a study, whatever state it is in; it asks no other host for anything."""
    subject = StudyView(study, definition, artifacts)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # names, titles and reasons come from strangers
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return (
        environment.get_template("page.html.j2")
        .render(
            subject=subject,
            sections=sections(subject),
            last=_last_event(subject),
            version=volopt.__version__,
            plotly=Markup(get_plotlyjs()),
        )
        .encode(errors="replace")
        .decode()
    )  # halves of characters, which no file can hold


def sections(subject: StudyView) -> list[Section]:
    """Return the sections in their order."""
    draw = partial(figures, subject)
    parts: list[tuple[str, str, list[Block]]] = [
        ("question", "The question", [*question.question(subject)]),
        ("data", "The data", [*question.data(subject)]),
        ("results", "Results", [*results.results(subject)]),
        ("grid", "The grid", draw(["grid", "error"])),
        ("importance", "What matters", draw(["importance"])),
        ("curves", "Learning curves", draw(["curves"])),
        ("forecast", "Forecast", draw(["forecast"])),
        ("baselines", "Baselines", [*results.baselines(subject), *draw(["skill"])]),
        ("findings", "The paper's claims", [*claims.claims(subject)]),
        ("search", "The search", draw(["history", "slice", "contour", "parallel", "timeline"])),
        ("best", "The best configuration", [*record.best(subject)]),
        ("record", "Run record", [*record.record(subject)]),
        ("commands", "Going on", [*record.further(subject)]),
    ]
    if subject.unread:  # by all that was to be drawn
        next(blocks for name, _, blocks in parts if name == "results").insert(0, results.unread(subject))
    return [Section(*part) for part in parts]


def _last_event(subject: StudyView) -> str:
    """Return when the study last changed: the report is a function of the study, and not of the clock."""
    times = [time for trial in subject.trials for time in (trial.datetime_start, trial.datetime_complete) if time]
    return max(times).isoformat(" ", "minutes") if times else ""
