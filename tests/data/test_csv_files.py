from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.csv_files import read_csv, read_file
from volopt.errors import DataError

HEADER = 'instrument,datetime,$volume,"Ref($close, 1)",comment\n'


def read(text: str, *texts: str) -> np.ndarray:
    return read_csv(text.encode(), "x.csv", "A", texts or ("Ref($close,1)", "$volume")).to_numpy()


def test_columns_are_matched_by_their_canonical_text_and_days_put_in_order() -> None:
    table = read_csv(
        (HEADER + "A,2010-01-05,2,20,x\nA,2010-01-04,1,,y\n").encode(), "x.csv", "A", ["Ref($close,1)", "$volume"]
    )
    assert list(table.columns) == ["Ref($close,1)", "$volume"]
    np.testing.assert_array_equal(table.to_numpy(), [[np.nan, 1], [20, 2]])
    assert [f"{day:%m-%d}" for day in table.index] == ["01-04", "01-05"]


def test_a_file_need_not_name_its_instrument() -> None:
    assert read("datetime,$volume\n2010-01-04,7\n", "$volume").tolist() == [[7]]


def test_an_instrument_of_digits_keeps_its_zeros() -> None:
    table = read_csv(b"instrument,datetime,$volume\n000001,2010-01-04,7\n", "x.csv", "000001", ["$volume"])
    assert len(table) == 1


def test_rows_of_other_instruments_are_left_out() -> None:
    assert read(HEADER + "B,2010-01-04,1,10,\nA,2010-01-04,2,20,\n").tolist() == [[20, 2]]


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("", "is not a CSV table", "comma"),
        ('a,b\n1,2,3\n4,"5', "is not a CSV table", "comma"),
        ("datetime,$volume\n2010-01-04,1\n", r"has no column Ref\(\$close,1\)", r"volume"),
        ('$volume,"Ref($close,1)"\n1,2\n', "has no column datetime", "there are"),
        (HEADER + "B,2010-01-04,1,10,\n", "no rows of instrument A", "there are: B"),
        (HEADER + "A,04.01.2010,1,10,\n", "'04.01.2010' where a date belongs", "2010-01-04"),
        (HEADER + "A,,1,10,\n", "'' where a date belongs", "2010-01-04"),
        (HEADER + "A,2010-01-04,1,10,\nA,2010-01-04,1,10,\n", "the day 2010-01-04 twice", "one row a day"),
        (HEADER + "A,2010-01-04,many,10,\n", r"'many' in column \$volume", "numbers"),
        ('datetime,"Ref($close,1)","Ref($close, 1)",$volume\n', "two columns", "remove"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_reason_and_hint(text: str, reason: str, hint: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        read(text)
    assert hint in caught.value.hint


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: (HEADER + text).encode())))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        table = read_csv(content, "x.csv", "A", ["$volume"])
    except DataError:
        return
    assert list(table.columns) == ["$volume"]


def test_a_file_outside_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER)
    (tmp_path / "inner").mkdir()
    with pytest.raises(DataError, match="leads out of"):
        read_file(tmp_path / "inner", "../x.csv")
