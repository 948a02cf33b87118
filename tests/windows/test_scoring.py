"""Scores over several series: each by itself, then the mean."""

from dataclasses import replace

import numpy as np
import pytest

from builders import dataset, definition, frame
from volopt import metrics
from volopt.windows import scoring
from volopt.windows.dataset import prepare
from volopt.windows.windows import samples

WINDOW = 5


def test_the_score_of_one_series_is_that_of_its_days() -> None:
    data = dataset()
    valid, test = (samples(data, split, WINDOW) for split in ("valid", "test"))
    forecasts = {"valid": valid.actual * 1.1, "test": test.previous}
    expected = metrics.scores(
        {
            "valid": metrics.Forecast(forecasts["valid"], valid.actual, valid.previous),
            "test": metrics.Forecast(forecasts["test"], test.actual, test.previous),
        },
        data.train_target(WINDOW),
    )
    assert scoring.score(data, WINDOW, forecasts) == expected


def test_of_several_series_it_is_the_mean_whatever_their_size() -> None:
    """The second series has a thousand times the volume of the first, and no more to say."""
    large = replace(frame(seed=1), values=frame(seed=1).values * 1000)
    alone = [prepare([each], definition(), "") for each in (frame(seed=2), large)]
    together = prepare([frame(seed=2), large], definition(), "")
    valid = [samples(each, "valid", WINDOW).actual * 1.2 for each in alone]
    valid[0][::2] *= 0.5
    rows = [scoring.score(each, WINDOW, {"valid": days}) for each, days in zip(alone, valid, strict=True)]
    found = scoring.by_series(together, WINDOW, {"valid": np.concatenate(valid)})
    assert found == rows
    assert scoring.mean(found) == {name: pytest.approx(np.mean([row[name] for row in rows])) for name in rows[0]}


def test_a_metric_that_some_series_lack_is_the_mean_of_the_others() -> None:
    assert scoring.mean([{"a": 1.0, "b": 2.0}, {"a": 3.0}]) == {"a": 2.0, "b": 2.0}
