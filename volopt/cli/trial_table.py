"""Print trials and baselines in one table."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from volopt.cli.output import print_table, say
from volopt.definition.schema import Scalar
from volopt.figures import words
from volopt.studies.best_trial import best_baseline, instrument_metrics
from volopt.studies.trial_query import PARAMETERS, TRIAL, read

Scores = Mapping[str, float | None]

METRICS = (
    "train_mse", "valid_mse", "test_mse", "valid_log_r2", "test_log_r2",
    "ensemble_valid_log_r2", "ensemble_test_log_r2", "test_mase", "test_direction", "flatness",
)  # fmt: skip
# A narrow terminal leaves these out in this order; the objective's metrics of valid and test stay.
OPTIONAL = (
    "ensemble_valid_log_r2", "ensemble_test_log_r2", "test_direction", "test_mase", "train_mse", "flatness",
    "valid_mse", "valid_log_r2", "test_mse", "test_log_r2", "phases",
)  # fmt: skip


def print_trials(
    trials: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, Scores],
    metric: str,
    title: str = "",
    columns: Sequence[str] = (),
) -> None:
    """Print trials, and the baselines below them. Skills are over the best baseline.

    Args:
        trials: as ``listing.trials`` returns them.
        baselines: scores by name.
        metric: the objective's, shown first.
        title: above the table.
        columns: beside the trial's number, as ``trial_query.read`` has them; none for those of each study.
    """
    best = best_baseline(baselines)
    skills = [f"{split}_skill_{best}" for split in ("valid", "test")] if best else []
    metrics = [metric, *(name for name in METRICS if name != metric), *skills]
    shown = [name for name in columns or ["state", "phases", *metrics, PARAMETERS] if name != TRIAL]
    constant = constant_params([trial["params"] for trial in trials]) if PARAMETERS in shown else {}
    rows = [(str(trial["number"]), *(_cell(trial, name, constant) for name in shown)) for trial in trials]
    rows += [(name, *(_baseline_cell(scores, column) for column in shown)) for name, scores in baselines.items()]
    objective = (metric, metric.replace("valid_", "test_"))
    optional = [] if columns else [*skills, *(name for name in OPTIONAL if name not in objective)]
    titles = [title, *([f"Each trial below has {words.params(constant)}"] if constant else [])]
    print_table([TRIAL, *shown], rows, "\n".join(filter(None, titles)), folds=[PARAMETERS, "reason"], optional=optional)


def constant_params(params: Sequence[Mapping[str, Scalar]]) -> dict[str, Scalar]:
    """Return the parameters that have the same value in several trials, so that a table can say it once."""
    first, *others = params or [{}]
    return {key: value for key, value in first.items() if others and all(each.get(key) == value for each in others)}


def varied_text(params: Mapping[str, Scalar], constant: Collection[str]) -> str:
    """Return the parameters in one line, without the constant ones."""
    return words.params({key: value for key, value in params.items() if key not in constant})


def _cell(trial: Mapping[str, Any], column: str, constant: Collection[str]) -> object:
    if column == PARAMETERS:
        return trial["reason"] or varied_text(trial["params"], constant)
    value = read(trial, column)
    return ", ".join(value) if isinstance(value, list) else value


def _baseline_cell(scores: Scores, column: str) -> object:
    texts = {"state": "baseline", "phases": "", PARAMETERS: ""}
    return texts.get(column, scores.get(column))


def print_trial(trial: Mapping[str, Any], baselines: Mapping[str, Scores]) -> None:
    """Print every metric of one trial: its means beside the baselines, its skills over them, then each seed."""
    seeds, means = trial["seeds"], trial["metrics"]
    title = f"Trial {trial['number']} {trial['state']}: {trial['reason'] or words.params(trial['params'])}"
    if not means:  # it failed or has no results yet
        say(title)
        return
    names = [name for name in means if not name.startswith("ensemble_")]
    skills = [name for name in names if "_skill_" in name]
    own = [(name, means[name], means.get(f"ensemble_{name}")) for name in names]
    rows = [(*row, *(scores.get(row[0]) for scores in baselines.values())) for row in own if row[0] not in skills]
    print_table(["metric", "mean", "ensemble", *baselines], rows, title, turns=True)
    if skills:
        print_table(["skill", "mean", "ensemble"], [row for row in own if row[0] in skills], " ")
    if seeds:
        rows = [(name, *(seed.get(name) for seed in seeds)) for name in [*names, "epochs", "best_epoch"]]
        print_table(["metric", *(f"seed {seed['seed']}" for seed in seeds)], rows, " ", turns=True)


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
        say("\nThere are no scores by instrument: the trial is not finished, or its file is missing.")
