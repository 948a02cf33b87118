"""Arguments: texts and numbers of Python, the environment, and the home directory."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.api import arguments
from volopt.errors import UsageError


@pytest.mark.parametrize("value", ["2018-12-28", date(2018, 12, 28), datetime(2018, 12, 28, 9), "20181228"])
def test_a_day_is_a_text_or_a_date(value: date | str) -> None:
    assert arguments.day("from", value) == arguments.day("from", pd.Timestamp("2018-12-28")) == date(2018, 12, 28)


@pytest.mark.parametrize("value", ["June", "2018-02-30", "", 5, None, pd.NaT])
def test_something_else_is_no_day(value: object) -> None:
    with pytest.raises(UsageError, match="does not match the format"):
        arguments.day("from", value)  # type: ignore[arg-type]  # the mistake of a user without a type checker


def test_a_count_is_a_whole_number() -> None:
    assert (arguments.count("seeds", np.int64(3)), arguments.count("seeds", None)) == (3, None)
    for value in (2.0, "2.5", [1]):
        with pytest.raises(UsageError, match="is not a valid integer range"):
            arguments.count("seeds", value)


def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLOPT_WORKERS", "3")
    monkeypatch.setenv("VOLOPT_STORAGE", "")
    assert (arguments.workers_count(None), arguments.workers_count(2)) == (3, 2)
    assert arguments.storage_url(None) == arguments.DEFAULT_STORAGE


def test_a_path_begins_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert arguments.data_directory("~/data") == Path("/home/me/data")


def test_one_text_is_a_list_of_one() -> None:
    assert [arguments.texts(value) for value in ("ab", 3, [1, "b"], ())] == [("ab",), ("3",), ("1", "b"), ()]
