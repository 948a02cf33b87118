"""Trees as arrays: LightGBM's own predictions, and arrays of a stranger that end neither in a loop nor in an error."""

import subprocess
import sys
from functools import cache

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.baselines import trees

ROWS, INPUTS = 3000, 5


@cache
def fitted() -> tuple[trees.Arrays, trees.Inputs, np.ndarray]:
    """Return trees that were fitted in two parts, with inputs and output."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(ROWS, INPUTS)).astype(np.float32)
    output = np.sin(2 * inputs[:, 0]) * inputs[:, 1] + generator.normal(0, 0.1, ROWS)
    parts = [inputs[:1000], inputs[1000:]]
    return trees.fit(lambda part: parts[part], {0: 1000, 1: ROWS - 1000}, output), inputs, output


def test_predictions_are_those_of_lightgbm_on_rows_it_has_not_seen_too() -> None:
    arrays, inputs, output = fitted()
    parameters = trees.LIGHTGBM | {"min_data_in_leaf": 60}
    model = lgb.train(parameters, lgb.Dataset(inputs.astype(float), output), trees.TREES)
    unseen = (3 * np.random.default_rng(1).normal(size=(2 * trees.BATCH + 7, INPUTS))).astype(np.float32)
    for rows in (inputs, unseen, unseen[:1]):
        np.testing.assert_allclose(trees.predict(arrays, rows), model.predict(rows.astype(float)), atol=1e-12)
    assert trees.predict(arrays, unseen[:0]).shape == (0,)
    assert len(arrays["root"]) == trees.TREES
    assert np.std(trees.predict(arrays, inputs) - output) < 0.7 * np.std(output)


def test_an_output_that_inputs_do_not_explain_is_a_tree_of_one_leaf() -> None:
    arrays = trees.fit(lambda part: np.zeros((40, 2), np.float32), {0: 40}, np.full(40, 2.5))
    assert len(arrays["feature"]) == 0
    assert trees.is_valid(arrays, 2)
    assert trees.predict(arrays, np.ones((3, 2), np.float32)) == pytest.approx([2.5, 2.5, 2.5])


@given(st.sampled_from(["root", "left", "right", "feature"]), st.integers(0, 10**6), st.integers(-(2**31), 2**31 - 1))
@settings(max_examples=200)
def test_a_changed_number_is_refused_or_leads_to_a_leaf(name: str, at: int, value: int) -> None:
    arrays, inputs, _ = fitted()
    changed = {each: values.copy() for each, values in arrays.items()}
    changed[name][at % len(changed[name])] = value
    if trees.is_valid(changed, INPUTS):
        assert np.isfinite(trees.predict(changed, inputs[:20])).all()


def changed(name: str, values: object) -> trees.Arrays:
    return fitted()[0] | {name: np.asarray(values)}


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        changed("more", [1.0]),
        changed("value", fitted()[0]["value"].astype("f4")),
        changed("value", fitted()[0]["value"] * np.nan),
        changed("value", fitted()[0]["value"][:-1]),
        changed("threshold", fitted()[0]["threshold"][:-1]),
        changed("threshold", fitted()[0]["threshold"] * np.inf),
        changed("left", np.zeros_like(fitted()[0]["left"])),  # back to the first node, for ever
        changed("right", fitted()[0]["right"][None]),
        changed("root", fitted()[0]["root"] + 10**6),
        changed("feature", fitted()[0]["feature"] - 1),
    ],
)
def test_arrays_that_are_no_trees_are_not_valid(arrays: trees.Arrays) -> None:
    assert trees.is_valid(fitted()[0], INPUTS)
    assert not trees.is_valid(arrays, INPUTS)


def test_trees_over_more_inputs_than_there_are_are_not_valid() -> None:
    assert not trees.is_valid(fitted()[0], INPUTS - 1)


QUIET = """
import numpy as np
from volopt.baselines import trees
trees.LIGHTGBM |= {"bin_construct_sample_cnt": 300}
inputs = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
trees.fit(lambda part: inputs, {0: 2000}, inputs[:, 0].astype(float))
"""


def test_the_first_fit_of_a_process_prints_nothing_where_few_rows_decide_the_bins() -> None:
    done = subprocess.run([sys.executable, "-c", QUIET], check=True, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
