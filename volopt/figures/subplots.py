"""Draw the subplots that several figures share: forecasts by day and losses by epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from volopt.data.provider import MAX_HOLIDAY_DAYS
from volopt.definition.schema import Definition
from volopt.figures import colours, words
from volopt.figures.chart import Axis, Band, Line, Mark, Points, Subplot
from volopt.figures.drawing.layout import round_step
from volopt.figures.forecast_series import ForecastSeries
from volopt.metrics import Array
from volopt.studies.trial_file import StoredSeed
from volopt.windows.split import Dates

MAX_EPOCH_TICKS = 6


def loss_curves(seeds: Sequence[StoredSeed], title: str = "", *, keeps_best: bool = False) -> Subplot:
    """Return train and valid loss by epoch: mean and range of the seeds (at least one) that are still training.

    With several valid periods, it shows the last one that began. With ``keeps_best``, a point for each seed marks the
    epoch whose weights early stopping kept.
    """
    seeds = _of_last_period(seeds)
    epochs = list(range(1, max(len(seed.curves.train_mse) for seed in seeds) + 1))
    marks: list[Mark] = []
    for split in ("train", "valid"):
        losses = np.full((len(seeds), len(epochs)), np.nan)  # NaN after a seed has stopped
        for row, seed in zip(losses, seeds, strict=True):
            values = getattr(seed.curves, f"{split}_mse")
            row[: len(values)] = values
        colour, name = colours.SPLITS[split], f"{split}_mse"
        if len(seeds) > 1:
            low, high = numbers(np.nanmin(losses, axis=0)), numbers(np.nanmax(losses, axis=0))
            marks.append(Band(epochs, low, high, colour=colour))
        marks.append(Line(epochs, numbers(np.nanmean(losses, axis=0)), _mean_name(name, len(seeds)), colour, width=2))
    best = [(seed, int(epoch)) for seed in seeds if (epoch := seed.metrics.get("best_epoch")) is not None]
    if keeps_best and best:
        marks.append(_kept_epochs(best))
    step = int(round_step(max(1, len(epochs) / MAX_EPOCH_TICKS)))
    ticks = [(epoch, str(epoch)) for epoch in range(step, len(epochs) + 1, step)]
    return Subplot(Axis("epoch", ticks=ticks), Axis("loss, scaled units squared", "log"), marks, title)


def shown_period(seeds: Sequence[StoredSeed], definition: Definition) -> str:
    """Return the words that name the valid period of the drawn curves, or none for a study with one."""
    periods, number = definition.data.valid or (), max(seed.last_period for seed in seeds)
    if not definition.data.has_periods or number >= len(periods):  # a file may come from a stranger
        return ""
    return f", valid period {words.period(*map(str, periods[number]))}"


def _of_last_period(seeds: Sequence[StoredSeed]) -> list[StoredSeed]:
    """Return the seeds whose curves are those of the last period; a pruned trial may have curves of earlier ones."""
    last = max(seed.last_period for seed in seeds)
    return [seed for seed in seeds if seed.last_period == last]


def forecast(
    series: ForecastSeries, cell: str, target: str, title: str = "", baseline: tuple[str, Array] | None = None
) -> Subplot:
    """Return test forecasts and actual values of the expression ``target``: mean and range of the seeds.

    The cell determines the colour. A thin line shows the baseline, which is a name with forecasts of the same days.
    """
    days, cuts = series.dates.astype(str).tolist(), gaps(series.dates)
    marks = forecast_marks(series, cell, days, cuts)
    if baseline is not None:
        name, values = baseline
        colour = colours.BASELINES[name]
        if colour == colours.CELLS[cell]:
            colour = colours.GREY
        marks.insert(-1, Line(*with_gaps(days, values, cuts), words.best_baseline_name(name), colour, width=1.2))
    return Subplot(Axis("trade day", "date"), Axis(words.quantity_title(target)), marks, title)


def forecast_marks(series: ForecastSeries, cell: str, days: Sequence[Any], cuts: Sequence[int] = ()) -> list[Mark]:
    """Return the range over seeds, the actual values and the mean over seeds, at any positions of the days."""
    colour, count = colours.CELLS[cell], len(series.seeds)
    marks: list[Mark] = []
    if count > 1:
        x, low = with_gaps(days, series.seeds.min(axis=0), cuts)
        marks.append(Band(x, low, with_gaps(days, series.seeds.max(axis=0), cuts)[1], colour=colour))
    marks.append(Line(*with_gaps(days, series.actual, cuts), "actual", colours.ACTUAL, width=1.2))
    marks.append(Line(*with_gaps(days, series.seeds.mean(axis=0), cuts), _mean_name(cell, count), colour))
    return marks


def gaps(dates: Dates) -> list[int]:
    """Return the rows before which a line breaks: the days go back, or jump by more than holidays explain."""
    steps = np.diff(dates).astype(int)
    rows: list[int] = (np.flatnonzero((steps > MAX_HOLIDAY_DAYS) | (steps <= 0)) + 1).tolist()
    return rows


def with_gaps(days: Sequence[Any], values: Array, cuts: Sequence[int]) -> tuple[list[Any], list[float | None]]:
    """Return days and values with a gap before each row of ``cuts``."""
    x, y = list(days), numbers(values)
    for row in reversed(cuts):
        x.insert(row, None)
        y.insert(row, None)
    return x, y


def numbers(values: Array) -> list[float | None]:
    """Return values with None for those that are not finite."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _mean_name(name: str, seeds: int) -> str:
    return f"{name}, mean and range of {seeds} seeds" if seeds > 1 else name


def _kept_epochs(best: Sequence[tuple[StoredSeed, int]]) -> Points:
    return Points(
        [epoch for _, epoch in best],
        [seed.curves.valid_mse[epoch - 1] for seed, epoch in best],
        "epoch whose weights were kept, one point a seed",
        colours.ACTUAL,
        hover=[f"seed {seed.seed}: epoch {epoch}" for seed, epoch in best],
        symbol="diamond",
    )
