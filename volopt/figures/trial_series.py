"""What a trial left as a file, as arrays: curves and test forecasts of its seeds; a pruned trial has curves alone.

Of a panel the forecasts are those of one instrument: a line from the last day of one to the first of another would show
nothing. Curves and flat lines are the trial's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from volopt.claims.measures import FLAT
from volopt.errors import UsageError, suggest
from volopt.metrics import Array
from volopt.studies.trial_file import InstrumentRows, StoredDays, StoredSeed, TrialFile
from volopt.windows.split import Dates


class LossCurves(NamedTuple):
    """Losses of one seed, shape (epochs,)."""

    seed: int
    train_mse: Array
    valid_mse: Array
    best_epoch: int | None  # whose weights were kept, from 1; None where training did not end by itself


class ForecastSeries(NamedTuple):
    """What the finished seeds forecast of the test days, original units."""

    dates: Dates  # shape: (days,)
    actual: Array  # shape: (days,)
    seeds: Array  # shape: (seeds, days)


@dataclass(frozen=True)
class TrialSeries:
    """One trial's; ``flat`` counts the finished seeds whose forecast is a flat line."""

    curves: tuple[LossCurves, ...]
    forecasts: ForecastSeries | None
    flat: int
    share: InstrumentRows  # of the test days, that the forecasts are of

    @property
    def flatness(self) -> str:
        """Return a word about flat lines, or nothing where there are none."""
        count = 0 if self.forecasts is None else len(self.forecasts.seeds)
        if not self.flat:
            return ""
        return "flat line" if self.flat == count else f"flat line in {self.flat} of {count} seeds"


def of_artifact(found: TrialFile, instrument: str | None = None) -> TrialSeries:
    """Return what an artifact holds.

    Args:
        found: of a trial.
        instrument: whose days; None for the first one's.

    Raises:
        UsageError: the trial has none of this name.
    """
    share = _share(found.shares("test"), instrument)
    finished = [seed for seed in found.seeds if seed.forecast]
    flatness = [seed.metrics.get("flatness") for seed in finished]
    flat = sum(value is not None and value < FLAT for value in flatness)
    forecasts = _forecasts(found.days["test"], finished, share.rows)
    return TrialSeries(tuple(map(_curves, found.seeds)), forecasts, flat, share)


def _share(shares: Sequence[InstrumentRows], instrument: str | None) -> InstrumentRows:
    if instrument is None:
        return shares[0]
    known = {share.instrument: share for share in shares}
    if instrument not in known:
        raise UsageError(f"the study has no instrument {instrument}", suggest(instrument, filter(None, known)))
    return known[instrument]


def _curves(seed: StoredSeed) -> LossCurves:
    train, valid = (np.asarray(losses, dtype=float) for losses in (seed.curves.train_mse, seed.curves.valid_mse))
    best = seed.metrics.get("best_epoch")
    return LossCurves(seed.seed, train, valid, None if best is None else int(best))


def _forecasts(days: StoredDays, finished: Sequence[StoredSeed], rows: slice) -> ForecastSeries | None:
    if not finished:
        return None
    forecasts = np.asarray([seed.forecast["test"][rows] for seed in finished], dtype=float)
    return ForecastSeries(
        np.asarray(days.date[rows], "datetime64[D]"), np.asarray(days.actual[rows], dtype=float), forecasts
    )
