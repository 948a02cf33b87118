"""A small valid study file that the tests of this folder change."""

from collections.abc import Callable

import pytest

from volopt.definition.load import read
from volopt.definition.schema import Definition
from volopt.errors import DefinitionError

TEXT = """
format = 1
name = "small"
title = "a small study"

[data]
instrument = "SH600000"
features = ["$close", "Mean( $close, 3 )"]
target = "$volume"
train = ["2010-01-01", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-31"]

[model]
dropout = 0.1
window = 20

[space]
window = { low = 5, high = 100 }
cell = ["RNN", "LSTM"]
hidden_size = [250, 5, 25]
num_layers = { low = 1, high = 9, step = 2 }
learning_rate = [1, 0.005]
batch_norm = [true, false]
batch_size = ["full", 64, 128]

[[phase]]
name = "width"
sampler = "grid"
grid = { hidden_size = [25, 5], cell = ["RNN", "LSTM"] }
fix = { window = 40 }

[[phase]]
name = "extend"
sampler = "tpe"
vary = ["window", "cell"]
start = "best"
trials = 4
"""

Changed = Callable[..., Definition]
Mistakes = Callable[..., tuple[str, ...]]


@pytest.fixture
def changed() -> Changed:
    """Reads the small study with each (old, new) pair of texts replaced, and ``tail`` after it."""

    def read_changed(*pairs: tuple[str, str], tail: str = "") -> Definition:
        text = TEXT
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        return read(text + tail, "small.toml")

    return read_changed


@pytest.fixture
def mistakes(changed: Changed) -> Mistakes:
    """Reads the small study changed in the same way, and returns its mistakes."""

    def mistakes_of(*pairs: tuple[str, str], tail: str = "") -> tuple[str, ...]:
        with pytest.raises(DefinitionError) as caught:
            changed(*pairs, tail=tail)
        assert caught.value.mistakes
        return caught.value.mistakes

    return mistakes_of
