"""Whatever a study file says, it is a definition or one expected error, and a definition survives being stored."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.definition.load import dump, load, override, read, read_text, restore, shipped
from volopt.definition.plain_text import is_plain
from volopt.errors import DefinitionError

FILES = [read_text(path).splitlines() for path in shipped()]
WORDS = ["format", "name", "data", "space", "[", "]", "[[", "]]", "{", "}", "=", ",", ".", '"', "'", '"""', "\n"]
WORDS += [
    "\r\n",
    "phase",
    "1",
    "-",
    "0x",
    "1e999",
    "nan",
    "true",
    "2010-01-01",
    "07:00",
    "_",
    "#",
    "\\u001b",
    "\x00",
    "é",
]
KEYS = ["format", "cell", "window", "name", "sampler", "grid", "low", "a.b.c", '"\\u001b[31m"', "''", "[", "train"]
VALUES = ["true", "0", "-1", "1.5", "nan", "inf", "1e-400", "0x" + "f" * 800, '""', '"best"', '"\\u009B"', "[]", "{}"]
VALUES += ["2010-01-01", "2010-01-01T07:00:00Z", "07:00:00", "9999-12-31", "[1, 1.0, true]", '["RNN", "RNN"]', "[{}]"]
VALUES += ["{ low = 1, high = 2 }", "{ low = nan, high = inf, log = true }", "{ low = 5, high = 6, step = 7 }", "[[]]"]
VALUES += ["{ low = 1.5, high = 2 }", "[5, 25, 125]", '["$close"]', '"$close"', '["2010-01-01", 2015-08-31]', "[nan]"]


def assert_read_or_refused(text: str) -> None:
    definition = None
    try:
        definition = read(text, "x.toml")
    except DefinitionError as error:
        told = (error.message, error.hint, *error.mistakes)
    if definition is None:
        assert all(map(is_plain, told))
        return
    stored = json.loads(json.dumps(dump(definition), allow_nan=False))
    assert restore(stored) == override(definition) == definition
    assert dump(restore(stored)) == dump(definition)


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=40).map("".join)))
def test_any_text_is_a_definition_or_refused(text: str) -> None:
    assert_read_or_refused(text)


@st.composite
def changed_lines(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """Lines of which one is gone, doubled, moved, or has another key or value."""
    here, there = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    key, equals, value = lines[here].partition("=")
    others = {
        "gone": [],
        "doubled": [lines[here]] * 2,
        "moved": [lines[there], lines[here]],
        "another value": [f"{key}{equals or '='}{draw(st.sampled_from(VALUES))}"],
        "another inner value": [re.sub(r"(?<=[=,\[] )[^,\]}]+", lambda _: draw(st.sampled_from(VALUES)), lines[here])],
        "another key": [f"{draw(st.sampled_from(KEYS))} ={value}"],
        "cut": [lines[here][: draw(st.integers(0, 20))]],
    }
    return [*lines[:here], *others[draw(st.sampled_from(sorted(others)))], *lines[here + 1 :]]


@settings(max_examples=300)
@given(st.data())
def test_any_change_of_a_file_that_ships_is_a_definition_or_refused(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(FILES))
    for _ in range(data.draw(st.integers(1, 3))):
        lines = data.draw(changed_lines(lines))
    assert_read_or_refused("\n".join(lines))


def test_the_files_that_ship_survive_being_stored() -> None:
    for path in shipped():
        assert_read_or_refused(read_text(path))
        assert load(path.stem)
