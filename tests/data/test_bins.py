import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volopt.data.bins import folder, is_instrument_name, named, read_bin, spelled, write_provider
from volopt.definition.plain_text import INSTRUMENT
from volopt.errors import DataError

DAYS = 10


def write(path: Path, *values: float) -> Path:
    path.write_bytes(np.array(values, "<f4").tobytes())
    return path


def test_a_series_gives_its_first_row_and_its_values(tmp_path: Path) -> None:
    start, values = read_bin(write(tmp_path / "x.bin", 3, 1.5, np.nan, 2), DAYS)
    assert start == 3
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, np.array([1.5, np.nan, 2], np.float32))


def test_a_series_may_fill_the_calendar_to_its_last_day(tmp_path: Path) -> None:
    assert len(read_bin(write(tmp_path / "x.bin", *range(DAYS + 1)), DAYS)[1]) == DAYS


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "size is 0 bytes"),
        ([-1, 1], "header -1.0 is not a row"),
        ([0.5, 1], "header 0.5 is not a row"),
        ([np.nan, 1], "header nan is not a row"),
        ([np.inf, 1], "header inf is not a row"),
        ([DAYS, 1], "header 10.0 is not a row"),
        ([9, 1, 2], "2 days from row 9 exceed the calendar of 10"),
        (list(range(DAYS + 2)), "larger than the limit of 44 bytes"),
    ],
)
def test_a_file_that_is_no_series_of_the_calendar_is_refused(tmp_path: Path, values: list[float], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read_bin(write(tmp_path / "x.bin", *values), DAYS)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.bin", 0, 1, 2)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="size is 11 bytes"):
        read_bin(path, DAYS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the file is written anew each time
@given(st.binary(max_size=60))
def test_any_bytes_are_a_series_within_the_calendar_or_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    try:
        start, values = read_bin(tmp_path / "x.bin", DAYS)
    except DataError:
        return
    assert 0 <= start <= start + len(values) <= DAYS
    assert len(values) == len(content) // 4 - 1


@pytest.mark.parametrize("name", ["SH600000", "BRK.B", "a-b_c", "600000", "a/b", "a b", "é"])
def test_texts_of_one_line_are_names_of_instruments(name: str) -> None:
    assert is_instrument_name(name)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "/a", "a\\b", " a", "a ", "a\n", "{a}", "é" * 40])
def test_texts_that_are_no_names_of_instruments(name: str) -> None:
    assert not is_instrument_name(name)


def test_a_folder_is_spelt_as_qlib_does() -> None:
    assert folder("SH600000") == "sh600000"
    assert folder("CON") == "_qlib_con"


def test_a_provider_is_written_in_qlib_s_layout(tmp_path: Path) -> None:
    calendar = pd.bdate_range("2010-01-04", periods=5)
    days = calendar[[1, 3]]
    write_provider(tmp_path / "p", calendar, {"Ab": pd.DataFrame({"close": [1.5, 2.5]}, index=days)}, {"seed": 1})
    assert (tmp_path / "p/calendars/day.txt").read_text().split() == [f"2010-01-0{day}" for day in range(4, 9)]
    assert (tmp_path / "p/instruments/all.txt").read_text() == "Ab\t2010-01-05\t2010-01-07\n"
    start, values = read_bin(tmp_path / "p/features/ab/close.day.bin", 5)
    assert start == 1
    np.testing.assert_array_equal(values, [1.5, np.nan, 2.5])
    assert (tmp_path / "p/synthetic.json").read_text() == '{"seed": 1}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_failure_leaves_nothing_half_written(tmp_path: Path) -> None:
    calendar = pd.bdate_range("2010-01-04", periods=2)
    good = pd.DataFrame({"close": [1.0, 2.0]}, index=calendar)
    bad = pd.DataFrame({"close": ["one", "two"]}, index=calendar)
    with pytest.raises(ValueError, match="one"):
        write_provider(tmp_path / "p", calendar, {"A": good, "B": bad})
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        write_provider(tmp_path / "file" / "p", pd.bdate_range("2010-01-04", periods=2), {})


def test_a_directory_that_is_not_empty_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine").write_text("keep")
    with pytest.raises(DataError, match="already exists"):
        write_provider(tmp_path / "p", pd.bdate_range("2010-01-04", periods=2), {})
    assert (tmp_path / "p" / "mine").read_text() == "keep"


def test_what_another_program_wrote_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_lists(*arguments: object) -> None:
        (tmp_path / "p").mkdir()
        (tmp_path / "p" / "mine").touch()

    monkeypatch.setattr("volopt.data.bins.write_lists", write_lists)
    with pytest.raises(DataError, match="already exists"):
        write_provider(tmp_path / "p", pd.bdate_range("2020-01-01", periods=2), {})
    assert (tmp_path / "p" / "mine").is_file()


@given(st.from_regex(INSTRUMENT, fullmatch=True).filter(is_instrument_name))
def test_any_name_is_read_back_from_its_spelling_which_is_a_plain_file_name(name: str) -> None:
    assert named(spelled(name)) == name
    assert re.fullmatch(r"[A-Za-z0-9^._=%~-]+", spelled(name))
    assert not folder(name).startswith(".")


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("SH600000", "SH600000"), ("^GSPC", "^GSPC"), ("M&M", "M%26M"), ("BTC/USDT", "BTC%2FUSDT"), ("A B", "A%20B")],
)
def test_only_signs_that_a_directory_may_not_have_are_spelt_otherwise(name: str, spelling: str) -> None:
    assert spelled(name) == spelling
    assert folder(name) == spelling.lower()


@pytest.mark.parametrize("spelling", ["%41", "M%2", "a/b", "..", "%2E%2E", "M%26M%", ""])
def test_a_text_that_spells_no_name(spelling: str) -> None:
    assert named(spelling) is None
