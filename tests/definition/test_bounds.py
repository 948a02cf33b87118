"""Study files of strangers are bounded: before they are read, before anything in them is counted out or compared."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from volopt.definition.load import MAX_BYTES, MAX_LINE, MAX_MISTAKES, find, load, read, read_text
from volopt.definition.plain_text import is_plain
from volopt.errors import DefinitionError, UsageError

SECONDS = 20  # of CPU: what grows faster than the file takes minutes, the slowest of these 1.5 to 4 s
PHASE = '\n[[phase]]\nname = "p"\nsampler = "grid"\n'


def array(items: Iterable[object]) -> str:
    """A TOML array, an item a line."""
    return "[\n" + "".join(f"{item},\n" for item in items) + "]"


def test_a_file_at_its_bound_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_bytes(b"\n" * MAX_BYTES)
    assert len(read_text(path)) == MAX_BYTES
    path.write_bytes(b"\n" * (MAX_BYTES + 1))
    with pytest.raises(DefinitionError, match="more than the 100000 bytes that a study file may have"):
        load(str(path))


def test_of_a_huge_file_only_the_bound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(10**13)  # no memory holds it
    with pytest.raises(DefinitionError, match="more than the 100000 bytes"):
        load(str(path))


@pytest.mark.parametrize("kind", ["directory", "pipe", "zero", "terminal"])
def test_what_is_no_regular_file_is_never_opened(tmp_path: Path, kind: str) -> None:
    """Opening the pipe would wait for a writer without end, reading /dev/zero would fill the memory."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = {"directory": tmp_path, "pipe": pipe, "zero": Path("/dev/zero"), "terminal": Path("/dev/tty")}[kind]
    with pytest.raises(UsageError, match="is not a file") as caught:
        load(str(path))
    assert "TOML text" in caught.value.hint


@pytest.mark.parametrize("name", ["x" * 5000, "\0", "\x1b[31mred", "gone/\x1b"])
def test_a_name_that_no_file_can_have_is_an_unknown_study(name: str) -> None:
    with pytest.raises(UsageError, match="there is no study file") as caught:
        find(name)
    assert is_plain(caught.value.message)
    assert len(caught.value.message) < 200


def test_a_line_at_its_bound_is_read_and_a_longer_one_names_its_number() -> None:
    with pytest.raises(DefinitionError, match=r"x\.toml has \d+ mistakes"):
        read("\n#" + "x" * (MAX_LINE - 1), "x.toml")
    with pytest.raises(DefinitionError, match=r"line 2 of .* has more than 1000 characters") as caught:
        read("\n#" + "x" * MAX_LINE, "x.toml")
    assert "over several lines" in caught.value.hint


def test_of_thousands_of_mistakes_a_hundred_are_told_and_all_are_counted() -> None:
    with pytest.raises(DefinitionError, match="has 5005 mistakes") as caught:
        read("".join(f"a{i} = 1\n" for i in range(5000)), "x.toml")
    assert len(caught.value.mistakes) == MAX_MISTAKES + 1
    assert caught.value.mistakes[-1] == f"... and {5005 - MAX_MISTAKES} more"


@pytest.mark.parametrize(
    ("pairs", "tail", "mistake"),
    [
        (
            [('["$close", "Mean( $close, 3 )"]', array(f'"$a{i}"' for i in range(101)))],
            "",
            "data.features: found 101 expressions, write at most 100",
        ),
        (
            [('["full", 64, 128]', array(range(1, 1002)))],
            "",
            "space.batch_size: found 1001 values, write at most 1000",
        ),
        (
            [],
            PHASE + f"grid.hidden_size = {array([5] * 1001)}",
            'phase "p" grid.hidden_size: found 1001 values, write at most 1000',
        ),
        ([('["window", "cell"]', array(['"cell"'] * 13))], "", 'phase "extend" vary: found 13 keys, write at most 12'),
        ([], PHASE * 99, "phase: found 101 tables, write at most 100"),
        ([("trials = 4", "trials = 1000001")], "", "trials: found 1000001, write a whole number from 1 to 1000000"),
        ([("[model]", "[training]\nseeds = 1001\n[model]")], "", "training.seeds: found 1001, write a"),
        ([("[model]", "[training]\nepochs = 10000000\n[model]")], "", "training.epochs: found 10000000, write a whole"),
        ([("[model]", "[training]\nretries = 1001\n[model]")], "", "training.retries: found 1001, write a"),
        ([("a small study", "x" * 301)], "", "title: found "),
        ([('"SH600000"', f'"{"x" * 101}"')], "", "data.instrument: found "),
        ([("[space]", f'[data.files]\nhistory = "{"x" * 256}"\ntest = "x"\n[space]')], "", "data.files.history: "),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_everything_that_is_counted_has_a_bound(
    mistakes: Any, pairs: list[tuple[str, str]], tail: str, mistake: str
) -> None:
    found = mistakes(*pairs, tail=tail)
    assert any(mistake in each for each in found), found


def test_the_points_of_all_grids_are_counted_before_anyone_lists_them(mistakes: Any) -> None:
    values = "".join(f"grid.{key} = {array(range(1, 1001))}\n" for key in ("batch_size", "hidden_size", "window"))
    found = mistakes(tail=PHASE + values)
    assert "phase: the grids have 1e+09 points together, write at most 100000" in found


def test_a_long_list_of_the_space_is_shown_by_its_first_values(mistakes: Any) -> None:
    found = mistakes(('["full", 64, 128]', array(range(1, 1001))))
    assert found == (
        'training.batch_size: the default "full" is not in [space] batch_size (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...)',
    )


def many(line: str) -> str:
    """As many lines, numbered, as a file may have."""
    return "".join(line.format(i) + "\n" for i in range((MAX_BYTES - 1500) // (len(line) + 4)))


SLOW = {
    "keys of many parts": many("a{}" + ".a" * 480 + " = 1"),
    "a table of many parts, and in it keys of many": "[a" + ".a" * 490 + "]\n" + many("b" + ".b" * 480 + ".c{} = 1"),
    "a table of many parts, and in it many keys": "[a" + ".a" * 490 + "]\n" + many("b.c.d{} = 1"),
    "tables of many parts": many("[a{}" + ".a" * 480 + "]"),
    "unknown keys": many("a{} = 1"),
    "nearly known keys": "[training]\n" + many("learning_rat{} = 1"),
    "unknown keys of the space": "[space]\n" + many("w{} = [1]"),
    "phases": many("[[phase]]"),
    "tables in a list": "phase = " + array(["{}"] * 24_000),
    "nested tables": many("a{} = " + "{{a = " * 100 + "1" + "}}" * 100),
    "numbers": many("a{} = 0x" + "f" * 900),
}


@pytest.mark.parametrize("case", SLOW)
def test_no_small_file_takes_long(case: str) -> None:
    assert len(SLOW[case]) <= MAX_BYTES
    begin = time.process_time()
    with pytest.raises(DefinitionError):
        read(SLOW[case], "slow.toml")
    assert time.process_time() - begin < SECONDS
