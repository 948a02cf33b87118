"""A walk forward as a figure: skill by year, where it was won and lost, and instruments or the latest intervals."""

import numpy as np

from volopt.figures import colours, words
from volopt.figures.chart import Axis, Band, Chart, ColourScale, Line, Mark, Points, ReferenceLine, Subplot
from volopt.forecast.backtest import Backtest

AGAINST = "har"  # the baseline that instruments are compared with
LATEST = 120  # days of a single instrument that are drawn with their interval


def chart(done: Backtest, *, synthetic: bool) -> Chart:
    """Return the figure of a backtest."""
    several = len(done.by_instrument) > 1
    panels = [_by_year(done), _gained(done), _instruments(done) if several else _latest(done)]
    choice = done.choice
    return Chart(
        f"Backtest of {choice.study}, trial {choice.trial}",
        panels,
        f"{choice.definition.data.told} {choice.definition.data.target}, {done.first} to {done.last}, "
        f"refitted {'once' if done.refit == 'never' else f'each {done.refit}'}",
        [*words.warnings(synthetic=synthetic), *_notes(done)],
        scale=_scale(done) if several else None,
        row_height=max(340, 30 * len(done.by_instrument)),  # room for each name
    )


def _label(done: Backtest, year: int) -> str:
    seen = {each.year for each in done.years if each.seen}
    return f"{year}*" if year in seen else str(year)


def _by_year(done: Backtest) -> Subplot:
    years = [_label(done, each.year) for each in done.years]
    marks: list[Mark] = [ReferenceLine(0.0, colour=colours.ACTUAL)]
    for name, colour in colours.BASELINES.items():
        values = [_known(each.score.skill[name]) for each in done.years]
        marks.append(Line(years, values, name, colour))
        marks.append(
            Points(
                years, values, "", colour, hover=[f"over {name}: {value:.3g}" for value in values if value is not None]
            )
        )
    return Subplot(
        Axis("year", "category", names=years),
        Axis("skill"),
        marks,
        "Share of each baseline's squared log error that is gone",
    )


def _gained(done: Backtest) -> Subplot:
    rows, walked = done.rows, done.rows.walked
    marks: list[Mark] = [ReferenceLine(0.0, colour=colours.ACTUAL)]
    for name, colour in colours.BASELINES.items():
        gain = rows.squared[name] - rows.squared["forecast"]
        chosen = done.chosen & np.isfinite(gain)
        days, day = np.unique(walked.dates[chosen], return_inverse=True)
        total = np.cumsum(np.bincount(day, gain[chosen]) / np.bincount(day))
        marks.append(Line(days.astype(str).tolist(), total.tolist(), name, colour, width=1.2))
    title = "Squared log error saved so far: where a line rises, the network does better"
    return Subplot(Axis("trade day", "date"), Axis("sum over days"), marks, title)


def _instruments(done: Backtest) -> Subplot:
    columns = [_label(done, each.year) for each in done.years] + ["total"]
    names = list(done.by_instrument)[::-1]
    cells = [
        (column, name, score.skill[AGAINST])
        for name, each in done.by_instrument.items()
        for column, score in zip(columns, [*each.by_year.values(), each.total], strict=True)
        if np.isfinite(score.skill[AGAINST])
    ]
    mark = Points(
        [x for x, _, _ in cells],
        [y for _, y, _ in cells],
        values=[value for _, _, value in cells],
        hover=[f"{y} {x}: {value:+.3f}" for x, y, value in cells],
        size=16,
    )
    axes = Axis("year", "category", names=columns), Axis("", "category", names=names)
    return Subplot(*axes, [mark], f"Skill over {AGAINST} by instrument")


def _latest(done: Backtest) -> Subplot:
    walked, rows = done.rows.walked, np.flatnonzero(done.chosen)[-LATEST:]
    days = walked.dates[rows].astype(str).tolist()
    told = rows[np.isfinite(done.rows.low[rows])]
    band = Band(
        walked.dates[told].astype(str).tolist(),
        done.rows.low[told].tolist(),
        done.rows.high[told].tolist(),
        f"{done.coverage:.0%} interval",
        colours.BLUE,
    )
    actual = Line(days, walked.actual[rows].tolist(), "actual", colours.ACTUAL)
    forecast = Line(days, walked.forecast[rows].tolist(), "forecast", colours.BLUE)
    target = words.quantity(done.choice.definition.data.target)
    title = f"The last {len(rows)} days{_held(done, rows)}"
    return Subplot(Axis("trade day", "date"), Axis(target), [*([band] if told.size else []), actual, forecast], title)


def _held(done: Backtest, rows: np.ndarray) -> str:
    share = done.rows.coverage(np.isin(np.arange(len(done.chosen)), rows))
    return f": the interval held {share:.0%}" if np.isfinite(share) else ", without an interval: too few earlier errors"


def _scale(done: Backtest) -> ColourScale:
    scores = [score for each in done.by_instrument.values() for score in (*each.by_year.values(), each.total)]
    values = [score.skill[AGAINST] for score in scores]
    reach = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    return ColourScale(f"skill over {AGAINST}", -reach, reach)


def _notes(done: Backtest) -> list[str]:
    held = done.total.coverage
    notes = [f"{done.coverage:.0%} intervals held {held:.1%} of all days."] if np.isfinite(held) else []
    if any(each.seen for each in done.years):
        start, end = done.choice.chosen_on
        notes.append(f"* had a part in choosing the configuration ({start} to {end}), which flatters it.")
    return notes


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
