"""Print trials and baselines in one table."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from volopt.cli.output import print_table
from volopt.figures import words
from volopt.studies.best_trial import best_baseline, instrument_metrics

Scores = Mapping[str, float | None]

METRICS = (
    "train_mse", "valid_mse", "test_mse", "valid_log_r2", "test_log_r2",
    "ensemble_valid_log_r2", "ensemble_test_log_r2", "test_mase", "test_direction", "flatness",
)  # fmt: skip
PARAMETERS = "parameters"
SEEDS_A_TABLE = 5  # fits a terminal of 80 characters
# A narrow terminal leaves these out in this order; the objective's metrics of valid and test stay.
OPTIONAL = (
    "ensemble_valid_log_r2", "ensemble_test_log_r2", "test_direction", "test_mase", "train_mse", "flatness",
    "valid_mse", "valid_log_r2", "test_mse", "test_log_r2", "phases",
)  # fmt: skip


def print_trials(
    trials: Sequence[Mapping[str, Any]], baselines: Mapping[str, Scores], metric: str, title: str = ""
) -> None:
    """Print trials, and the baselines below them. Skills are over the best baseline.

    Args:
        trials: as ``listing.trials`` returns them.
        baselines: scores by name.
        metric: the objective's, shown first.
        title: above the table.
    """
    best = best_baseline(baselines)
    skills = [f"{split}_skill_{best}" for split in ("valid", "test")] if best else []
    metrics = [metric, *(name for name in METRICS if name != metric), *skills]
    rows = [
        (
            str(trial["number"]),
            trial["state"],
            ", ".join(trial["phases"]),
            *(trial["metrics"].get(name) for name in metrics),
            trial["reason"] or words.params(trial["params"]),
        )
        for trial in trials
    ]
    rows += [(name, "baseline", "", *(scores.get(m) for m in metrics), "") for name, scores in baselines.items()]
    objective = (metric, metric.replace("valid_", "test_"))
    optional = [*skills, *(name for name in OPTIONAL if name not in objective)]
    print_table(["trial", "state", "phases", *metrics, PARAMETERS], rows, title, folds=[PARAMETERS], optional=optional)


def print_trial(trial: Mapping[str, Any], baselines: Mapping[str, Scores]) -> None:
    """Print every metric of one trial: its means beside the baselines, then each seed."""
    seeds, means = trial["seeds"], trial["metrics"]
    names = [name for name in means if not name.startswith("ensemble_")]
    rows = [
        (name, means[name], means.get(f"ensemble_{name}"), *(scores.get(name) for scores in baselines.values()))
        for name in names
    ]
    title = f"Trial {trial['number']} {trial['state']}: {trial['reason'] or words.params(trial['params'])}"
    if not rows:  # it failed or has no results yet
        click.echo(title)
        return
    print_table(["metric", "mean", "ensemble", *baselines], rows, title, optional=list(baselines)[::-1])
    for start in range(0, len(seeds), SEEDS_A_TABLE):
        shown_seeds = seeds[start : start + SEEDS_A_TABLE]
        print_table(
            ["metric", *(f"seed {seed['seed']}" for seed in shown_seeds)],
            [(name, *(seed.get(name) for seed in shown_seeds)) for name in [*names, "epochs", "best_epoch"]],
            title=" ",
        )


def print_periods(periods: Sequence[Mapping[str, Any]]) -> None:
    """Print the scores of a trial in each valid period; ``periods`` are those of ``listing.trials``."""
    rows = [(name, *(period["metrics"].get(name) for period in periods)) for name in periods[0]["metrics"]]
    columns = [words.period(period["first"], period["last"]) for period in periods]
    print_table(["metric", *columns], rows, "\nScores in each valid period, means over the seeds")


def print_instruments(instruments: Sequence[Mapping[str, Any]], baselines: Mapping[str, Scores]) -> None:
    """Print the scores of a trial on each instrument of a panel.

    Args:
        instruments: as ``listing.instruments`` returns them.
        baselines: scores by name.
    """
    columns = instrument_metrics(best_baseline(baselines))
    rows = [(each["instrument"], *map(each.get, columns)) for each in instruments]
    title = "\nScores of the seeds' mean forecast on each instrument"
    if rows:
        print_table(["instrument", *columns], rows, title, optional=columns[:1:-1])
    else:
        click.echo("\nThere are no scores by instrument: the trial is not finished, or its file is missing.")
