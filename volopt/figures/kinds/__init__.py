"""The kinds of figures: each is a module here with a function ``chart``, imported when the kind is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volopt.figures.chart import Chart
    from volopt.figures.study_view import StudyView


@dataclass(frozen=True)
class FigureKind:
    """One kind of figure."""

    name: str
    shows: str  # in a few words
    of_trials: bool = False  # can show trials that the person asked for
    of_days: bool = False  # shows the days of one instrument

    def chart(self, subject: "StudyView", trials: Sequence[int] = (), instrument: str | None = None) -> "Chart":
        """Return the figure of a study.

        Args:
            subject: the study.
            trials: numbers to show in place of the best, by kinds that are ``of_trials``; the others show all.
            instrument: of a panel study, whose days are drawn by kinds that are ``of_days``; None for the first one's.

        Raises:
            NothingToPlotError: the study has nothing for it.
            UsageError: it has no such instrument.
        """
        module = import_module(f"{__name__}.{self.name}")
        asked = {"trials": trials} if self.of_trials else {}
        found: Chart = module.chart(subject, **asked, **({"instrument": instrument} if self.of_days else {}))
        return found


KINDS = {
    kind.name: kind
    for kind in (
        FigureKind("importance", "which parameters matter, by two evaluators"),
        FigureKind("history", "the value of each trial, and the best so far"),
        FigureKind("slice", "the value by each parameter"),
        FigureKind("contour", "the value by two numbers together"),
        FigureKind("curves", "train and valid loss by epoch", of_trials=True),
        FigureKind("forecast", "forecast against actual on the test split", of_trials=True, of_days=True),
        FigureKind("grid", "a forecast for each point of the grid phases", of_days=True),
        FigureKind("parallel", "each trial as a line through all parameters"),
        FigureKind("edf", "the share of trials that reach a value"),
        FigureKind("rank", "which pairs of values rank first"),
        FigureKind("timeline", "when each trial ran, and how it ended"),
        FigureKind("error", "the error by hidden_size and num_layers, over seeds"),
        FigureKind("skill", "the best trials against each baseline"),
    )
}
