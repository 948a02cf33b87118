"""``volopt findings`` as a person types it."""

from pathlib import Path

import pytest

from builders import Volopt
from hand_made import Shelf, World, content


@pytest.fixture
def few_seeds(tmp_path: Path) -> None:
    """A study with fewer seeds than a verdict takes."""
    (tmp_path / "storage").mkdir()
    shelf = Shelf(tmp_path / "storage")
    definition = shelf.study("curves3", of="loss_curves", seeds=3)
    for cell in ("RNN", "LSTM"):
        result = World(seeds=3).trial(cell=cell, hidden_size=50)
        shelf.trial(definition, content(result), cell=cell, hidden_size=50)


@pytest.mark.usefixtures("few_seeds")
def test_a_study_of_too_few_seeds_is_one_line_with_the_command_for_more(volopt: Volopt) -> None:
    command = "volopt run loss_curves --seeds 10 --name loss_curves10"
    _, out, _ = volopt("findings", "curves3")
    assert f"curves3 has 3 seeds, too few for its 1 claims, which take 8 (--all lists them): `{command}`\n" in out
    assert "inconclusive" not in out
    assert out.count(command) == 1
    _, out, _ = volopt("findings", "curves3", "--all")
    assert "inconclusive" in out
    assert f"  {command}\n" in out
