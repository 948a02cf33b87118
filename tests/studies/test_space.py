"""From [space] to distributions, and parameters as points."""

from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from builders import STUDY, definition
from volopt.studies.space import distributions, point

PARAMS = st.dictionaries(st.text(), st.integers() | st.text() | st.floats(allow_nan=False) | st.booleans())


def test_a_list_is_categorical_and_a_range_is_of_its_keys_kind() -> None:
    assert distributions(definition()) == {
        "cell": CategoricalDistribution(("LSTM", "RNN")),
        "hidden_size": CategoricalDistribution((3, 5)),
        "window": IntDistribution(2, 6),
        "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
    }


def test_a_range_keeps_its_step_and_its_logarithm() -> None:
    stepped = definition(STUDY.replace("{ low = 2, high = 6 }", "{ low = 2, high = 6, step = 2 }"))
    assert distributions(stepped)["window"] == IntDistribution(2, 6, step=2)
    logarithmic = definition(STUDY.replace("{ low = 2, high = 6 }", "{ low = 2, high = 6, log = true }"))
    assert distributions(logarithmic)["window"] == IntDistribution(2, 6, log=True)


def test_a_number_without_a_fraction_is_a_float_where_its_key_is_no_whole_number() -> None:
    found = definition(STUDY.replace("{ low = 1e-4, high = 1e-1, log = true }", "{ low = 0.001, high = 1 }"))
    assert distributions(found)["learning_rate"] == FloatDistribution(0.001, 1.0)


def test_lists_in_another_order_give_the_same_distributions() -> None:
    other = definition(STUDY.replace('cell = ["LSTM", "RNN"]', 'cell = ["RNN", "LSTM"]').replace("[3, 5]", "[5, 3]"))
    assert distributions(other) == distributions(definition())


@given(params=PARAMS)
def test_a_point_does_not_know_the_order_of_its_parameters(params: dict[str, int | str | float | bool]) -> None:
    assert point(dict(reversed(params.items()))) == point(params)
    assert dict(point(params)) == params


def test_other_values_are_another_point() -> None:
    assert point({"cell": "RNN", "window": 4}) != point({"cell": "RNN", "window": 5})
