"""The table of baselines: their forecasts, their scores, and a trial's skill over them.

A fit depends on the data, the days and the baseline's input days alone, not on scaling, transform or anchor; its
forecasts are kept under a key made of these, and taken from there by every study that shares them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from volopt import metrics
from volopt.baselines.forecasts import BASELINES, SCORED, forecasts
from volopt.storage.array_store import ArrayStore
from volopt.windows import scoring
from volopt.windows.dataset import Array, Dataset
from volopt.windows.split import SPLITS, Split
from volopt.windows.windows import samples

FORMAT = 1  # of the kept forecasts: raise it when any baseline would forecast otherwise


@dataclass(frozen=True)
class Baselines:
    """What every baseline forecasts and how well; by name, in the order of ``BASELINES``.

    ``metrics`` has the names of ``metrics.scores``, and ``valid_mse`` and ``test_mse`` of the scaled target; they are
    the means over the series of ``by_series``, which has the scores of each.
    """

    key: str  # under which the forecasts are kept, as arrays named "har.valid"
    forecasts: dict[str, dict[Split, Array]]
    metrics: dict[str, dict[str, float]]
    by_series: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def skills(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Return a trial's skill over each baseline in log errors, ``<split>_skill_<baseline>``.

        Args:
            scores: the trial's; a split whose ``<split>_log_mse`` is missing is left out.
        """
        return _skills(scores, self.metrics)

    def skills_of_series(self, index: int, scores: Mapping[str, float]) -> dict[str, float]:
        """Return the same of one series, over what each baseline scores on it."""
        return _skills(scores, {name: rows[index] for name, rows in self.by_series.items()})


def baselines(dataset: Dataset, window: int, lags: int, kept: ArrayStore) -> Baselines:
    """Return the baselines of a study, fitted only where their forecasts are not kept.

    Args:
        dataset: the study's.
        window: of the trial beside which they stand; it decides the days of each split.
        lags: input days of ridge and lightgbm, ``[model] window``.
        kept: forecasts of earlier calls.
    """
    key = _key(dataset, window, lags)
    stored = kept.get(key)
    if stored is None:
        found = forecasts(dataset, window, lags)
        kept.put(key, {f"{name}.{split}": found[name][split] for name in found for split in SCORED}, {})
    else:
        found = {name: {split: stored[0][f"{name}.{split}"] for split in SCORED} for name in BASELINES}
    rows = {name: scoring.by_series(dataset, window, found[name]) for name in found}
    return Baselines(key, found, _scores(dataset, window, found, rows), rows)


def _key(dataset: Dataset, window: int, lags: int) -> str:
    rows = [dataset.rows(split, window, i) for i in range(len(dataset.series)) for split in SPLITS]
    spans = [(each.start, each.stop) for each in rows]
    decides = [FORMAT, dataset.fingerprint, dataset.names, dataset.target_feature, lags, spans]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def _skills(scores: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {
        f"{split}_skill_{name}": metrics.skill(scores[f"{split}_log_mse"], own[f"{split}_log_mse"])
        for split in SCORED
        if f"{split}_log_mse" in scores
        for name, own in baselines.items()
    }


def _scores(
    dataset: Dataset,
    window: int,
    found: dict[str, dict[Split, Array]],
    rows: Mapping[str, list[dict[str, float]]],
) -> dict[str, dict[str, float]]:
    asked = {split: samples(dataset, split, window) for split in SCORED}

    def scaled(forecast: dict[Split, Array]) -> dict[str, float]:
        return {
            f"{split}_mse": metrics.mse(each.scaled(forecast[split]), each.targets.double().numpy())
            for split, each in asked.items()
        }

    return {name: scaled(forecast) | scoring.mean(rows[name]) for name, forecast in found.items()}
