"""Boosted trees as plain arrays: fit them with LightGBM, check arrays that a stranger may have sent, and predict.

Every inner node has a ``feature``, a ``threshold`` and two children, ``left`` for values up to the threshold. A child
and a ``root`` is the number of an inner node, or −1 − the number of a leaf, whose ``value`` is added to the prediction.
Inner nodes of all trees share one numbering, in which a child comes after its parent: no path can turn back.
"""

from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from numpy.typing import NDArray

from volopt.metrics import Array

TREES = 300
MAX_LEAF_ROWS = 200  # that a leaf needs at least
LEAF_SHARE = 50  # smaller panels: a leaf needs a fiftieth of the rows
LIGHTGBM: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "bin_construct_sample_cnt": 50_000,  # rows that decide the bins; LightGBM's 200,000 take 230 MB with 60 inputs
    "deterministic": True,  # with the next three, every run gives the same numbers
    "force_col_wise": True,  # row by row gives the same numbers, with a second copy of the inputs
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}
BATCH = 1024  # rows that are predicted together
MAX_NODES = 10_000_000

Arrays = dict[str, NDArray[Any]]
Inputs = NDArray[np.float32]
KINDS = {"root": "i4", "feature": "i4", "threshold": "f8", "left": "i4", "right": "i4", "value": "f8"}


def fit(part: Callable[[int], Inputs], lengths: Mapping[int, int], output: Array) -> Arrays:
    """Return the trees that LightGBM fits with the parameters ``LIGHTGBM``.

    LightGBM reads the inputs part by part and keeps a byte for each number, so that they are never in memory at once.

    Args:
        part: returns the inputs of a part by its key.
        lengths: rows of each part, in the order of ``output``.
        output: shape (rows of all parts,).
    """
    import lightgbm as lgb

    class Part(lgb.Sequence):
        def __init__(self, key: int, length: int) -> None:
            self._key, self._length = key, length

        def __len__(self) -> int:
            return self._length

        def __getitem__(self, rows: int | slice | list[int]) -> Array:
            return part(self._key)[rows].astype(np.float64)

    parameters = LIGHTGBM | {"min_data_in_leaf": max(1, min(MAX_LEAF_ROWS, len(output) // LEAF_SHARE))}
    data = lgb.Dataset([Part(*each) for each in lengths.items()], output, params=parameters)
    with redirect_stdout(None):  # LightGBM warns of the few rows for its bins, whatever ``verbosity`` a Sequence has
        data.construct()
    return _arrays(lgb.train(parameters, data, TREES).dump_model()["tree_info"])


def _arrays(tree_info: list[dict[str, Any]]) -> Arrays:
    """Return LightGBM's own description of its trees as arrays."""
    columns: dict[str, list[Any]] = {name: [] for name in KINDS}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            columns["value"].append(node["leaf_value"])
            return -len(columns["value"])
        number = len(columns["feature"])
        columns["feature"].append(node["split_feature"])
        columns["threshold"].append(node["threshold"])
        columns["left"].append(0)
        columns["right"].append(0)
        for side in ("left", "right"):
            columns[side][number] = add(node[f"{side}_child"])
        return number

    for tree in tree_info:
        columns["root"].append(add(tree["tree_structure"]))
    return {name: np.array(columns[name], kind) for name, kind in KINDS.items()}


def is_valid(arrays: Arrays, inputs: int) -> bool:
    """Return whether arrays are trees over so many inputs, whose every path ends in a leaf."""
    if {name: values.dtype.str[1:] for name, values in arrays.items()} != KINDS:
        return False
    if any(values.ndim != 1 or len(values) > MAX_NODES for values in arrays.values()):
        return False
    root, feature, threshold, left, right, value = (arrays[name] for name in KINDS)
    if not len(feature) == len(threshold) == len(left) == len(right):
        return False
    children = np.concatenate([root, left, right])
    parents = np.concatenate([np.full(len(root), -1), *2 * [np.arange(len(feature))]])
    return bool(
        ((feature >= 0) & (feature < inputs)).all()
        and np.isfinite(threshold).all()
        and np.isfinite(value).all()
        and ((children < 0) | (children > parents)).all()
        and (children < len(feature)).all()
        and (children >= -len(value)).all()
    )


def predict(arrays: Arrays, inputs: Inputs) -> Array:
    """Return the sum of the trees' values for each row, shape (rows,).

    Args:
        arrays: which ``is_valid`` accepts for these inputs.
        inputs: shape (rows, inputs).
    """
    batches = [_sums(arrays, inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)]
    return np.concatenate(batches) if batches else np.zeros(0)


def _sums(arrays: Arrays, inputs: Inputs) -> Array:
    root, feature, threshold, left, right, value = (arrays[name] for name in KINDS)
    node = np.tile(root, len(inputs))  # by row, then by tree
    row = np.repeat(np.arange(len(inputs)), len(root))
    inner = np.flatnonzero(node >= 0)
    while len(inner):
        at = node[inner]
        is_left = inputs[row[inner], feature[at]] <= threshold[at]
        node[inner] = np.where(is_left, left[at], right[at])
        inner = inner[node[inner] >= 0]
    sums: Array = value[-1 - node].reshape(len(inputs), len(root)).sum(axis=1)
    return sums
