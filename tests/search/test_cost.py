"""The estimated price of a fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import definition
from volopt.search.cost import seconds
from volopt.studies.space import Params

BASE: Params = {"cell": "RNN", "hidden_size": 5, "num_layers": 1, "window": 19}


def price(days: int = 1313, epochs: int = 100, **params: Any) -> float:
    return seconds(definition(training={"epochs": epochs}), BASE | params, days)


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


def test_small_batches_cost_more_than_a_full_one() -> None:
    assert price(batch_size="full") < price(batch_size=256) < price(batch_size=16)


def test_what_a_trial_does_not_say_stays_at_the_baseline() -> None:
    found = definition()
    assert seconds(found, {}, 60) == seconds(found, {"cell": "RNN", "hidden_size": 3, "window": 4}, 60)
