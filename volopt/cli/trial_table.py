"""Trials and baselines as rows of one table."""

from collections.abc import Mapping, Sequence
from typing import Any

from volopt.cli.output import print_table, show_params

Scores = Mapping[str, float | None]

METRICS = (
    "train_mse", "valid_mse", "test_mse", "valid_log_r2", "test_log_r2", "test_mase", "test_direction", "flatness",
)  # fmt: skip
# What a narrow terminal does without, in this order.
OPTIONAL = (
    "test_direction",
    "test_mase",
    "train_mse",
    "flatness",
    "valid_mse",
    "valid_log_r2",
    "test_log_r2",
    "phases",
)


def print_trials(
    trials: Sequence[Mapping[str, Any]], baselines: Mapping[str, Scores], metric: str, title: str = ""
) -> None:
    """Print trials, and below them the baselines.

    Args:
        trials: as ``listing.trials`` gives them.
        baselines: scores by name.
        metric: the objective's, which stands first.
        title: above the table.
    """
    metrics = [metric, *(name for name in METRICS if name != metric)]
    rows = [
        (
            str(trial["number"]),
            trial["state"],
            ", ".join(trial["phases"]),
            *(trial["metrics"].get(name) for name in metrics),
            trial["reason"] or show_params(trial["params"]),
        )
        for trial in trials
    ]
    rows += [(name, "baseline", "", *(scores.get(m) for m in metrics), "") for name, scores in baselines.items()]
    optional = [name for name in OPTIONAL if name != metric]
    print_table(["trial", "state", "phases", *metrics, "parameters"], rows, title, optional)


def print_trial(trial: Mapping[str, Any], baselines: Mapping[str, Scores]) -> None:
    """Print every metric of one trial: each seed's, their mean, that of the mean forecast, and the baselines'."""
    seeds, means = trial["seeds"], trial["metrics"]
    names = list(dict.fromkeys([*means, *(name for seed in seeds for name in seed)]))
    names = [name for name in names if name != "seed" and not name.startswith("ensemble_")]
    rows = [
        (
            name,
            *(seed.get(name) for seed in seeds),
            means.get(name),
            means.get(f"ensemble_{name}"),
            *(scores.get(name) for scores in baselines.values()),
        )
        for name in names
    ]
    columns = ["metric", *(f"seed {seed['seed']}" for seed in seeds), "mean", "ensemble", *baselines]
    print_table(columns, rows, f"Trial {trial['number']} {trial['state']}: {show_params(trial['params'])}")
