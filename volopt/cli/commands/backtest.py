"""Run ``volopt backtest``: walk the configuration of a study forward over past years."""

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.api.backtest import REFITS
from volopt.cli import completion, forecasting, options
from volopt.cli.figure_files import check_size, figure_options, file_format, warn_if_matplotlib, write
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic
from volopt.cli.progress import FitProgress
from volopt.figures.drawing.files import Format
from volopt.figures.drawing.layout import Size

if TYPE_CHECKING:
    from volopt.comparison.statistics import Estimate
    from volopt.forecast.backtest import Backtest
    from volopt.forecast.walk_forward.scores import Score


@click.command("backtest", epilog="Example: volopt backtest search --from 2016-01-01 --refit year")
@click.argument("name", shell_complete=completion.studies)
@click.option("--from", "first", type=options.DAY, required=True, metavar="DATE", help="The first day to forecast.")
@click.option("--to", "last", type=options.DAY, metavar="DATE", help="The last one; default: the end of the data.")
@click.option("--refit", type=click.Choice(REFITS), default="year", show_default=True, help="How often.")
@forecasting.coverage
@figure_options
@click.option("--out", type=options.PATH, metavar="FILE", help="The figure; default: NAME-backtest.FORMAT.")
@forecasting.refitting
def command(
    name: str,
    first: datetime,
    last: datetime | None,
    refit: Any,
    trial: str,
    coverage: float,
    form: Format | None,
    size: Size,
    out: Path | None,
    data: Path | None,
    storage: str,
    as_json: bool,
    **training: Any,
) -> None:
    """Backtest the configuration of study NAME: refit it on the past alone, forecast what comes next, and go on.

    Every baseline is refitted in the same way. The table marks years that had a part in selecting the configuration,
    and has totals with and without them. Fits are stored: after an interruption the same command resumes.
    """
    from volopt.figures.backtest import chart
    from volopt.forecast.backtest import backtest, check_range
    from volopt.forecast.configuration import load_source
    from volopt.forecast.local import local_context
    from volopt.studies.attributes import finite

    kind = file_format(form, out)
    check_size(kind, size)
    first_day, last_day = first.date(), last.date() if last else None
    check_range(first_day, last_day)
    source = load_source(storage, name, trial, data, last_day)
    with FitProgress() as progress:
        context = local_context(source.artifacts, watch=progress, **training)
        result = backtest(source, first_day, last_day, refit, coverage, context)
    synthetic = source.panel.source.synthetic
    path = out or Path(f"{name}-backtest.{kind}")
    drawn_by = write({path: chart(result, synthetic=synthetic)}, kind, size)
    if as_json:
        print_json(finite(_facts(result)) | {"data": vars(source.panel.source), "figure": path})
        return
    warn_if_synthetic(synthetic)
    _print(result)
    say(f"\nFigure: {path}")
    warn_if_matplotlib(drawn_by)


def _print(result: "Backtest") -> None:
    configuration = result.configuration
    often = "once" if result.refit == "never" else f"each {result.refit}"
    seeds = configuration.definition.training.seeds
    fitted = f"{seeds} seed{'s' * (seeds != 1)} of {configuration.epochs} epochs, refitted {often}"
    say(f"Study {configuration.study}, trial {configuration.trial}: {fitted}, {result.first} to {result.last}")
    for reason in result.left_out.values():
        say(f"  left out: {reason}")
    outside = result.total_outside_selection
    marked = any(row.in_selection for row in result.years)
    rows = [(f"{row.year}{'*' if row.in_selection else ''}", *_cells(row.score)) for row in result.years]
    rows.append(("all", *_cells(result.total)))
    if marked and outside:
        rows.append(("without *", *_cells(outside)))
    baselines = list(result.total.skill)
    columns = ["year", "days", "log R²", *baselines, f"in {result.coverage:.0%} interval", "high/low"]
    optional = ["high/low", *(name for name in baselines if name not in ("har", configuration.baseline))]
    print_table(columns, rows, "\nError reduction against each baseline", optional=optional)
    if marked:
        start, end = configuration.selection_days
        say(f"* used to select the configuration ({start} to {end}): these scores are too optimistic.")
    if len(result.by_instrument) > 1:
        _print_instruments(result)
    _print_models(result)
    years = "the years without *" if marked and outside else "all years"
    say(f"\n{_promise(result)}")
    say(f"\nSquared log error beside each baseline's in {years}, by Diebold and Mariano's test: the forecast is")
    for verdict, texts in _verdicts(result.differences).items():
        say(f"- {verdict} {', '.join(texts)}")
    if rival := result.strongest_rival:
        say(f"The strongest of these baselines is {rival}.")
    if result.weights:
        shares = ", ".join(f"{weight:.0%} {name}" for name, weight in result.weights.items())
        say(f"The forecast combines the network with pooled baselines: in the last period {shares}.")
    if result.resumed:
        days = f"{result.resumed} day{'s' * (result.resumed != 1)}"
        say(f"HAR forecasts the {days} on which a stock resumes trade after a suspension.")


def _verdicts(differences: "Mapping[str, Estimate | None]") -> dict[str, list[str]]:
    """Return by verdict the baselines, each with the relative difference of the error and p."""
    verdicts = defaultdict[str, list[str]](list)
    for name, difference in differences.items():
        if difference is None:
            verdicts["not tested, for too few days, against"].append(name)
            continue
        direction = "worse than" if difference.effect > 0 else "better than"
        verdict = direction if difference.is_significant else "not to be told apart from"
        verdicts[verdict].append(f"{name} ({difference.effect:+.1%}, {difference.p_text})")
    return verdicts


def _promise(result: "Backtest") -> str:
    """Return what the search promised beside what the walk gave."""
    configuration = result.configuration
    baseline = configuration.baseline or ""
    pair = result.optimism.get(baseline)
    if pair is None:
        promised = configuration.promised.get(baseline)
        why = "the study has no skill of the trial" if promised is None else "no scored day lies outside the selection"
        return f"It cannot be told how optimistic the choice was: {why}."
    days = "valid periods" if configuration.definition.data.has_periods else "valid split"
    return (
        f"The search promised skill {pair.promised:+.3f} over {baseline} on its {days}; the walk gave "
        f"{pair.walked:+.3f} on the days outside selection: optimism {pair.optimism:+.3f}."
    )


def _print_instruments(result: "Backtest", baseline: str = "har") -> None:
    years = [row.year for row in result.years]
    rows = [
        (name, *(_number(each.by_year[year].skill[baseline]) for year in years), _number(each.total.skill[baseline]))
        for name, each in result.by_instrument.items()
    ]
    totals = [each.total.skill[baseline] for each in result.by_instrument.values()]
    known = [value for value in totals if not math.isnan(value)]
    means = [_number(row.score.skill[baseline]) for row in result.years]
    rows.append(("mean", *means, sum(known) / len(known) if known else None))
    title = f"\nError reduction against {baseline} by instrument"
    print_table(["instrument", *map(str, years), "total"], rows, title)
    say(f"Above 0 on {sum(value > 0 for value in known)} of {len(known)} instruments.")


def _print_models(result: "Backtest") -> None:
    several = len(result.by_instrument) > 1
    rows = []
    for name, skill, by_instrument, by_year in result.models:
        parts = (by_instrument, by_year) if several else (by_year,)
        least = [cell for each in parts for cell in (_above(each), min(each.values(), default=math.nan))]
        rows.append((name, *(_number(each) if isinstance(each, float) else each for each in (skill, *least))))
    columns = [
        "model",
        "skill",
        *(["instruments above 0", "the least"] if several else []),
        "years above 0",
        "least year",
    ]
    some = any(row.in_selection for row in result.years) and result.total_outside_selection
    print_table(columns, rows, f"\nSkill of each model over har{' in the years without *' if some else ''}")


def _above(skills: Mapping[Any, float]) -> str:
    return f"{sum(skill > 0 for skill in skills.values())} of {len(skills)}"


def _cells(score: "Score") -> list[object]:
    return [score.days, *map(_number, (score.log_r2, *score.skill.values(), score.coverage, score.width))]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _facts(result: "Backtest") -> dict[str, Any]:
    configuration, days, outside = result.configuration, result.days, result.total_outside_selection
    return {
        "study": configuration.study,
        "trial": configuration.trial,
        "params": dict(configuration.params),
        "epochs": configuration.epochs,
        "refit": result.refit,
        "from": str(result.first),
        "to": str(result.last),
        "coverage": result.coverage,
        "years": [{"year": row.year, "seen": row.in_selection, **_score(row.score)} for row in result.years],
        "total": {**_score(result.total), **_tests(days.differences(result.in_range))},
        "unseen": {**_score(outside), **_tests(result.differences)} if outside else None,
        "optimism": {name: {**pair._asdict(), "optimism": pair.optimism} for name, pair in result.optimism.items()},
        "instruments": {
            name: {str(year): _score(score) for year, score in each.by_year.items()} | {"total": _score(each.total)}
            for name, each in result.by_instrument.items()
        },
        "models": {
            each.name: {"skill": each.skill, "instruments": each.by_instrument, "years": each.by_year}
            for each in result.models
        },
        "strongest_rival": result.strongest_rival,
        "weights": result.weights,
        "after_suspension": result.resumed,
        "left_out": dict(result.left_out),
    }


def _tests(differences: "Mapping[str, Estimate | None]") -> dict[str, Any]:
    known = {name: difference for name, difference in differences.items() if difference is not None}
    return {
        "p": {name: known[name].p if name in known else None for name in differences},
        "difference": {
            name: {"effect": each.effect, "interval": [each.low, each.high]} for name, each in known.items()
        },
    }


def _score(score: "Score") -> dict[str, Any]:
    return {**vars(score), "skill": dict(score.skill)}
