"""A file becomes a table of its known columns, as texts, whatever it is separated by."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing import table
from volopt.data.importing.table import MAX_COLUMNS, VendorTable, read_table
from volopt.errors import DataError

HEADER = "date,close,volume\n"


def read(path: Path, content: str | bytes, **given: str) -> VendorTable:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, given)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_first_line_tells_the_separator(path: Path, separator: str, end: str) -> None:
    lines = ["", "date,note,close,volume", "2010-01-04,x,1,2", "", "2010-01-05,,3,", ""]
    found = read(path, end.join(lines).replace(",", separator))
    assert found.values.to_dict("list") == {
        "date": ["2010-01-04", "2010-01-05"],
        "close": ["1", "3"],
        "volume": ["2", ""],
    }
    assert found.layout.ignored == ["note"]
    assert found.findings == ()


def test_quoted_commas_belong_to_the_value(path: Path) -> None:
    found = read(path, 'date,"close",volume\n2010-01-04,"1,234.5","2,000"\n')
    assert found.values.iloc[0].tolist() == ["2010-01-04", "1,234.5", "2,000"]


def test_codes_keep_their_zeros(path: Path) -> None:
    assert read(path, "code,date,close,volume\n000001,2010-01-04,1,2\n").values["code"].tolist() == ["000001"]


def test_a_line_of_another_length_is_left_out_and_told(path: Path) -> None:
    found = read(path, HEADER + "2010-01-04,1,2\n" * 3 + "Data from a vendor\n")
    assert len(found.values) == 3
    (finding,) = found.findings
    assert (finding.count, finding.examples) == (1, ("Data from a vendor",))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "it is empty"),
        ("\n\n\n", "it is empty"),
        (",,\n1,2,3\n", "it is empty"),
        (HEADER + "2010-01-04,1,234,5\n" * 2, "another number of values than the first: 2010-01-04,1,234,5"),
        (HEADER + '2010-01-04,1,"2\n2010-01-05,1,2\n', "a quote is open"),
        (HEADER + '"2010-01-04,1,2\n2010-01-05,1,2\n', "a quote is open"),
        ("a," * MAX_COLUMNS + "a\n", "it has 1001 columns, at most 1000 are read"),
        (HEADER + "x" * 3_000_000 + ",1,1\n2010-01-04,1,1\n", "is no table"),
        ('"' + "x" * 200_000 + HEADER, "field larger than field limit"),
    ],
    ids=[
        "empty",
        "blank",
        "no names",
        "commas without quotes",
        "open quote",
        "quote of all",
        "columns",
        "long value",
        "long name",
    ],
)
def test_what_is_no_table_is_told(path: Path, content: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read(path, content)


def test_more_rows_than_a_table_may_have_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 2)
    assert len(read(path, HEADER + "2010-01-04,1,2\n" * 2).values) == 2
    with pytest.raises(DataError, match="it has 3 rows, at most 2 are read"):
        read(path, HEADER + "2010-01-04,1,2\n" * 3)


def test_a_header_alone_is_an_empty_table(path: Path) -> None:
    assert read(path, HEADER).values.empty
    assert read(path, HEADER.strip()).values.empty


CELLS = ["2010-01-04", "1", "-1e400", "nan", '"', '""', "\x1b", "\n", ",", "\r", "é", ";"]


@given(st.one_of(st.binary(), st.lists(st.sampled_from(CELLS)).map(lambda cells: "".join(cells).encode())))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    try:
        found = table._csv(table.utf8(HEADER.encode() + content, "x.csv"), {}, "x.csv")
    except DataError:
        return
    assert list(found.values) == ["date", "close", "volume"]
