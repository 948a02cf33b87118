import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from volopt.metrics import Array
from volopt.windows import scaling
from volopt.windows.scaling import Scaling


def test_minmax_takes_each_column_from_zero_to_one() -> None:
    values = np.array([[2.0, -1.0], [4.0, 1.0], [3.0, 0.0]])
    found = scaling.fit(values, "minmax")
    np.testing.assert_array_equal(found.apply(values), [[0, 0], [1, 1], [0.5, 0.5]])
    np.testing.assert_array_equal(found.apply(np.array([6.0, -3.0])), [2, -1])  # days to come may leave the range


def test_standard_takes_each_column_to_mean_zero_and_population_deviation_one() -> None:
    values = np.array([[1.0, 10.0], [3.0, 30.0]])
    found = scaling.fit(values, "standard")
    np.testing.assert_array_equal(found.center, [2, 20])
    np.testing.assert_array_equal(found.scale, [1, 10])
    np.testing.assert_array_equal(found.apply(values), [[-1, -1], [1, 1]])


@pytest.mark.parametrize("kind", ["minmax", "standard"])
def test_a_series_has_one_center_and_one_scale(kind: str) -> None:
    found = scaling.fit(np.array([1.0, 2.0, 4.0]), kind)
    assert np.shape(found.center) == np.shape(found.scale) == ()


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ([7.0], True),
        ([7.0, 7.0], True),
        ([0.0, 0.0], True),
        ([0.3, 0.1 + 0.2], True),  # apart by rounding
        ([0.0, 1e-300], False),
        ([1e9, 1e9 + 1], False),
        ([-1.0, 1.0], False),
    ],
)
def test_a_series_is_constant_where_it_moves_by_rounding_alone(values: list[float], constant: bool) -> None:
    assert scaling.is_constant(np.array(values)) is constant


def test_what_is_rounding_depends_on_the_numbers_a_series_was_computed_from() -> None:
    differences = np.array([1.0, 1.0 + 1e-9])
    assert not scaling.is_constant(differences)
    assert scaling.is_constant(differences, size=1e6)


@given(
    arrays(np.float64, array_shapes(min_dims=1, max_dims=2), elements=st.floats(-1e6, 1e6)),
    st.floats(-1e3, 1e3),
    st.floats(0.01, 1e3),
)
def test_invert_undoes_apply(values: Array, center: float, scale: float) -> None:
    found = Scaling(np.array(center), np.array(scale))
    np.testing.assert_allclose(found.invert(found.apply(values)), values, rtol=1e-9, atol=1e-6)
