"""Measure what each kind of input gives: the skill over HAR of the shipped panel study, and of its parts.

    python tests/bench/panel_skill.py QLIB [--from DAY] [--to DAY] [--seeds N] [--trial-params JSON]
    python tests/bench/panel_skill.py --short

QLIB is a provider of Chinese stocks. The script walks the configuration of ``study/panel.toml`` forward as ``volopt
backtest`` does, with a refit each year and one seed, or with the mean of N, and prints a table. A part is the same
study without the inputs of one kind, whether static or of the window. The default days are those of the study's valid
periods, because they had a say in its inputs anyway; they begin when the first stocks have enough days to learn from.
``--trial-params`` has other parameters than the study's own. ``--short`` walks two rows on synthetic stocks. One
process does all.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import panel as growth

from volopt.baselines import pooled
from volopt.baselines.methods import is_of_calendar
from volopt.data.panel import read_data
from volopt.definition import load
from volopt.definition.expressions import parse
from volopt.definition.nodes import Call, Expression, Field, MarketNode, Number
from volopt.definition.schema import Definition, Scalar
from volopt.executors.trainer import SerialTrainer
from volopt.forecast.backtest import Backtest, backtest
from volopt.forecast.configuration import Configuration, RefitSource
from volopt.forecast.local import local_context
from volopt.forecast.walk_forward.combine import MEMBERS, NETWORK
from volopt.forecast.walk_forward.step import fit_period

STUDY = Path(__file__).parents[2] / "study" / "panel.toml"
WHOLE = Path(__file__).with_name("panel_whole.toml")
PRICES = {"$open", "$high", "$low", "$close"}
LONG = 60  # days
SHORT_DAYS, SHORT_STOCKS, SHORT_FROM = 1450, 6, date(2013, 7, 1)

Seconds = dict[str, float]  # CPU seconds by what was fitted


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield all nodes of an expression, those inside market nodes too."""
    for node in expression.walk():
        yield node
        if isinstance(node, MarketNode):
            yield from nodes(node.content)


def is_of_market(text: str) -> bool:
    """Return whether an expression reads other stocks."""
    return bool(parse(text).markets)


def is_of_prices(text: str) -> bool:
    """Return whether an expression reads prices, of the stock or of others."""
    return any(isinstance(node, Field) and node.name in PRICES for node in nodes(parse(text)))


def is_long_mean(text: str) -> bool:
    """Return whether an expression is, or contains, a mean of many days."""
    means = (node for node in nodes(parse(text)) if isinstance(node, Call) and node.name in ("Mean", "EMA"))
    return any(isinstance(mean.operands[1], Number) and mean.operands[1].value >= LONG for mean in means)


@dataclass(frozen=True)
class Row:
    """Name a walk: a part of the shipped study, with parameters of its own."""

    name: str
    left_out: Callable[[str], bool] = lambda _: False  # inputs
    params: Mapping[str, Scalar] | None = None
    study: Path = STUDY  # whose inputs it has
    shows_members: bool = False  # pooled baselines and combination, which learn from the same inputs


ROWS = (
    Row("everything", shows_members=True),
    Row("without the calendar", is_of_calendar),
    Row("without the cross-section", is_of_market),
    Row(f"without means of {LONG} days and more", is_long_mean),
    Row("without prices", is_of_prices),
    Row('without the window (`cell = "none"`)', params={"cell": "none"}),
    Row('without static inputs (`static = "none"`)', params={"static": "none"}),
    Row("the whole set (`panel_whole.toml`)", study=WHOLE, shows_members=True),
)
SHORT_ROWS = (ROWS[5], ROWS[-1])


def definition_of(row: Row, seeds: int = 1, epochs: int | None = None) -> Definition:
    """Return the definition of a row: the shipped one with the inputs of the row."""
    shipped, inputs = (load.read(path.read_text(), str(path)) for path in (STUDY, row.study))
    features, static = (
        tuple(text for text in texts if not row.left_out(text)) for texts in (inputs.data.features, inputs.data.static)
    )
    data = shipped.data.model_copy(update={"features": features, "static": static})
    definition = shipped.model_copy(update={"data": data})
    return load.override(definition, epochs=epochs, seeds=seeds)


def walk(
    definition: Definition, params: Mapping[str, Scalar], data: Path, first: date, last: date, home: Path
) -> tuple[Backtest, Seconds]:
    """Return the backtest of a configuration, and the CPU seconds of the networks and of the pooled baselines."""
    epochs = int(definition.defaults()["epochs"])
    configuration = Configuration(definition.name, 0, "", definition, params, epochs)
    source = RefitSource(configuration, read_data(definition, data, home / "frames", last, after_test=True), home)
    seconds = defaultdict[str, float](float)

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            start = time.process_time()
            try:
                return function(*arguments)
            finally:
                seconds[name] += time.process_time() - start

        return call

    def fit(market_data: Any, period: Any, task: Any) -> Any:
        return timed(NETWORK if task else "baselines", fit_period)(market_data, period, task)

    context = local_context(home, 1, "cpu", "highest", lambda _: lambda _: None)
    context = replace(context, start_trainer=lambda market_data: SerialTrainer(market_data, fit))
    models = dict(pooled.MODELS)
    pooled.MODELS.update(
        (name, each._replace(fit=timed(name, each.fit), predict=timed(name, each.predict)))
        for name, each in models.items()
    )
    try:
        return backtest(source, first, last, "year", 0.8, context), seconds
    finally:
        pooled.MODELS.update(models)


def print_row(name: str, result: Backtest, model: str, seconds: float) -> None:
    """Print mean skill over HAR, instruments above 0, the least one, and CPU seconds."""
    (row,) = (each for each in result.models if each.name == model)
    skills = row.by_instrument.values()
    above = f"{sum(skill > 0 for skill in skills)} of {len(skills)}"
    print(f"| {name} | {row.skill:+.4f} | {above} | {min(skills):+.4f} | {seconds:.0f} |", flush=True)


def print_table(
    rows: Sequence[Row],
    params: Mapping[str, Scalar],
    data: Path,
    first: date,
    last: date,
    seeds: int = 1,
    epochs: int | None = None,
) -> None:
    """Walk each row, and print the table."""
    network = "network of one seed" if seeds == 1 else f"network, mean of {seeds} seeds"
    columns = [network, "static inputs", "skill over HAR", "instruments above 0", "the least", "CPU s"]
    print(f"| {' | '.join(columns)} |\n|---|{'---:|' * (len(columns) - 1)}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        for row in rows:
            definition = definition_of(row, seeds, epochs)
            result, seconds = walk(definition, {**params, **(row.params or {})}, data, first, last, Path(home))
            label = f"{row.name} | {len(definition.data.static)}"
            print_row(label, result, NETWORK, seconds[NETWORK])
            if row.shows_members:
                for name in MEMBERS[1:]:
                    print_row(f"- `{name}` on them |", result, name, seconds[name])
                print_row("- mean of the three |", result, "forecast", sum(seconds[name] for name in MEMBERS))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="QLIB")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2013, 7, 1))
    parser.add_argument("--to", dest="last", type=date.fromisoformat, default=date(2015, 12, 31))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--trial-params", type=json.loads, default={}, help="""such as '{"cell": "GRU"}'""")
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    if arguments.short:
        with tempfile.TemporaryDirectory() as directory:
            growth.market(Path(directory), SHORT_STOCKS, SHORT_DAYS)
            last = growth.sessions(SHORT_DAYS)[-1].date()
            print_table(SHORT_ROWS, {}, Path(directory), SHORT_FROM, last, epochs=1)
        return
    if arguments.data is None:
        parser.error("name the directory of QLIB, or write --short")
    print_table(ROWS, arguments.trial_params, arguments.data, arguments.first, arguments.last, arguments.seeds)


if __name__ == "__main__":
    main()
