"""Scores over several series: each by itself, then the mean."""

from dataclasses import replace

import numpy as np
import pytest

from builders import dataset, definition, frame
from volopt import metrics
from volopt.windows import scoring
from volopt.windows.prepare import prepare

WINDOW = 5


def test_the_score_of_one_series_is_that_of_its_days() -> None:
    data = dataset()
    target = data.series[0].target
    rows = {split: np.array(data.rows(split, WINDOW, 0)) for split in ("valid", "test")}
    forecasts = {"valid": target[rows["valid"]] * 1.1, "test": target[rows["test"] - 1]}
    expected = metrics.scores(
        {split: metrics.Forecast(forecasts[split], target[rows[split]], target[rows[split] - 1]) for split in rows},
        data.target("train", WINDOW),
    )
    assert scoring.by_series(data, WINDOW, forecasts) == [expected]


def test_of_several_series_it_is_the_mean_whatever_their_size() -> None:
    """The second series has a thousand times the volume of the first, and no more to say."""
    large = replace(frame(seed=1), values=frame(seed=1).values * 1000)
    alone = [prepare([each], definition(), "") for each in (frame(seed=2), large)]
    together = prepare([frame(seed=2), large], definition(), "")
    valid = [each.target("valid", WINDOW) * 1.2 for each in alone]
    valid[0][::2] *= 0.5
    rows = [scoring.by_series(each, WINDOW, {"valid": days})[0] for each, days in zip(alone, valid, strict=True)]
    found = scoring.by_series(together, WINDOW, {"valid": np.concatenate(valid)})
    assert found == rows
    assert scoring.mean(found) == {name: pytest.approx(np.mean([row[name] for row in rows])) for name in rows[0]}


def test_a_metric_that_some_series_lack_is_the_mean_of_the_others() -> None:
    assert scoring.mean([{"a": 1.0, "b": 2.0}, {"a": 3.0}]) == {"a": 2.0, "b": 2.0}
