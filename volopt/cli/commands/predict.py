"""Run ``volopt predict``: forecast the next trading day with a bundle."""

import math
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import forecasting, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic

if TYPE_CHECKING:
    from volopt.forecast.predict import Prediction, Predictions


@click.command(
    "predict", epilog="Example: volopt predict forecaster --data ~/.qlib/qlib_data/cn_data --date 2018-12-28"
)
@click.argument("bundle", type=options.PATH)
@click.option("--date", "day", type=options.DAY, metavar="DATE", help="The last day to use; default: the last one.")
@click.option("--last", type=options.COUNT, default=1, show_default=True, metavar="N", help="The last N forecasts.")
@click.option("--instrument", "instruments", multiple=True, metavar="NAME", help="One of the bundle's; repeatable.")
@click.option(
    "--exchange",
    metavar="NAME",
    help="The exchange, such as NYSE or XPAR: it tells the next trading day after the end of the data; default: the "
    "one that an instrument's name tells, such as SH600000, 7203.T or AIR.PA.",
)
@forecasting.coverage
@options.data_option("the data that the bundle was fitted on")
@options.as_json
def command(
    bundle: Path,
    day: datetime | None,
    last: int,
    instruments: tuple[str, ...],
    exchange: str | None,
    coverage: float,
    data: Path | None,
    as_json: bool,
) -> None:
    """Forecast the next trading day and its interval with BUNDLE, which volopt refit wrote.

    Without --data it reads the directory that the bundle was fitted on.
    """
    from volopt.forecast.bundle import read
    from volopt.forecast.predict import predict_days
    from volopt.studies.attributes import finite

    until = day.date() if day else None
    result = predict_days(read(bundle), data, until, date.today(), last, instruments, coverage, exchange)
    for line in result.warnings:
        say(f"Warning: {line}.", err=True)
    if as_json:
        print_json(finite([_facts(prediction) for prediction in result.predictions]))
        return
    warn_if_synthetic(result.synthetic)
    _print(result, coverage)


def _print(result: "Predictions", coverage: float) -> None:
    known = any(math.isfinite(each.actual) for each in result.predictions)
    names = ["forecast", "low", "high", *(["actual"] if known else [])]
    rows = [
        (each.instrument, each.as_of, each.date, *(_quantity(getattr(each, name)) for name in names), each.unit)
        for each in result.predictions
    ]
    columns = ["instrument", "as of", "forecast of", "forecast", f"{coverage:.0%} from", "to", *names[3:], "unit"]
    print_table(columns, rows)
    if result.coverage_days:
        measured = f"{result.coverage:.1%} of {result.coverage_days} days"
        click.echo(f"Out-of-sample coverage: {measured} (target {coverage:.0%})")


def _facts(prediction: "Prediction") -> dict[str, Any]:
    names = ("instrument", "target", "as_of", "date", "forecast")
    facts: dict[str, Any] = {name: getattr(prediction, name) for name in names}
    interval = [prediction.low, prediction.high]
    return facts | {"interval": interval, "unit": prediction.unit, "actual": prediction.actual}


def _quantity(value: float) -> str:
    """Return a quantity as a person reads it."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.5g}"
