"""The kinds of figures: each is a module here with a function ``chart``, imported when the kind is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volopt.figures.chart import Chart
    from volopt.figures.study_view import Subject


@dataclass(frozen=True)
class Kind:
    """One kind of figure."""

    name: str
    shows: str  # in a few words
    of_trials: bool = False  # can show trials that the person asked for
    of_days: bool = False  # shows the days of one instrument

    def chart(self, subject: "Subject", trials: Sequence[int] = (), instrument: str | None = None) -> "Chart":
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
        Kind("importance", "which parameters matter, by two evaluators"),
        Kind("history", "the value of each trial, and the best so far"),
        Kind("slice", "the value by each parameter"),
        Kind("contour", "the value by two numbers together"),
        Kind("curves", "train and valid loss by epoch", of_trials=True),
        Kind("forecast", "forecast against actual on the test split", of_trials=True, of_days=True),
        Kind("grid", "a forecast for each point of the grid phases", of_days=True),
        Kind("parallel", "each trial as a line through all parameters"),
        Kind("edf", "the share of trials that reach a value"),
        Kind("rank", "which pairs of values rank first"),
        Kind("timeline", "when each trial ran, and how it ended"),
        Kind("error", "the error by hidden_size and num_layers, over seeds"),
        Kind("skill", "the best trials against each baseline"),
    )
}
