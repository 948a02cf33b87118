"""Read the test forecasts of a trial's seeds from its file.

The forecasts of a panel study are those of one instrument, since its instruments have different days. Flat lines
belong to the whole trial.
"""

from typing import NamedTuple

import numpy as np

from volopt.claims.measures import FLAT
from volopt.errors import UsageError, suggest
from volopt.metrics import Array
from volopt.studies.trial_file import InstrumentRows, TrialFile
from volopt.windows.split import Dates


class ForecastSeries(NamedTuple):
    """Hold the test forecasts of the finished seeds, in original units."""

    dates: Dates  # shape: (days,)
    actual: Array  # shape: (days,)
    seeds: Array  # shape: (seeds, days)
    flat: int  # seeds whose forecast is a flat line
    part: InstrumentRows  # the instrument and its test days

    @property
    def flatness(self) -> str:
        """Return how many seeds forecast a flat line, or an empty text if none does."""
        if not self.flat:
            return ""
        count = len(self.seeds)
        return "flat line" if self.flat == count else f"flat line in {self.flat} of {count} seeds"


def forecast_series(file: TrialFile, instrument: str | None = None) -> ForecastSeries | None:
    """Return the test forecasts of a trial for ``instrument`` or the first one; None if the trial was pruned.

    Raises:
        UsageError: the trial has no instrument of this name.
    """
    parts = file.instrument_rows("test")
    part = next((part for part in parts if instrument in (None, part.instrument)), None)
    if part is None:
        names = [part.instrument for part in parts if part.instrument]
        raise UsageError(f"the study has no instrument {instrument}", suggest(str(instrument), names))
    finished = [seed for seed in file.seeds if seed.forecast]
    if not finished:
        return None
    days, flatness = file.days["test"], [seed.metrics.get("flatness") for seed in finished]
    return ForecastSeries(
        dates=np.asarray(days.date[part.rows], "datetime64[D]"),
        actual=np.asarray(days.actual[part.rows], dtype=float),
        seeds=np.asarray([seed.forecast["test"][part.rows] for seed in finished], dtype=float),
        flat=sum(value is not None and value < FLAT for value in flatness),
        part=part,
    )
