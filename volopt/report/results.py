"""Show the results: states of the trials, configurations, instruments, baselines and failures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from volopt.claims.measures import FLAT
from volopt.comparison import statistics
from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.report.blocks import MAX_ROWS, Block, TableBlock, TextBlock, short_table
from volopt.studies import listing
from volopt.studies.best_trial import best_baseline, best_trial, instrument_metrics, instruments_beaten
from volopt.studies.space import point

MAX_FAILURES = 10
BASELINE_SCORES = ("valid_log_r2", "test_log_r2", "test_mase", "test_direction")  # besides the objective's


def results(view: StudyView) -> Iterator[Block]:
    """Return the states, the best trial against the best baseline, and the tables of configurations and failures."""
    yield from _states(view)
    if (best := best_trial(view.study)) is not None:
        yield TextBlock(" ".join(best.sentences()))
    yield from _instruments(view)
    if view.complete:
        yield from _configurations(view)
    failed = [row for row in view.rows if row["state"] == "FAIL"]
    rows = [(row["number"], words.params(row["params"]), row["reason"]) for row in failed]
    yield from short_table("Failed trials", ("trial", "parameters", "reason"), rows, MAX_FAILURES)


def baselines(view: StudyView) -> Iterator[Block]:
    """Return the scores of the baselines, below those of the best trial."""
    if not view.baselines:
        yield TextBlock("The baselines are not fitted yet: `volopt run` fits them first.")
        return
    names = list(dict.fromkeys([view.metric, _test_metric(view), *BASELINE_SCORES]))
    rows: list[tuple[object, ...]] = [(name, *map(scores.get, names)) for name, scores in _contenders(view)]
    yield TableBlock("Scores on the same days", ("forecast", *names), rows)
    if view.definition.published is not None:
        yield TextBlock("In this study the days depend on the window; the baselines have those of the [model] window.")


def unread(view: StudyView) -> TextBlock:
    """Return the warning that names the trials which figures and claims had to leave out."""
    numbers = ", ".join(map(str, sorted(view.unread)))
    return TextBlock(
        f"Figures and claims leave out the trials {numbers}: their curves and forecasts are missing, broken or of an "
        "older volopt. Run the study again under another --name: it reuses the stored fits and writes the files anew.",
        warning=True,
    )


def _contenders(view: StudyView) -> Iterator[tuple[str, Mapping[str, float | None]]]:
    if view.complete:
        best = view.complete[0]
        metrics = listing.metrics(best)
        seeds = len(listing.seeds(best))
        yield f"trial {best.number}, the best: mean of its {words.seeds(seeds)}", metrics
        if seeds > 1:
            scores = {name.removeprefix("ensemble_"): metrics[name] for name in metrics if name.startswith("ensemble_")}
            yield f"trial {best.number}: the mean of their forecasts", scores
    yield from view.baselines.items()


def _states(view: StudyView) -> Iterator[Block]:
    counts = listing.counts(view.study)
    states = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    yield TextBlock(f"Trials: {states}." if states else "The study has no trials yet.")
    if counts["running"] or counts["waiting"]:
        yield TextBlock("The study is running, or its run was killed: the results are not complete.", warning=True)
    elif not counts["complete"]:
        yield TextBlock("There are no results yet. The first command under Next steps runs the study.", warning=True)


def _instruments(view: StudyView) -> Iterator[Block]:
    """Return how the best trial does on each instrument of a panel, from the best to the worst on valid."""
    file = view.file(view.complete[0]) if view.is_panel and view.complete else None
    if file is None or not file.instruments:
        return
    baseline, number = best_baseline(view.baselines), view.complete[0].number
    if baseline is not None:
        yield TextBlock(instruments_beaten(file, baseline, number))
    columns = instrument_metrics(baseline)
    ranked = sorted(file.instruments, key=lambda scores: -(scores.metrics.get("valid_log_r2") or float("-inf")))
    rows = [(scores.instrument, *map(scores.metrics.get, columns)) for scores in ranked]
    title = f"Trial {number} on each instrument: the mean of its seeds' forecasts"
    yield from short_table(title, ("instrument", *columns), rows)
    if len(rows) > MAX_ROWS:
        yield TextBlock(f"`volopt trials {view.name} {number}` lists every instrument.")


def _configurations(view: StudyView) -> Iterator[Block]:
    """Return the table of the best configurations with a COMPLETE trial."""
    groups: dict[object, list[Mapping[str, Any]]] = {}  # trials with the same parameters, the best first
    for trial in view.complete:
        groups.setdefault(point(trial.params), []).append(view.rows[trial.number])
    best = list(groups.values())[:MAX_ROWS]
    keys = [key for key in view.definition.space if len({trials[0]["params"].get(key) for trials in best}) > 1]
    columns = ("trial", *keys, view.metric, "95 % interval", _test_metric(view), "flat lines")
    yield TableBlock("Configurations", columns, [_configuration_row(view, trials, keys) for trials in best])
    yield TextBlock(
        f"The best configurations by {view.metric} come first; the test split was not used for selection. Intervals "
        "are of the mean over seeds (BCa bootstrap), and too narrow with few seeds. A seed is a flat line if the "
        f"standard deviation of its forecast is below {FLAT:.0%} of the actual one."
    )
    if len(groups) > len(best):
        yield TextBlock(f"{len(groups) - len(best)} more: `volopt trials {view.name}` lists every trial.")


def _configuration_row(view: StudyView, trials: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> tuple[object, ...]:
    """Return the row of trials with the same parameters; their fits are the same, so the first stands for all."""
    first, metric = trials[0], view.metric
    scores = [seed[metric] for seed in first["seeds"] if seed.get(metric) is not None]
    mean = statistics.paired(np.array(scores)) if len(scores) > 1 else None
    flat = sum(flatness < FLAT for seed in first["seeds"] if (flatness := seed.get("flatness")) is not None)
    return (
        ", ".join(str(trial["number"]) for trial in trials),
        *(first["params"].get(key) for key in keys),  # a trial that was added by hand may have none
        first["value"],
        f"{words.number(mean.low)} … {words.number(mean.high)}" if mean else None,
        first["metrics"].get(_test_metric(view)),
        f"{flat} of {len(first['seeds'])}",
    )


def _test_metric(view: StudyView) -> str:
    return view.metric.replace("valid_", "test_")
