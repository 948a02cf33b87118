"""Training on the train split alone."""

from dataclasses import replace

import numpy as np
import pytest

from builders import dataset, definition, weights
from volopt.errors import TrainingError
from volopt.training.fit import advance
from volopt.training.refit import FORECAST, refit
from volopt.training.task import Task, tasks
from volopt.windows.dataset import Dataset

DATASET = dataset()


def task(**training: object) -> Task:
    return tasks(definition(training=training), {}, "cpu", "highest")[0]


def with_other_days(from_row: int) -> Dataset:
    (series,) = DATASET.series
    changed = replace(series, **{name: getattr(series, name).copy() for name in ("features", "target", "transformed")})
    for values in (changed.features, changed.target, changed.transformed):
        values[from_row:] *= 3
    return replace(DATASET, series=(changed,))


def test_a_refit_has_the_weights_of_a_fit_of_as_many_epochs() -> None:
    """The study's way and this one share every number; valid was only looked at."""
    fit = advance(DATASET, task(), None, task().epochs)
    found = refit(task(), DATASET, "test")
    for name, values in weights(fit).items():
        np.testing.assert_array_equal(found[name], values)
    np.testing.assert_array_equal(found[FORECAST], fit.arrays["forecast.test"])


def test_no_day_after_train_has_a_say_in_the_weights() -> None:
    after = DATASET.rows("train", 4, 0).stop
    before, changed = refit(task(), DATASET), refit(task(), with_other_days(after))
    assert before.keys() == changed.keys()
    for name, values in before.items():
        np.testing.assert_array_equal(values, changed[name])


def test_the_counterpart_a_day_of_train_has() -> None:
    changed = refit(task(), with_other_days(DATASET.rows("train", 4, 0).stop - 1))
    assert any((values != changed[name]).any() for name, values in refit(task(), DATASET).items())


def test_a_loss_that_is_no_longer_finite_is_told_with_its_epoch() -> None:
    wild = replace(task(epochs=60), config=replace(task().config, learning_rate=1e30))
    with pytest.raises(TrainingError, match=r"the training loss is .* in epoch"):
        refit(wild, DATASET)
