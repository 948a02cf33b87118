"""``volopt compare``: two trials of a study, paired over seeds and over days."""

from typing import TYPE_CHECKING, Any

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table
from volopt.figures import words

if TYPE_CHECKING:
    from volopt.comparison.comparands import Comparand
    from volopt.comparison.compare import Comparison, DailyComparison
    from volopt.comparison.statistics import Estimate

SPLIT_TITLES = {"valid": "valid", "test": "test (looked at, not chosen by)"}


@click.command("compare", epilog="Example: volopt compare grid best cell=RNN,hidden_size=125")
@click.argument("name")
@click.argument("a")
@click.argument("b")
@options.storage
@options.as_json
def command(name: str, a: str, b: str, storage: str, as_json: bool) -> None:
    """Compare A and B of the study NAME: is one better, and is that beyond chance?

    Each is a trial's number, best, parameters as in cell=LSTM,hidden_size=25 (others at the study's baseline), or a
    baseline such as har. Trials are paired over the seeds that both have, forecasts over the days that both have.
    """
    from volopt.cli.opening import open_storage
    from volopt.comparison.comparands import sides
    from volopt.comparison.compare import compare
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.study import data_of, find

    opened = open_storage(storage)
    study, definition = find(opened, name)
    artifacts = artifacts_of(opened)
    found = compare(*sides(study, definition, (a, b), artifacts), definition.objective)
    best = study.best_trial.number
    chosen = best if best in (found.a.choice, found.b.choice) else None
    if as_json:
        print_json({"study": name, **_facts(found), "chosen_on_valid": chosen})
        return
    if data_of(study)["synthetic"]:
        click.echo(SYNTHETIC)
    _print(found, "the mean over the instruments of a day, " if definition.data.is_panel else "")
    if chosen is not None:
        click.echo(f"Trial {chosen} was chosen as the best by the valid split, which therefore flatters it.")


def _facts(found: "Comparison") -> dict[str, Any]:
    return {
        "a": _side_facts(found.a),
        "b": _side_facts(found.b),
        "metric": found.objective.metric,
        "seeds": [{**pair._asdict(), "difference": pair.difference} for pair in found.seeds],
        "difference": _estimate_facts(found.difference) if found.difference else None,
        "daily": {split: _daily_facts(daily) for split, daily in found.daily.items()},
        "verdict": found.verdict,
    }


def _side_facts(side: "Comparand") -> dict[str, Any]:
    is_trial = isinstance(side.choice, int)
    return {
        "trial": side.choice if is_trial else None,
        "baseline": None if is_trial else side.choice,
        "params": dict(side.params),
    }


def _daily_facts(daily: "DailyComparison") -> dict[str, Any]:
    return {**_estimate_facts(daily.estimate), "loss_a": daily.loss_a, "loss_b": daily.loss_b}


def _estimate_facts(found: "Estimate") -> dict[str, Any]:
    return {"effect": found.effect, "interval": [found.low, found.high], "p": found.p, "n": found.n}


def _print(found: "Comparison", averaged: str) -> None:
    for letter, side in (("A", found.a), ("B", found.b)):
        click.echo(f"{letter}: {side.name} {f'({words.params(side.params)})' if side.params else ''}".rstrip())
    if found.difference is not None:
        _print_seeds(found, found.difference)
    what = f"Mean squared log error of the days both forecast, {averaged}Diebold-Mariano test with HAC errors"
    click.echo(f"\n{what}")
    print_table(
        ["split", "days", "A", "B", "A - B", "95 % interval", "p"],
        [
            (SPLIT_TITLES[split], each.estimate.n, each.loss_a, each.loss_b, *_cells(each.estimate))
            for split, each in found.daily.items()
        ],
    )
    click.echo(f"\n{found.verdict}")


def _print_seeds(found: "Comparison", difference: "Estimate") -> None:
    metric = found.objective.metric
    click.echo(f"\n{metric} by seed, with the sign-flip test and the bootstrap interval of the mean difference")
    print_table(["seed", "A", "B", "A - B"], [(*pair, pair.difference) for pair in found.seeds])
    effect, interval, p = _cells(difference)
    click.echo(f"Mean A - B: {effect:.4g}, 95 % interval {interval}, p = {p:.2g}, {difference.n} seeds")


def _cells(found: "Estimate") -> tuple[float, str, float]:
    return found.effect, f"{found.low:.4g} to {found.high:.4g}", found.p
