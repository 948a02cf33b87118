"""What came out: the states of the trials, the configurations beside each other, the baselines, what failed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from volopt.claims.measures import FLAT
from volopt.comparison import statistics
from volopt.definition.schema import Scalar
from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.report import instruments
from volopt.report.blocks import Block, TableBlock, TextBlock
from volopt.studies import listing
from volopt.studies.best_trial import standing
from volopt.studies.space import point

MOST = 30  # configurations a table shows
MOST_FAILURES = 10
SCORES = ("valid_log_r2", "test_log_r2", "test_mase", "test_direction")  # of baselines, beside the objective's


class ConfigurationResult(NamedTuple):
    """What the trials of the same parameters found; they have taken the same fits, so one speaks for all."""

    trials: Sequence[int]
    params: Mapping[str, Scalar]
    value: float
    interval: tuple[float, float] | None  # 95 %, over seeds; None with a single one
    test: float | None  # the objective's metric on test
    flat: int  # seeds whose forecast is a flat line
    seeds: int


def results(subject: StudyView) -> Iterator[Block]:
    """Return the states, how the best trial stands, and the table of configurations."""
    yield from _states(subject)
    against = standing(subject.study)
    if against is not None:
        yield TextBlock(" ".join(against.sentences()))
    yield from instruments.scores(subject)
    found, count = configurations(subject)
    if found:
        yield _table(subject, found)
        yield TextBlock(
            f"The best by {subject.definition.objective.metric} come first; test chose nothing. Intervals are of the "
            "mean over seeds (BCa bootstrap): with few seeds they are too narrow. A seed is a flat line where its "
            f"forecast varies under {FLAT:.0%} as much as what came."
        )
    if count > len(found):
        yield TextBlock(f"{count - len(found)} more: `volopt trials {subject.name}` lists every trial.")
    yield from _failures(subject)


def configurations(subject: StudyView) -> tuple[list[ConfigurationResult], int]:
    """Return the best configurations with a COMPLETE trial, the best first, and how many there are in all."""
    rows: dict[object, list[dict[str, Any]]] = {}
    for trial in subject.complete:
        rows.setdefault(point(trial.params), []).append(subject.rows[trial.number])
    return [_configuration(subject, same) for same in list(rows.values())[:MOST]], len(rows)


def baselines(subject: StudyView) -> Iterator[Block]:
    """Return the scores of the baselines, below those of the best trial."""
    if not subject.baselines:
        yield TextBlock("The baselines have not been fitted yet: `volopt run` does so as it begins.")
        return
    metric = subject.definition.objective.metric
    names = list(dict.fromkeys([metric, _on_test(metric), *SCORES]))
    rows: list[tuple[object, ...]] = [(who, *map(scores.get, names)) for who, scores in _contenders(subject)]
    yield TableBlock("Scores on the same days", ("forecast", *names), rows)
    if subject.definition.published is not None:
        yield TextBlock("Days move with the window here; those of the baselines are the days of the [model] window.")


def unread(subject: StudyView) -> TextBlock:
    """Return which trials the figures and claims do without, of those that they would have shown."""
    numbers = ", ".join(map(str, sorted(subject.unread)))
    return TextBlock(
        f"Figures and claims do without the trials {numbers}: their curves and forecasts are missing, broken or of an "
        "older volopt. Run the study again under another --name: it takes the fits that are kept and writes them anew.",
        warning=True,
    )


def _contenders(subject: StudyView) -> Iterator[tuple[str, Mapping[str, float | None]]]:
    if subject.complete:
        best = subject.complete[0]
        metrics = listing.metrics(best)
        seeds = len(listing.seeds(best))
        yield f"trial {best.number}, the best: mean of its {words.seeds(seeds)}", metrics
        if seeds > 1:
            scores = {name.removeprefix("ensemble_"): metrics[name] for name in metrics if name.startswith("ensemble_")}
            yield f"trial {best.number}: the mean of their forecasts", scores
    yield from subject.baselines.items()


def _states(subject: StudyView) -> Iterator[Block]:
    counts = listing.counts(subject.study)
    told = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    yield TextBlock(f"Trials: {told}." if told else "The study has no trials yet.")
    if counts["running"] or counts["waiting"]:
        yield TextBlock("It is being run, or its run was killed: more is to come.", warning=True)
    elif not counts["complete"]:
        yield TextBlock("There is no result to show. The first command under Going on runs the study.", warning=True)


def _configuration(subject: StudyView, same: Sequence[Mapping[str, Any]]) -> ConfigurationResult:
    first, metric = same[0], subject.definition.objective.metric
    values = [seed[metric] for seed in first["seeds"] if seed.get(metric) is not None]
    estimate = statistics.paired(np.array(values)) if len(values) > 1 else None
    return ConfigurationResult(
        trials=[row["number"] for row in same],
        params=first["params"],
        value=first["value"],
        interval=(estimate.low, estimate.high) if estimate else None,
        test=first["metrics"].get(_on_test(metric)),
        flat=sum(flatness < FLAT for seed in first["seeds"] if (flatness := seed.get("flatness")) is not None),
        seeds=len(first["seeds"]),
    )


def _table(subject: StudyView, found: Sequence[ConfigurationResult]) -> TableBlock:
    keys = [key for key in subject.definition.space if len({each.params.get(key) for each in found}) > 1]
    metric = subject.definition.objective.metric
    rows = [
        (
            ", ".join(map(str, each.trials)),
            *(each.params.get(key) for key in keys),  # none of a trial that was added by hand
            each.value,
            f"{words.number(each.interval[0])} … {words.number(each.interval[1])}" if each.interval else None,
            each.test,
            f"{each.flat} of {each.seeds}",
        )
        for each in found
    ]
    columns = ("trial", *keys, metric, "95 % interval", _on_test(metric), "flat lines")
    return TableBlock("Configurations", columns, rows)


def _failures(subject: StudyView) -> Iterator[Block]:
    failed = [row for row in subject.rows if row["state"] == "FAIL"]
    if failed:
        rows = [(row["number"], words.params(row["params"]), row["reason"]) for row in failed[:MOST_FAILURES]]
        yield TableBlock("Failed trials", ("trial", "parameters", "reason"), rows)
    if len(failed) > MOST_FAILURES:
        yield TextBlock(f"{len(failed) - MOST_FAILURES} more failed.")


def _on_test(metric: str) -> str:
    return metric.replace("valid_", "test_")
