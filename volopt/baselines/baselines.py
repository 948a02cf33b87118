"""Hold the forecasts and scores of all baselines, and a trial's skill over them.

A fit depends only on the data, the days and the number of lags, not on scaling, transform or anchor; the pooled
baselines depend on the static inputs, too. Their forecasts are stored under a key of these, and every study with the
same key reuses them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from volopt import metrics
from volopt.baselines.forecasts import SCORED, forecasts
from volopt.baselines.methods import baselines_of
from volopt.metrics import Array
from volopt.storage.array_store import ArrayStore
from volopt.windows import scoring
from volopt.windows.dataset import Dataset
from volopt.windows.periods import join_valid, over_periods
from volopt.windows.split import SPLITS, Split

FORMAT = 1  # of the stored forecasts; raise it when any baseline changes its forecasts


@dataclass(frozen=True)
class Baselines:
    """Hold what every baseline of a study forecasts and its scores, by name, in the order of ``BASELINES``.

    ``metrics`` has the names of ``metrics.scores``, and ``valid_mse`` and ``test_mse`` of the scaled target. They are
    the means over the series; ``by_series`` has the scores of each series.
    """

    key: str  # under which the forecasts are stored, as arrays named "har.valid"
    forecasts: dict[str, dict[Split, Array]]
    metrics: dict[str, dict[str, float]]
    by_series: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    of_periods: tuple["Baselines", ...] = ()  # where a study has several valid periods

    @property
    def periods(self) -> tuple["Baselines", ...]:
        """Return the baselines of each valid period, which learn from the days before it."""
        return self.of_periods or (self,)

    def without_forecasts(self) -> "Baselines":
        """Return the same without the forecasts, which are stored."""
        periods = tuple(each.without_forecasts() for each in self.of_periods)
        return replace(self, forecasts={}, of_periods=periods)

    def skills(self, scores: Mapping[str, float], series: int | None = None) -> dict[str, float]:
        """Return a trial's skill over each baseline in log errors, ``<split>_skill_<baseline>``.

        Args:
            scores: the trial's; a split whose ``<split>_log_mse`` is missing has no skill.
            series: the index of the series that was scored, or None for the means over all.
        """
        baselines = self.metrics if series is None else {name: rows[series] for name, rows in self.by_series.items()}
        return {
            f"{split}_skill_{name}": metrics.skill(scores[f"{split}_log_mse"], baseline[f"{split}_log_mse"])
            for split in SCORED
            if f"{split}_log_mse" in scores
            for name, baseline in baselines.items()
        }


def fit_baselines(dataset: Dataset, window: int, lags: int, store: ArrayStore) -> Baselines:
    """Return the baselines of a study, fitted only if their forecasts are not stored.

    Several valid periods have baselines each. Their metrics are joined as those of a trial, see ``over_periods``.

    Args:
        dataset: the study's.
        window: of the trials to compare with; it decides the days of each split.
        lags: input days of those that learn from a window, ``[model] window``.
        store: of the forecasts, read and written.
    """
    periods = [_fit_period(period, window, lags, store) for period in dataset.periods]
    return periods[0] if len(periods) == 1 else _join(dataset, window, periods, store)


def _join(dataset: Dataset, window: int, periods: Sequence[Baselines], store: ArrayStore) -> Baselines:
    """Return and store the baselines with the valid days of all periods, and the test days of the last."""
    key = hashlib.sha256(json.dumps([period.key for period in periods]).encode()).hexdigest()
    forecasts: dict[str, dict[Split, Array]] = {
        name: {
            "valid": join_valid(dataset, window, [period.forecasts[name]["valid"] for period in periods]),
            "test": periods[-1].forecasts[name]["test"],
        }
        for name in periods[0].forecasts
    }
    if not store.has(key):
        store.put(key, {f"{name}.{split}": forecasts[name][split] for name in forecasts for split in SCORED}, {})
    metrics = {name: over_periods([period.metrics[name] for period in periods]) for name in forecasts}
    return Baselines(key, forecasts, metrics, of_periods=tuple(periods))


def _fit_period(dataset: Dataset, window: int, lags: int, store: ArrayStore) -> Baselines:
    key = _key(dataset, window, lags)
    stored, _ = store.get(key) or ({}, {})
    names = baselines_of(dataset.static_names)
    if all(f"{name}.{split}" in stored for name in names for split in SCORED):
        by_name = {name: {split: stored[f"{name}.{split}"] for split in SCORED} for name in names}
    else:
        by_name = forecasts(dataset, window, lags)
        store.put(key, {f"{name}.{split}": by_name[name][split] for name in by_name for split in SCORED}, {})
    rows = {name: scoring.by_series(dataset, window, forecast) for name, forecast in by_name.items()}
    errors = _scaled_errors(dataset, window, by_name)
    return Baselines(key, by_name, {name: errors[name] | scoring.mean(rows[name]) for name in by_name}, rows)


def _key(dataset: Dataset, window: int, lags: int) -> str:
    rows = [dataset.rows(split, window, i) for i in range(len(dataset.series)) for split in SPLITS]
    spans = [(each.start, each.stop) for each in rows]
    inputs = [FORMAT, dataset.fingerprint, dataset.names, dataset.target_feature, lags, spans]
    if dataset.static_names:  # other studies keep their keys
        inputs += [dataset.static_names, dataset.static_anchored, dataset.log]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def _scaled_errors(
    dataset: Dataset, window: int, by_name: Mapping[str, Mapping[Split, Array]]
) -> dict[str, dict[str, float]]:
    from volopt.windows.windows import samples  # imports torch, which takes seconds

    errors: dict[str, dict[str, float]] = {name: {} for name in by_name}
    for split in SCORED:
        days = samples(dataset, split, window)
        targets = days.targets.double().numpy()
        for name, forecast in by_name.items():
            errors[name][f"{split}_mse"] = metrics.mse(days.scaled(forecast[split]), targets)
    return errors
