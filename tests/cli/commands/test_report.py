"""``volopt report`` as a person or a program types it."""

import json
from pathlib import Path

import pytest

from builders import Volopt
from hand_made import Shelf, World, content


@pytest.fixture
def mine(tmp_path: Path) -> None:
    """A stored study of one trial."""
    (tmp_path / "storage").mkdir()
    shelf = Shelf(tmp_path / "storage")
    definition = shelf.study("mine")
    shelf.trial(definition, content(World(seeds=2).trial(cell="RNN", hidden_size=5)), cell="RNN", hidden_size=5)


@pytest.mark.usefixtures("mine")
def test_it_writes_a_page_and_says_where_and_how_large(volopt: Volopt, tmp_path: Path) -> None:
    code, out, _ = volopt("report", "mine")
    path = tmp_path / "mine-report.html"
    assert code == 0
    assert "SYNTHETIC SAMPLE" in out
    assert out.splitlines()[-1] == f"mine-report.html: {path.stat().st_size / 1e6:.1f} MB; open it in a browser."
    assert path.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("mine")
def test_a_program_learns_the_same_and_a_file_that_is_there_is_replaced(volopt: Volopt, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "my report.html"
    path.parent.mkdir()
    path.write_text("old")
    code, out, _ = volopt("report", "mine", "--out", path, "--json")
    assert code == 0
    assert json.loads(out) == {"study": "mine", "path": str(path), "bytes": path.stat().st_size}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.usefixtures("mine")
def test_wrong_input_is_told_in_a_sentence_with_a_hint(volopt: Volopt, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for arguments, message in [
        (("mien",), 'there is no study "mien" in the storage, did you mean "mine"?'),
        (("mine", "--out", "folder"), "folder"),
        (("mine", "--storage", "sqlite:///nowhere.db"), "there is no database at nowhere.db"),
    ]:
        code, out, err = volopt("report", *arguments, "--json")
        assert code == 1, err
        assert message in err
        assert json.loads(out)["hint"]
        assert "Traceback" not in err
    assert not list(tmp_path.glob("*.html"))


def test_help_has_an_example(volopt: Volopt) -> None:
    assert "Example: volopt report grid" in volopt("report", "--help")[1]
