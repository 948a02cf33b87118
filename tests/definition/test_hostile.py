"""Study files of strangers: nothing in them is run, leaves its directory or steers the terminal."""

from pathlib import Path
from typing import Any

import pytest

from volopt.definition.load import dump, restore
from volopt.definition.plain_text import is_plain
from volopt.errors import DefinitionError


def test_a_text_that_another_format_would_run_is_a_text(changed: Any) -> None:
    """TOML has no tags: what YAML would call is a title like any other."""
    for text in ("!!python/object/apply:os.system ['touch hacked']", "!!python/name:os.system", "${HOME}", "`id`"):
        assert changed(("a small study", text)).title == text


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("a small study", "{}", "title"),
        ('name = "small"', 'name = "{}"', "name"),
        ('"SH600000"', '"{}"', "data.instrument"),
        ('"$close", ', '"{}", ', "data.features"),
        ('target = "$volume"', 'target = "{}"', "data.target"),
        ('"2010-01-01"', '"{}"', "data.train"),
        ("[model]", '[data.files]\nhistory = "a{}"\ntest = "b"\n[model]', "data.files.history"),
        ("[model]", '[model]\n"{}" = 1', 'model."'),
        ("[model]", '[model]\ncell = "{}"', "model.cell"),
        ("[space]", '[space]\n"{}" = [1]', 'space."'),
        ('cell = ["RNN", "LSTM"]\n', 'cell = "{}"\n', "space.cell"),
        ('name = "width"', 'name = "{}"', 'phase "'),
        ("{ window = 40 }", '{ "{}" = 40 }', 'phase "width" fix."'),
        ('"window", "cell"', '"{}", "cell"', 'phase "extend" vary'),
        ('name = "small"', 'name = "small"\n"{}" = 1', '"'),
    ],
)
def test_control_characters_are_refused_or_told_as_escapes(mistakes: Any, old: str, new: str, key: str) -> None:
    for code in ("\\u001B[31m", "\\u009B31m", "\\n", "\\u202E"):
        found = mistakes((old, new.replace("{}", code)))
        assert all(map(is_plain, found))
        assert any(each.startswith(key) for each in found), found


def test_a_wrong_key_of_the_space_is_nobodys_nearest_name(mistakes: Any) -> None:
    found = mistakes(('cell = ["RNN", "LSTM"]\n', '"cell\\u001B" = ["RNN"]\n'))
    assert all(map(is_plain, found))
    assert 'phase "extend" vary: cell is not in [space]; add it there' in found


@pytest.mark.parametrize("name", ["/etc/passwd", "../up.csv", "a/b.csv", "a\\b.csv", ".hidden", "", ".."])
def test_a_file_name_that_leads_anywhere_is_refused(mistakes: Any, name: str) -> None:
    files = f"[data.files]\nhistory = '{name}'\ntest = 'b.csv'\n[model]"
    assert mistakes(("[model]", files))[0].startswith("data.files.history: found ")


def test_nothing_is_run_or_written_by_reading(mistakes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("Ref($close,((__import__)('os').system)('touch hacked'))", "__import__('os')", "$close;1", "`id`"):
        assert mistakes(('"$close"', f'"{text}"'))[0].startswith("data.features")
    assert list(tmp_path.iterdir()) == []


def test_the_format_is_the_number_one_and_nothing_like_it(mistakes: Any) -> None:
    for found in ("true", "1.0", '"1"', "[1]"):
        assert mistakes(("format = 1", f"format = {found}")) == (f"format: found {found}, write 1",)


def test_a_stored_definition_of_a_stranger_is_bounded_too(changed: Any) -> None:
    raw = dump(changed())
    many = {"space": {"cell": ["RNN"] * 1001}}
    for change in ({"title": "\x1b[31m"}, {"phase": raw["phase"] * 51}, {"\x1b": 1}, many):
        with pytest.raises(DefinitionError) as caught:
            restore(raw | change)
        assert all(map(is_plain, caught.value.mistakes))
