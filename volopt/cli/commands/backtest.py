"""``volopt backtest``: the configuration of a study, walked forward over past years."""

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import forecasting
from volopt.cli.figure_files import format_of, tell, write
from volopt.cli.output import SYNTHETIC, print_json, print_table
from volopt.errors import UsageError
from volopt.figures.drawing.files import FORMATS, Format

if TYPE_CHECKING:
    from volopt.forecast.backtest import Backtest
    from volopt.forecast.walk_forward.scores import Score


@click.command("backtest", epilog="Example: volopt backtest search --from 2016-01-01 --refit year")
@click.argument("name")
@click.option("--from", "first", type=forecasting.DAY, required=True, metavar="DATE", help="The first day to forecast.")
@click.option("--to", "last", type=forecasting.DAY, metavar="DATE", help="The last one; else the data's own.")
@click.option(
    "--refit", type=click.Choice(["year", "quarter", "never"]), default="year", show_default=True, help="How often."
)
@forecasting.coverage
@click.option("--format", "form", type=click.Choice(FORMATS), help="Of the figure; else that of --out, or html.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The figure; else NAME-backtest.FORMAT.")
@forecasting.refitting
def command(
    name: str,
    first: datetime,
    last: datetime | None,
    refit: Any,
    trial: str,
    coverage: float,
    form: Format | None,
    out: Path | None,
    data: Path | None,
    storage: str,
    as_json: bool,
    **training: Any,
) -> None:
    """Refit the configuration of study NAME on the past alone, forecast what comes next, and go on so over the years.

    Every baseline is refitted in the same way. Years that had a part in choosing the configuration are marked, and the
    totals are given with and without them. What was fitted is kept: the same command goes on where it was interrupted.
    """
    from volopt.figures.backtest import chart
    from volopt.forecast.backtest import backtest
    from volopt.forecast.source import origin

    kind = format_of(form, out)
    if last and last < first:
        raise UsageError(f"--to {last:%Y-%m-%d} lies before --from {first:%Y-%m-%d}", "write the earlier day first")
    found = origin(storage, name, trial, data, last.date() if last else None)
    with forecasting.FitProgress() as progress:
        done = backtest(
            found.choice,
            found.panel,
            first.date(),
            last.date() if last else None,
            refit,
            coverage,
            forecasting.workshop(progress, found.artifacts, **training),
        )
    synthetic = found.panel.source.synthetic
    path = out or Path(f"{name}-backtest.{kind}")
    drawn_by = write({path: chart(done, synthetic=synthetic)}, kind)
    if as_json:
        print_json({**_facts(done), "data": vars(found.panel.source), "figure": path})
        return
    if synthetic:
        click.echo(SYNTHETIC)
    _print(done)
    click.echo(f"\nFigure: {path}")
    tell(drawn_by)


def _print(done: "Backtest") -> None:
    choice = done.choice
    often = "once" if done.refit == "never" else f"each {done.refit}"
    fitted = f"{choice.definition.training.seeds} seeds of {choice.epochs} epochs, refitted {often}"
    click.echo(f"Study {choice.study}, trial {choice.trial}: {fitted}, {done.first} to {done.last}")
    for why in done.left_out.values():
        click.echo(f"  left out: {why}")
    baselines = list(done.total.skill)
    rows = [(f"{each.year}{'*' if each.seen else ''}", *_cells(each.score)) for each in done.years]
    rows.append(("all", *_cells(done.total)))
    if done.unseen is not None and any(each.seen for each in done.years):
        rows.append(("without *", *_cells(done.unseen)))
    title = "\nSkill over each baseline: the share of its squared log error that is gone"
    columns = ["year", "days", "log R²", *baselines, f"in {done.coverage:.0%} interval", "high/low"]
    print_table(columns, rows, title, optional=["high/low", *baselines[:3]])
    if any(each.seen for each in done.years):
        start, end = choice.chosen_on
        click.echo(f"* had a part in choosing the configuration ({start} to {end}), which flatters it.")
    if len(done.by_instrument) > 1:
        _print_instruments(done)
    p = done.p_unseen if done.unseen is not None else done.p
    told = ", ".join(f"{name} {_p(value)}" for name, value in p.items())
    which = "the years without *" if done.unseen is not None and any(each.seen for each in done.years) else "all years"
    click.echo(f"\nEqual to a baseline but for chance, by Diebold and Mariano's test on {which}: {told}")


def _print_instruments(done: "Backtest", baseline: str = "har") -> None:
    years = [each.year for each in done.years]
    rows = [
        (name, *(_number(each.by_year[year].skill[baseline]) for year in years), _number(each.total.skill[baseline]))
        for name, each in done.by_instrument.items()
    ]
    total = [each.total.skill[baseline] for each in done.by_instrument.values()]
    known = [value for value in total if not math.isnan(value)]
    means = [*(_number(each.score.skill[baseline]) for each in done.years), sum(known) / len(known) if known else None]
    rows.append(("mean", *means))
    print_table(["instrument", *map(str, years), "total"], rows, f"\nSkill over {baseline} by instrument")
    above = sum(value > 0 for value in known)
    click.echo(f"Above 0 on {above} of {len(known)} instruments.")


def _cells(score: "Score") -> list[object]:
    return [score.days, *map(_number, (score.log_r2, *score.skill.values(), score.coverage, score.width))]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _p(value: float) -> str:
    return "-" if math.isnan(value) else "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _facts(done: "Backtest") -> dict[str, Any]:
    from volopt.studies.attributes import finite

    choice = done.choice
    facts = {
        "study": choice.study,
        "trial": choice.trial,
        "params": dict(choice.params),
        "epochs": choice.epochs,
        "refit": done.refit,
        "from": str(done.first),
        "to": str(done.last),
        "coverage": done.coverage,
        "years": [{"year": each.year, "seen": each.seen, **_score(each.score)} for each in done.years],
        "total": {**_score(done.total), "p": dict(done.p)},
        "unseen": {**_score(done.unseen), "p": dict(done.p_unseen)} if done.unseen else None,
        "instruments": {
            name: {str(year): _score(score) for year, score in each.by_year.items()} | {"total": _score(each.total)}
            for name, each in done.by_instrument.items()
        },
        "left_out": dict(done.left_out),
    }
    cleaned: dict[str, Any] = finite(facts)
    return cleaned


def _score(score: "Score") -> dict[str, Any]:
    return {**vars(score), "skill": dict(score.skill)}
