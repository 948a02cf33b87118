"""Long columns beside a trial's JSON: taken out, put back, and nowhere else."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.storage.columns import put_back, take_out

COLUMN = np.arange(3.0)
CONTENT = {"days": {"test": {"date": np.arange(2, dtype=np.int32)}}, "seeds": [{"a": COLUMN}, {"a": [1.0], "b": None}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def test_columns_are_named_by_where_they_stood_and_the_rest_is_jsonable() -> None:
    bare, arrays = take_out(CONTENT)
    assert bare == {"days": {"test": {"date": None}}, "seeds": [{"a": None}, {"a": [1.0], "b": None}]}
    assert list(arrays) == ["days/test/date", "seeds/0/a"]
    assert arrays["seeds/0/a"] is COLUMN


def test_what_is_put_back_stands_where_it_was() -> None:
    bare, arrays = take_out(CONTENT)
    found = json.loads(json.dumps(bare))
    put_back(found, arrays)
    assert found["seeds"][0]["a"] is COLUMN
    assert take_out(found) == (bare, arrays)


@given(JSON)
def test_json_without_arrays_stays_as_it_is(content: Any) -> None:
    assert take_out(content) == (content, {})


@pytest.mark.parametrize(
    "name", ["seeds", "seeds/0/b", "seeds/9/a", "seeds/x/a", "seeds/0/a/b", "other/a", "seeds/1/a", ""]
)
def test_a_column_goes_to_no_other_place(name: str) -> None:
    content = {"seeds": [{"a": None}, {"a": [1.0]}]}
    with pytest.raises((LookupError, TypeError, ValueError)):
        put_back(content, {name: COLUMN})
    assert content == {"seeds": [{"a": None}, {"a": [1.0]}]}
