"""A file of which a part would be lost is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.importing.losses import check_loss
from volopt.data.importing.table import VendorTable, read_table
from volopt.errors import DataError


@pytest.fixture
def table(tmp_path: Path) -> VendorTable:
    (tmp_path / "x.csv").write_text("date,close,volume\n")
    return read_table(tmp_path / "x.csv", {})


def loses(table: VendorTable, texts: list[str], filled: int, largest: float = 1e6) -> str:
    """Return the message of a refusal, or nothing."""
    column = pd.Series(texts, dtype=object)
    try:
        check_loss(table, "volume", column, filled, np.array([largest, np.nan]))
    except DataError as error:
        return error.message.partition(" has ")[2]
    return ""


def test_one_in_a_hundred_may_be_unreadable(table: VendorTable) -> None:
    assert loses(table, [], 0) == ""
    assert loses(table, ["x"], 100) == ""
    assert loses(table, ["x"], 99) == "1 of 99 values in column 'volume' that are no numbers"
    assert loses(table, ["x", "y"], 200) == ""


@pytest.mark.parametrize("text", ["1.2.3.4.5.6.7", "12Q", "12 lakh", "-inf", "1e999x"])
def test_none_of_the_largest_may_be(table: VendorTable, text: str) -> None:
    assert loses(table, [text], 1000, largest=1e6) == (
        "1 of 1000 values in column 'volume' that are no numbers, which may be its largest"
    )


@pytest.mark.parametrize("text", ["holiday", "1.2.3", "?"])
def test_a_small_one_may_be(table: VendorTable, text: str) -> None:
    assert loses(table, [text], 1000, largest=1e6) == ""


def test_a_column_of_zeros_has_no_largest(table: VendorTable) -> None:
    assert loses(table, ["holiday"], 1000, largest=0.0) == ""


def test_examples_and_the_option_that_insists_are_named(table: VendorTable) -> None:
    with pytest.raises(DataError) as caught:
        check_loss(table, "volume", pd.Series(["x", "x", "y"]), 9)
    assert caught.value.hint == "correct 'x', 'y'; --skip-bad leaves them out"
