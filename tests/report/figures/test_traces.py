"""What a trial left, as arrays."""

from typing import Any

import pytest

from report.figures.kinds.stored import ACTUAL, DAYS, left
from volopt.report.figures.traces import Traces, of_artifact
from volopt.search.artifact import parse

FLAT = [5e6] * len(DAYS)


def traces(content: dict[str, Any]) -> Traces:
    found = parse(content)
    assert found is not None
    return of_artifact(found)


def test_curves_and_forecasts_are_those_of_the_file() -> None:
    found = traces(left(best_epochs=(2, 3)))
    assert found.forecasts is not None
    assert [seed.seed for seed in found.curves] == [0, 1]
    assert [seed.best_epoch for seed in found.curves] == [2, 3]
    assert found.curves[1].train_mse.tolist() == [4.0, 3.0, 1.5]
    assert found.curves[1].valid_mse.tolist() == [8.0, 6.0, 3.0]
    assert (found.forecasts.dates == DAYS).all()
    assert (found.forecasts.actual == ACTUAL).all()
    assert (found.forecasts.seeds == [ACTUAL, 0.5 * ACTUAL]).all()


@pytest.mark.parametrize(
    ("forecasts", "told"),
    [([ACTUAL, ACTUAL], ""), ([ACTUAL, FLAT], "flat line in 1 of 2 seeds"), ([FLAT, FLAT], "flat line")],
)
def test_flat_lines_are_counted(forecasts: Any, told: str) -> None:
    found = traces(left(forecasts))
    assert found.flatness == told


def test_a_pruned_trial_has_curves_alone() -> None:
    found = traces(left(forecasts=()))
    assert (len(found.curves), found.forecasts, found.flatness) == (2, None, "")


def test_seeds_that_are_finished_have_forecasts_beside_those_pruned() -> None:
    found = traces(left(forecasts=(ACTUAL,)))
    assert found.forecasts is not None
    assert (len(found.curves), found.forecasts.seeds.shape) == (2, (1, len(DAYS)))
