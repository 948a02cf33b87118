"""CSV files of strangers are limited in bytes and columns; any bytes are a table or give a DataError."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.data.csv_files import MAX_BYTES, MAX_COLUMNS, read_csv, read_file
from volopt.data.frame import load_frames
from volopt.definition.plain_text import is_plain
from volopt.errors import DataError

HEADER = b"instrument,datetime,$volume\n"


def csv_refused(content: bytes) -> DataError:
    with pytest.raises(DataError) as caught:
        read_csv(content, "x.csv", "A", ["$volume"])
    return caught.value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a," * MAX_COLUMNS + b"a\n", "it has 1001 columns, more than the limit of 1000"),
        (HEADER + b"1," * 100_000 + b"\n", "line 2 has 100001 values, the header has 3"),
        (HEADER + b"A,2010-01-04,1,\n", "line 2 has 4 values, the header has 3"),
        (HEADER + b'"\n",' * 100_000 + b"\n", "line 100002 has 100001 values, the header has 3"),
        (HEADER + b'"' + b"x" * 1_000_000, "field larger than field limit"),
        (b"\xff\xfe" + HEADER, "can't decode byte 0xff"),
    ],
    ids=["columns", "values", "one more", "values over lines", "quote", "encoding"],
)
@pytest.mark.usefixtures("little_memory")
def test_a_table_without_a_bound_is_refused_before_memory_is_spent_on_it(content: bytes, reason: str) -> None:
    assert reason in csv_refused(content).message


def test_a_csv_file_of_ten_gigabytes_is_read_only_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(HEADER)
    os.truncate(tmp_path / "x.csv", 10**10)
    with pytest.raises(DataError, match=f"larger than the limit of {MAX_BYTES} bytes"):
        read_file(tmp_path, "x.csv")


@pytest.mark.parametrize("name", ["pipe", "directory", "out", "zero"])
def test_a_path_that_is_not_a_file_is_not_read(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    (inner / "directory").mkdir(parents=True)
    os.mkfifo(inner / "pipe")
    (tmp_path / "secret.csv").write_bytes(HEADER)
    (inner / "out").symlink_to(tmp_path / "secret.csv")
    (inner / "zero").symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"is not a file|leads out of"):
        read_file(inner, name)


def test_names_of_a_csv_file_are_escaped_and_not_all_compared() -> None:
    rows = b"".join(b"A%d,2010-01-04,1\n" % number for number in range(100_000))
    error = csv_refused(HEADER + b"\x1b[31mA,2010-01-04,1\n" + rows[: 10**6])
    assert is_plain(error.hint)
    assert is_plain(csv_refused(b"\x1b[31mdatetime,$volume\n1,1\n").hint)


@pytest.mark.parametrize(("start", "end"), [(date(1, 1, 1), date(9999, 12, 31)), (date(9998, 1, 1), date(9999, 1, 1))])
def test_days_at_the_ends_of_time_are_days(tmp_path: Path, start: date, end: date) -> None:
    days = ["0001-01-01", "2010-01-04", "2010-01-05", "9998-12-31"]
    lines = [f"A,{day},{number}" for number, day in enumerate(days, 1)]
    (tmp_path / "x.csv").write_bytes(HEADER + "\n".join(lines).encode())
    frames, _ = load_frames(tmp_path, "A", ["$volume"], start, end, files=["x.csv"])
    assert len(frames[0].dates) == (4 if start.year == 1 else 1)


CELLS = ["A", "2010-01-04", "2010-01-05", "1", "-1e400", "0x1", "nan", '"', "\x1b", "\n", ",", "\r", "\0", "é"]
ROWS = st.lists(st.sampled_from(CELLS)).map(lambda cells: ",".join(cells).encode())


@settings(max_examples=300)
@given(
    st.one_of(st.binary(), st.lists(st.sampled_from(CELLS)).map(lambda cells: ",".join(cells).encode())), st.booleans()
)
def test_any_cells_are_a_table_or_refused(content: bytes, header: bool) -> None:
    message = ""
    try:
        table = read_csv(HEADER + content if header else content, "x.csv", "A", ["$volume"])
    except DataError as error:
        message = error.message + error.hint
    else:
        assert table.index.is_monotonic_increasing
        assert table.index.is_unique
    assert is_plain(message)
