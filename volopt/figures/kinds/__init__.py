"""The registry of figure kinds.

To add a figure ``pareto``, change two files:

1. Write ``kinds/pareto.py`` with a function ``chart(view: StudyView) -> Chart``. If the study has nothing to draw, it
   raises ``NothingToPlotError`` with a sentence that says why. Subtitle and warnings about the data are added here.
2. Add ``FigureKind("pareto", "what it shows")`` to ``KINDS`` below. With ``report="search"`` that section of the report
   shows it. With ``card_subplots=1`` the dashboard shows it, one subplot in a card, in the order of ``KINDS``.

``volopt plot`` then draws it in every format, lists it in its help and includes it in ``all``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from volopt.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from volopt.figures.chart import Chart
    from volopt.figures.study_view import StudyView

CARD_PREFIX = "volopt-"


@dataclass(frozen=True)
class FigureKind:
    """Describe one kind of figure; its module is imported when it is drawn."""

    name: str  # of the module, and in commands
    description: str  # in the help of ``volopt plot``
    takes_trials: bool = False  # ``chart`` has a parameter ``trials``: numbers to show in place of the likely best
    takes_instrument: bool = False  # ``chart`` has a parameter ``instrument``: whose days to show
    report: str = ""  # the section of ``report/page.py`` that shows it; empty: not in the report
    of_periods: bool = False  # only studies with several valid periods have it; the report of others does not name it
    card_subplots: int = 0  # subplots in one card of the dashboard, which is narrow; 0: not in the dashboard

    def chart(self, view: "StudyView", trials: Sequence[int] = (), instrument: str | None = None) -> "Chart":
        """Return the figure of a study; a kind ignores ``trials`` and ``instrument`` if it does not take them.

        Raises:
            NothingToPlotError: the study has nothing for this figure.
            UsageError: the study has no such instrument.
        """
        options: dict[str, Any] = {"trials": trials} if self.takes_trials else {}
        if self.takes_instrument:
            options["instrument"] = instrument
        chart: Chart = import_module(f"{__name__}.{self.name}").chart(view, **options)
        return replace(chart, subtitle=view.subtitle, notes=[*view.warnings, *chart.notes])


KINDS = {
    kind.name: kind
    for kind in (
        FigureKind("history", "the value of each trial, and the best so far", report="search", card_subplots=1),
        FigureKind(
            "importance", "which parameters matter in each phase, and how sure", report="importance", card_subplots=1
        ),
        FigureKind("slice", "the value by each parameter", report="search"),
        FigureKind("contour", "the value by two numbers together", report="search"),
        FigureKind("curves", "train and valid loss by epoch", report="curves", takes_trials=True),
        FigureKind(
            "forecast", "forecast and actual on test", report="forecast", takes_trials=True, takes_instrument=True
        ),
        FigureKind("grid", "a forecast for each grid point", report="grid", card_subplots=4, takes_instrument=True),
        FigureKind("parallel", "each trial as a line through all parameters", report="search"),
        FigureKind("edf", "the share of trials that reach a value"),
        FigureKind("rank", "which pairs of values rank first"),
        FigureKind("timeline", "when each trial ran, and how it ended", report="search"),
        FigureKind("error", "the error by each key of a grid, over seeds", report="grid", card_subplots=1),
        FigureKind("budget", "how well early epochs rank trials as their end does", report="search", card_subplots=1),
        FigureKind(
            "periods", "the best trials in each valid period", report="search", of_periods=True, card_subplots=1
        ),
        FigureKind("skill", "the best trials against each baseline", report="baselines", card_subplots=1),
    )
}


OF_DAYS = " and ".join(name for name, kind in KINDS.items() if kind.takes_instrument)
OF_TRIALS = " and ".join(name for name, kind in KINDS.items() if kind.takes_trials)


def check_kind(name: str, known: Sequence[str] = tuple(KINDS)) -> None:
    """Raise a UsageError with the nearest name if there is no such figure."""
    if name not in known:
        raise UsageError(f'there is no figure "{name}"{did_you_mean(name, known)}', f"there are {', '.join(known)}")


def check_options(kinds: Sequence[str], trials: Sequence[str], instrument: str | None) -> None:
    """Raise a UsageError if no figure of these kinds takes the trials or the instrument."""
    if trials and not any(KINDS[kind].takes_trials for kind in kinds):
        raise UsageError(f"--trial is for {OF_TRIALS}; {', '.join(kinds)} shows all trials", "remove --trial")
    if instrument is not None and not any(KINDS[kind].takes_instrument for kind in kinds):
        raise UsageError(
            f"--instrument is for {OF_DAYS}; {', '.join(kinds)} shows all instruments", "remove --instrument"
        )


def card_id(kind: str, number: int) -> str:
    """Return the name under which a card of the dashboard is stored."""
    return f"{CARD_PREFIX}{kind}-{number:02}"


def is_card(identifier: str) -> bool:
    """Return whether a stored figure is one of volopt's cards."""
    return identifier.startswith(CARD_PREFIX)


def card_order(identifier: str) -> tuple[int, str]:
    """Return the key that sorts cards: volopt's in the order of ``KINDS``, then those of others."""
    kinds = list(KINDS)
    kind = identifier.removeprefix(CARD_PREFIX).rpartition("-")[0]
    return kinds.index(kind) if kind in kinds else len(kinds), identifier
