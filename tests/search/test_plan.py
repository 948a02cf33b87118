"""What a run would do, before it does it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import STUDY, definition
from volopt.definition.schema import Definition
from volopt.search.plan import PhasePlan, fit_seconds, plan
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params

POINT: Params = {"cell": "RNN", "hidden_size": 3, "window": 4, "learning_rate": 0.005}
FOUND = definition()


def two(params: Params) -> int:
    """Every fit is missing: there are two seeds."""
    return 2


def one_second(params: Params) -> float:
    return 1.0


def ledger(phase: str = "", *complete: Params) -> Ledger:
    found = Ledger(0)
    for params in complete:
        found.start(phase, params)
        found.finish(phase, params, complete=True)
    return found


def test_a_fresh_grid_has_all_its_points_to_train() -> None:
    assert plan(FOUND.phases[0], FOUND, ledger(), two, one_second) == PhasePlan("width", "grid", 0, 4, 8, 8.0)


def test_points_that_are_complete_and_fits_that_are_kept_are_left_out() -> None:
    def missing(params: Params) -> int:
        return 0 if params["cell"] == "LSTM" else 1

    def cost(params: Params) -> float:
        return float(params["hidden_size"])

    found = plan(FOUND.phases[0], FOUND, ledger("width", POINT), missing, cost)
    assert found == PhasePlan("width", "grid", done=1, total=4, fits=1, seconds=5.0)


def test_a_point_that_is_given_up_is_not_planned() -> None:
    given_up = ledger()
    given_up.start("width", POINT)
    given_up.fail("width", POINT, "nan")
    assert plan(FOUND.phases[0], FOUND, given_up, two, one_second).fits == 6


def test_a_sampler_has_its_missing_trials_times_the_seeds_to_train() -> None:
    found = plan(FOUND.phases[1], FOUND, ledger("extend", POINT), two, one_second)
    assert found == PhasePlan("extend", "random", done=1, total=3, fits=4, seconds=4.0)


def test_a_finished_phase_costs_nothing() -> None:
    done = ledger("extend", *[POINT | {"window": window} for window in (2, 3, 4)])
    assert plan(FOUND.phases[1], FOUND, done, two, one_second)[2:] == (3, 3, 0, 0.0)


def drawn(found: Definition) -> list[Params]:
    """Return the parameters by which a sampler's phase is priced."""
    draws: list[Params] = []

    def cost(params: Params) -> float:
        draws.append(params)
        return float(params["window"])

    priced = plan(found.phases[1], found, ledger(), two, cost)
    mean = sum(float(params["window"]) for params in draws) / len(draws)
    assert priced.seconds == pytest.approx(priced.fits * mean)
    return draws


def test_a_sampler_is_priced_at_the_mean_of_points_it_may_propose() -> None:
    draws = drawn(FOUND)
    assert all(params.keys() == POINT.keys() for params in draws)
    assert {(params["cell"], params["hidden_size"]) for params in draws} == {("RNN", 3)}
    assert {params["window"] for params in draws} == {2, 3, 4, 5, 6}
    rates = sorted(float(params["learning_rate"]) for params in draws)
    assert 1e-4 <= rates[0] < 1e-3
    assert 1e-3 < rates[len(rates) // 2] < 1e-2  # log: half of them lie below the middle of the exponents
    assert 1e-2 < rates[-1] <= 1e-1


def test_lists_are_drawn_from_and_the_price_is_the_same_each_time() -> None:
    found = definition(STUDY.replace('vary = ["window", "learning_rate"]', 'vary = ["cell", "hidden_size"]'))
    draws = drawn(found)
    assert {(params["cell"], params["hidden_size"]) for params in draws} == {
        (cell, size) for cell in ("RNN", "LSTM") for size in (3, 5)
    }
    assert drawn(found) == draws


SMALL: Params = {"cell": "RNN", "hidden_size": 5, "num_layers": 1, "window": 19}


def price(days: int = 1313, epochs: int = 100, **params: Any) -> float:
    return fit_seconds(definition(training={"epochs": epochs}), SMALL | params, days)


@pytest.mark.parametrize(
    ("params", "milliseconds"),
    [
        ({"hidden_size": 5}, 3),
        ({"hidden_size": 125}, 57),
        ({"hidden_size": 250}, 160),
        ({"cell": "LSTM", "hidden_size": 125}, 112),
        ({"cell": "LSTM", "hidden_size": 250}, 285),
        ({"num_layers": 15}, 43),
    ],
    ids=str,
)
def test_an_epoch_costs_about_what_was_measured(params: dict[str, Any], milliseconds: float) -> None:
    """One thread, 1313 windows of 19 days, full batch."""
    assert price(**params) * 1000 / 100 == pytest.approx(milliseconds, rel=0.5)


@given(units=st.integers(1, 300), layers=st.integers(1, 30), window=st.integers(1, 100))
def test_more_of_anything_costs_more(units: int, layers: int, window: int) -> None:
    def least(**more: int) -> float:
        return price(**({"hidden_size": units, "num_layers": layers, "window": window} | more))

    cheapest = least()
    assert 0 < cheapest < least(hidden_size=units + 1)
    assert cheapest < least(num_layers=layers + 1)
    assert cheapest < least(window=window + 1)


def test_gates_days_and_epochs_cost() -> None:
    assert price(cell="RNN") < price(cell="GRU") < price(cell="LSTM")
    assert price(days=1000) < price(days=2000)
    assert price(epochs=200) == pytest.approx(2 * price(epochs=100))


def test_a_branch_costs_and_the_window_that_it_replaces_does_not() -> None:
    """One thread, 1313 windows of 19 days, an LSTM of 32 units, 42 static inputs: 36, 38 and 1 ms an epoch."""
    recurrent, both, alone = (
        price(cell=cell, hidden_size=32, static=static)
        for cell, static in (("LSTM", "none"), ("LSTM", "branch"), ("none", "branch"))
    )
    assert recurrent < both < 1.2 * recurrent
    assert alone < recurrent / 5


def test_a_trial_is_priced_by_its_own_epochs() -> None:
    assert fit_seconds(definition(), SMALL | {"epochs": 50}, 60) == price(days=60, epochs=50)


def test_small_batches_cost_more_than_a_full_one() -> None:
    assert price(batch_size="full") < price(batch_size=256) < price(batch_size=16)


def test_what_a_trial_does_not_say_stays_at_the_baseline() -> None:
    found = definition()
    assert fit_seconds(found, {}, 60) == fit_seconds(found, {"cell": "RNN", "hidden_size": 3, "window": 4}, 60)
