"""``volopt compare``: compare two trials of a study, paired by seed and by day."""

from typing import TYPE_CHECKING, Any

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic
from volopt.figures import words

if TYPE_CHECKING:
    from volopt.comparison.comparands import Comparand
    from volopt.comparison.compare import Comparison
    from volopt.comparison.statistics import Estimate

SPLIT_TITLES = {"valid": "valid", "test": "test (not for selection)"}


@click.command("compare", epilog="Example: volopt compare grid cell=RNN,hidden_size=25 cell=LSTM,hidden_size=25")
@click.argument("name", shell_complete=completion.studies)
@click.argument("a", shell_complete=completion.comparands)
@click.argument("b", shell_complete=completion.comparands)
@options.storage
@options.as_json
def command(name: str, a: str, b: str, storage: str, as_json: bool) -> None:
    """Compare A and B of the study NAME: is one better, and is the difference significant?

    Each is a trial's number, best (by value), likely or simplest (see volopt best), parameters as in
    cell=LSTM,hidden_size=25 (other keys have the study's defaults), or a baseline such as har. Trials are paired by the
    seeds that both have, forecasts by the days that both have.
    """
    from volopt.comparison.comparands import find_comparands
    from volopt.comparison.compare import compare
    from volopt.selection.choice import choose

    view = options.open_study(storage, name)
    first, second = (choose(view.study, view.definition, text, view.artifacts) for text in (a, b))
    comparands = find_comparands(view.study, view.definition, first, second, view.artifacts)
    comparison = compare(*comparands, view.definition.objective)
    best = view.study.best_trial.number
    selected = best if best in (comparison.a.choice, comparison.b.choice) else None
    if as_json:
        print_json({"study": name, **_facts(comparison), "chosen_on_valid": selected})
        return
    warn_if_synthetic(view.synthetic)
    _print(comparison, "the mean over the instruments of a day, " if view.is_panel else "")
    if selected is not None:
        say(f"Trial {selected} was selected on the valid split, so its valid scores are optimistic.")


def _facts(comparison: "Comparison") -> dict[str, Any]:
    return {
        "a": _side_facts(comparison.a),
        "b": _side_facts(comparison.b),
        "metric": comparison.objective.metric,
        "seeds": [{**pair._asdict(), "difference": pair.difference} for pair in comparison.seeds],
        "difference": _estimate_facts(comparison.difference) if comparison.difference else None,
        "daily": {
            split: _estimate_facts(daily.estimate) | {"loss_a": daily.loss_a, "loss_b": daily.loss_b}
            for split, daily in comparison.daily.items()
        },
        "better": comparison.better,
        "verdict": comparison.verdict,
    }


def _side_facts(side: "Comparand") -> dict[str, Any]:
    kind = "trial" if isinstance(side.choice, int) else "baseline"
    return {"trial": None, "baseline": None, kind: side.choice, "params": dict(side.params)}


def _estimate_facts(estimate: "Estimate") -> dict[str, Any]:
    return {"effect": estimate.effect, "interval": [estimate.low, estimate.high], "p": estimate.p, "n": estimate.n}


def _print(comparison: "Comparison", averaged: str) -> None:
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        say(f"{letter}: {side.name} {f'({words.params(side.params)})' if side.params else ''}".rstrip())
    if comparison.difference is not None:
        _print_seeds(comparison, comparison.difference)
    what = f"Mean squared log error on the days that both forecast, {averaged}"
    say(f"\n{what}Diebold-Mariano test with HAC errors")
    print_table(
        ["split", "days", "A", "B", "A - B", "95 % interval", "p"],
        [
            (SPLIT_TITLES[split], each.estimate.n, each.loss_a, each.loss_b, *_cells(each.estimate))
            for split, each in comparison.daily.items()
        ],
    )
    say(f"\n{comparison.verdict}")


def _print_seeds(comparison: "Comparison", difference: "Estimate") -> None:
    from volopt.comparison.statistics import MIN_SEEDS

    metric = comparison.objective.metric
    say(f"\n{metric} by seed: sign-flip test and bootstrap interval of the mean difference")
    print_table(["seed", "A", "B", "A - B"], [(*pair, pair.difference) for pair in comparison.seeds])
    effect, interval, _ = _cells(difference)
    seeds = f"{difference.n} seed{'s' if difference.n > 1 else ''}"
    few = f" (a verdict takes {MIN_SEEDS})" if difference.n < MIN_SEEDS else ""
    say(f"Mean A - B: {effect:.4g}, 95 % interval {interval}, {difference.p_text}, {seeds}{few}")


def _cells(estimate: "Estimate") -> tuple[float, str, str]:
    p = estimate.p_text.removeprefix("p ").removeprefix("= ")
    return estimate.effect, f"{estimate.low:.4g} to {estimate.high:.4g}", p
