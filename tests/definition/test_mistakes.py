"""The wrong study files of tests/studies: the comment at the top of each lists its mistakes, all of them.

A line that ends in … leaves the rest open: those sentences are the expression parser's.
"""

import copy
import itertools
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.definition.load import dump, load, read, restore
from volopt.definition.schema import Definition
from volopt.errors import DefinitionError

CASES = sorted((Path(__file__).parents[1] / "studies").glob("*.toml"))


def expected(text: str) -> list[str]:
    lines = itertools.takewhile(lambda line: line.startswith("# "), text.splitlines())
    return [line.removeprefix("# ") for line in lines]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_mistake_of_a_file_is_named_at_once(path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(str(path))
    lines, found = expected(path.read_text(encoding="utf-8")), caught.value.mistakes
    shown = [is_.split(" ")[0] + " …" if line.endswith("…") else is_ for line, is_ in zip(lines, found, strict=True)]
    assert shown == lines
    count = len(found)
    assert caught.value.message == f"study file {path} has {count} mistake{'' if count == 1 else 's'}"
    assert caught.value.exit_code == 2
    assert "volopt new" in caught.value.hint


def test_the_cases_are_found() -> None:
    assert len(CASES) > 25


def test_a_newer_format_asks_for_a_newer_volopt_and_lists_nothing_else() -> None:
    with pytest.raises(DefinitionError, match="format 2, and this volopt reads format 1") as caught:
        read('format = 2\nunknown = "here"', "later.toml")
    assert "update volopt" in caught.value.hint
    assert caught.value.mistakes == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('name = "x"\nname = "y"\n', r"Cannot overwrite a value \(at line 2"),
        ("format = \n", r"Invalid value \(at line 1"),
        ("a = " + "[\n" * 20_000, "nested too deep"),
    ],
    ids=["twice", "cut", "nested"],
)
def test_a_text_that_is_no_toml_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        read(text, "x.toml")


ANYTHING = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "x", "best", "grid", "tpe", "full", "RNN", "$close", "2015-09-01", "window", 10**400]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["low", "high", "step", "log", "cell", "window", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)
STORED = [dump(load(name)) for name in ("grid", "published", "search")]


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a nested table."""
    keys = range(len(tree)) if isinstance(tree, list) else tree if isinstance(tree, dict) else ()
    return [place for key in keys for place in [(tree, key), *places(tree[key])]]


@settings(max_examples=150)
@given(st.data())
def test_whatever_stands_in_a_file_it_is_a_definition_or_a_list_of_mistakes(data: st.DataObject) -> None:
    raw = copy.deepcopy(data.draw(st.sampled_from(STORED)))
    for _ in range(data.draw(st.integers(1, 2))):
        found = places(raw)
        container, key = found[data.draw(st.integers(0, len(found) - 1))]
        container[key] = data.draw(ANYTHING)
    with suppress(DefinitionError):
        assert isinstance(restore(raw), Definition)
