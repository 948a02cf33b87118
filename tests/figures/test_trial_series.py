"""What a trial left, as arrays."""

from typing import Any

import pytest

from figures.kinds.stored import ACTUAL, DAYS, left, of_panel
from volopt.errors import UsageError
from volopt.figures.trial_series import TrialSeries, of_artifact
from volopt.studies.trial_file import parse

FLAT = [5e6] * len(DAYS)


def traces(content: dict[str, Any], instrument: str | None = None) -> TrialSeries:
    found = parse(content)
    assert found is not None
    return of_artifact(found, instrument)


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


PANEL = of_panel(A=left(dates=DAYS[:30], actual=ACTUAL[:30], forecasts=([1e6] * 30, FLAT[:30])), B=left())


def test_the_forecasts_of_a_panel_are_those_of_one_instrument_the_first_or_the_one_asked_for() -> None:
    for instrument, count, seed in ((None, 30, 1e6), ("A", 30, 1e6), ("B", 40, ACTUAL)):
        found = traces(PANEL, instrument)
        assert found.forecasts is not None
        assert found.share.instrument == (instrument or "A")
        assert (found.forecasts.dates == DAYS[:count]).all()
        assert (found.forecasts.actual == ACTUAL[:count]).all()
        assert (found.forecasts.seeds[0] == seed).all()


def test_curves_and_flat_lines_of_a_panel_are_those_of_the_trial() -> None:
    """Each seed's flatness is the mean over the instruments, and stands among its metrics."""
    first, second = traces(PANEL), traces(PANEL, "B")
    assert first.flatness == second.flatness == "flat line"
    assert [seed.valid_mse.tolist() for seed in first.curves] == [seed.valid_mse.tolist() for seed in second.curves]


def test_an_instrument_that_a_panel_does_not_have_is_refused_with_the_nearest() -> None:
    names = of_panel(SH600000=left(), SZ000001=left())
    with pytest.raises(UsageError, match=r"no instrument SH60000$") as told:
        traces(names, "SH60000")
    assert told.value.hint == "did you mean SH600000 or SZ000001?"
    with pytest.raises(UsageError, match=r"no instrument A$"):
        traces(left(), "A")  # of an older volopt


def test_a_pruned_trial_has_curves_alone() -> None:
    found = traces(left(forecasts=()))
    assert (len(found.curves), found.forecasts, found.flatness) == (2, None, "")


def test_seeds_that_are_finished_have_forecasts_beside_those_pruned() -> None:
    found = traces(left(forecasts=(ACTUAL,)))
    assert found.forecasts is not None
    assert (len(found.curves), found.forecasts.seeds.shape) == (2, (1, len(DAYS)))
