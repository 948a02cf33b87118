"""Forecasts of a trial, as arrays."""

from typing import Any

import pytest

from figures.kinds.stored import ACTUAL, DAYS, of_panel, trial_content
from volopt.errors import UsageError
from volopt.figures.forecast_series import ForecastSeries, forecast_series
from volopt.studies.trial_file import parse

FLAT = [5e6] * len(DAYS)


def forecasts(content: dict[str, Any], instrument: str | None = None) -> ForecastSeries:
    file = parse(content)
    assert file is not None
    series = forecast_series(file, instrument)
    assert series is not None
    return series


def test_forecasts_are_those_of_the_file() -> None:
    series = forecasts(trial_content())
    assert (series.dates == DAYS).all()
    assert (series.actual == ACTUAL).all()
    assert (series.seeds == [ACTUAL, 0.5 * ACTUAL]).all()


@pytest.mark.parametrize(
    ("seeds", "flatness"),
    [([ACTUAL, ACTUAL], ""), ([ACTUAL, FLAT], "flat line in 1 of 2 seeds"), ([FLAT, FLAT], "flat line")],
)
def test_flat_lines_are_counted(seeds: Any, flatness: str) -> None:
    assert forecasts(trial_content(seeds)).flatness == flatness


SHORT = trial_content(dates=DAYS[:30], actual=ACTUAL[:30], forecasts=([1e6] * 30, FLAT[:30]))
PANEL = of_panel(A=SHORT, B=trial_content())


def test_the_forecasts_of_a_panel_are_those_of_one_instrument_the_first_or_the_one_asked_for() -> None:
    for instrument, count, seed in ((None, 30, 1e6), ("A", 30, 1e6), ("B", 40, ACTUAL)):
        series = forecasts(PANEL, instrument)
        assert series.part.instrument == (instrument or "A")
        assert (series.dates == DAYS[:count]).all()
        assert (series.actual == ACTUAL[:count]).all()
        assert (series.seeds[0] == seed).all()


def test_flat_lines_of_a_panel_are_those_of_the_trial() -> None:
    """Each seed's flatness is the mean over the instruments, and stands among its metrics."""
    assert forecasts(PANEL).flatness == forecasts(PANEL, "B").flatness == "flat line"


def test_an_instrument_that_a_panel_does_not_have_is_refused_with_the_nearest() -> None:
    names = of_panel(SH600000=trial_content(), SZ000001=trial_content())
    with pytest.raises(UsageError, match=r"(?m)no instrument SH60000$") as caught:
        forecasts(names, "SH60000")
    assert caught.value.hint == "did you mean SH600000 or SZ000001?"
    with pytest.raises(UsageError, match=r"(?m)no instrument A$"):
        forecasts(trial_content(), "A")  # of an older volopt


def test_a_pruned_trial_has_none() -> None:
    pruned = parse(trial_content(forecasts=()))
    assert pruned is not None
    assert forecast_series(pruned) is None


def test_seeds_that_are_finished_have_forecasts_beside_those_pruned() -> None:
    assert forecasts(trial_content(forecasts=(ACTUAL,))).seeds.shape == (1, len(DAYS))
