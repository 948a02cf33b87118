"""Panels that several figures share: what a trial forecast, day by day, and how its loss fell, epoch by epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from volopt.data.provider import HOLIDAYS
from volopt.figures import colours, words
from volopt.figures.chart import Axis, Band, Line, Mark, Points, Subplot
from volopt.figures.steps import round_step
from volopt.figures.trial_series import ForecastSeries, LossCurves
from volopt.metrics import Array
from volopt.windows.split import Dates

TICKS = 6


def curves(seeds: Sequence[LossCurves], title: str = "", *, keeps_best: bool = False) -> Subplot:
    """Return train and valid loss by epoch: the mean over the seeds that are still training, and their range.

    Args:
        seeds: at least one.
        title: of the panel.
        keeps_best: mark the epoch whose weights early stopping kept, seed by seed.
    """
    epochs = list(range(1, max(len(seed.train_mse) for seed in seeds) + 1))
    marks: list[Mark] = []
    for split in ("train", "valid"):
        losses = _rows([getattr(seed, f"{split}_mse") for seed in seeds])
        colour, name = colours.SPLITS[split], f"{split}_mse"
        if len(seeds) > 1:
            marks.append(Band(epochs, *_range(losses), colour=colour))
        marks.append(Line(epochs, numbers(np.nanmean(losses, axis=0)), _mean(name, len(seeds)), colour, width=2))
    ends = [seed for seed in seeds if seed.best_epoch is not None]
    if keeps_best and ends:
        marks.append(_kept(ends))
    return Subplot(Axis("epoch", ticks=_ticks(len(epochs))), Axis("loss, scaled units squared", "log"), marks, title)


def forecast(
    found: ForecastSeries,
    cell: str,
    target: str,
    title: str = "",
    baseline: tuple[str, Array] | None = None,
) -> Subplot:
    """Return the test forecasts against what came: the mean over the seeds and their range.

    Args:
        found: of the trial.
        cell: gives the colour.
        target: the expression.
        title: of the panel.
        baseline: name and forecasts of the same days, drawn as a thin line.
    """
    marks = forecast_marks(found, cell, found.dates.astype(str).tolist(), breaks(found.dates))
    if baseline is not None:
        name, values = baseline
        x, y = broken(found.dates.astype(str).tolist(), values, breaks(found.dates))
        own = colours.BASELINES[name]
        colour = own if own != colours.CELLS[cell] else colours.GREY
        marks.insert(-1, Line(x, y, words.best_baseline(name), colour, width=1.2))
    return Subplot(Axis("trade day", "date"), Axis(words.quantity(target)), marks, title)


def forecast_marks(found: ForecastSeries, cell: str, days: Sequence[Any], cuts: Sequence[int] = ()) -> list[Mark]:
    """Return range over seeds, actual and mean of seeds, at any positions of the days."""
    colour, count = colours.CELLS[cell], len(found.seeds)
    marks: list[Mark] = []
    if count > 1:
        x, low = broken(days, found.seeds.min(axis=0), cuts)
        marks.append(Band(x, low, broken(days, found.seeds.max(axis=0), cuts)[1], colour=colour))
    marks.append(Line(*broken(days, found.actual, cuts), "actual", colours.ACTUAL, width=1.2))
    marks.append(Line(*broken(days, found.seeds.mean(axis=0), cuts), _mean(cell, count), colour))
    return marks


def breaks(dates: Dates) -> list[int]:
    """Return the rows before which a line breaks: the days jump by more than holidays explain, or go back."""
    steps = np.diff(dates).astype(int)
    rows: list[int] = (np.flatnonzero((steps > HOLIDAYS) | (steps <= 0)) + 1).tolist()
    return rows


def broken(days: Sequence[Any], values: Array, cuts: Sequence[int]) -> tuple[list[Any], list[float | None]]:
    """Return days and values with a gap at each of the cuts."""
    x, y = list(days), numbers(values)
    for row in reversed(cuts):
        x.insert(row, None)
        y.insert(row, None)
    return x, y


def numbers(values: Array) -> list[float | None]:
    """Return numbers with None for those that are not finite."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _ticks(epochs: int) -> list[tuple[float, str]]:
    """Return at most ``TICKS`` whole epochs at even distances."""
    step = int(round_step(max(1, epochs / TICKS)))
    return [(epoch, str(epoch)) for epoch in range(step, epochs + 1, step)]


def _rows(losses: Sequence[Array]) -> Array:
    """Return losses of several seeds, shape (seeds, epochs), NaN where one has stopped."""
    found = np.full((len(losses), max(map(len, losses))), np.nan)
    for row, values in zip(found, losses, strict=True):
        row[: len(values)] = values
    return found


def _range(values: Array) -> tuple[list[float | None], list[float | None]]:
    return numbers(np.nanmin(values, axis=0)), numbers(np.nanmax(values, axis=0))


def _mean(name: str, seeds: int) -> str:
    return f"{name}, mean and range of {seeds} seeds" if seeds > 1 else name


def _kept(seeds: Sequence[LossCurves]) -> Points:
    epochs = [seed.best_epoch or 1 for seed in seeds]
    return Points(
        epochs,
        [float(seed.valid_mse[epoch - 1]) for seed, epoch in zip(seeds, epochs, strict=True)],
        "epoch whose weights were kept, a point a seed",
        colours.ACTUAL,
        hover=[f"seed {seed.seed}: epoch {seed.best_epoch}" for seed in seeds],
        symbol="diamond",
    )
