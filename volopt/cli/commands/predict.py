"""``volopt predict``: the next trading day, by a bundle."""

import math
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import forecasting, options
from volopt.cli.output import SYNTHETIC, print_json, print_table

if TYPE_CHECKING:
    from volopt.forecast.predict import Prediction, Predictions


@click.command(
    "predict", epilog="Example: volopt predict forecaster --data ~/.qlib/qlib_data/cn_data --date 2018-12-28"
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--date", "day", type=forecasting.DAY, metavar="DATE", help="Know nothing later; else the newest data.")
@click.option(
    "--last", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="The last N forecasts."
)
@click.option("--instrument", "instruments", multiple=True, metavar="NAME", help="Of the bundle; may be given again.")
@forecasting.coverage
@forecasting.data_of_bundle
@options.as_json
def command(
    bundle: Path,
    day: datetime | None,
    last: int,
    instruments: tuple[str, ...],
    coverage: float,
    data: Path | None,
    as_json: bool,
) -> None:
    """Forecast the next trading day with BUNDLE, which volopt refit wrote, with an interval.

    Without --data it reads those that the bundle was fitted on, where they are still there.
    """
    from volopt.forecast.bundle import read
    from volopt.forecast.predict import predicted

    forecaster = read(bundle)
    where = data or Path(forecaster.facts.data.provider)
    found = predicted(
        forecaster, where, day.date() if day else None, date.today(), last, list(dict.fromkeys(instruments)), coverage
    )
    for line in found.warnings:
        click.echo(f"Warning: {line}.", err=True)
    if as_json:
        print_json([_facts(each) for each in found.predictions])
        return
    if found.synthetic:
        click.echo(SYNTHETIC)
    _print(found, coverage)


def _print(found: "Predictions", coverage: float) -> None:
    known = any(math.isfinite(each.actual) for each in found.predictions)
    rows = [
        (
            each.instrument,
            str(each.as_of),
            str(each.date),
            *map(_whole, (each.forecast, each.low, each.high)),
            *([_whole(each.actual)] if known else []),
            each.unit,
        )
        for each in found.predictions
    ]
    columns = ["instrument", "as of", "forecast of", "forecast", f"{coverage:.0%} from", "to"]
    print_table([*columns, *(["actual"] if known else []), "unit"], rows)
    if found.held_days:
        click.echo(
            f"Before it was fitted on them, intervals so made held {found.held:.1%} of {found.held_days} days: "
            f"{coverage:.0%} were asked for."
        )


def _facts(each: "Prediction") -> dict[str, Any]:
    return {
        "instrument": each.instrument,
        "target": each.target,
        "as_of": str(each.as_of),
        "date": str(each.date),
        "forecast": each.forecast,
        "interval": [_known(each.low), _known(each.high)],
        "unit": each.unit,
        "actual": _known(each.actual),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _whole(value: float) -> str:
    """Return a quantity as a person reads it."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.5g}"
