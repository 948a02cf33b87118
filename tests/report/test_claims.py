"""The paper's claims in the report: those this study can be asked about, with their verdicts."""

from pathlib import Path

import pytest

from hand_made import Shelf, World, content
from report.conftest import study_view
from volopt.report.blocks import SourceBlock, TableBlock, TextBlock
from volopt.report.claims import claims


def curves(directory: Path, *, seeds: int, broken: bool = False) -> list[object]:
    """Return what the report says of a study of loss curves, in which RNN's is three times as steep as LSTM's."""
    shelf = Shelf(directory)
    definition = shelf.study("mine", of="loss_curves", seeds=seeds)
    world = World(seeds=seeds, steep=lambda point: 0.03 if point["cell"] == "RNN" else 0.01)
    for cell in ("RNN", "LSTM"):
        file = None if broken else content(world.trial(cell=cell, hidden_size=50))
        shelf.trial(definition, file, cell=cell)
    return [*claims(study_view(f"sqlite:///{directory}/volopt.db", "mine"))]


def test_a_claim_has_verdict_effect_interval_and_p(tmp_path: Path) -> None:
    table, note = curves(tmp_path, seeds=8)
    assert isinstance(table, TableBlock)
    ((text, verdict, effect, interval, p, seeds, measure),) = table.rows
    assert text == "RNN's loss curve is steeper than LSTM's at 50 units"
    assert (verdict, seeds) == ("supported", 8)
    assert isinstance(effect, float)
    assert isinstance(p, float)
    assert effect == pytest.approx(3)
    assert interval == "3 … 3"  # seeds scatter alike in both cells
    assert p < 0.05
    assert str(measure).startswith("ratio of the changes")
    assert isinstance(note, TextBlock)


def test_with_few_seeds_the_commands_for_more_are_reported(tmp_path: Path) -> None:
    table, _, introduction, commands, _ = curves(tmp_path, seeds=3)
    assert isinstance(table, TableBlock)
    assert table.rows[0][1] == "inconclusive"
    assert isinstance(introduction, TextBlock)
    assert introduction.text == "To complete these claims, run"
    assert commands == SourceBlock("volopt run loss_curves --seeds 10 --name loss_curves10")


def test_a_missing_artifact_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    blocks = curves(tmp_path, seeds=8, broken=True)
    assert not any(isinstance(block, TableBlock) for block in blocks)
    (warning,) = [block for block in blocks if isinstance(block, TextBlock) and block.warning]
    assert warning.text.startswith("The curves and forecasts of trial 0 of mine are missing")


def test_claims_that_need_another_study_too_are_named_as_not_run(tmp_path: Path) -> None:
    Shelf(tmp_path).study("mine", seeds=10)
    blocks = [*claims(study_view(f"sqlite:///{tmp_path}/volopt.db", "mine"))]
    (text,) = [block.text for block in blocks if isinstance(block, TextBlock) and block.text.startswith("Not run")]
    assert "claims on mine (27), grid + price (2)" in text
    assert "published" not in text
    (commands,) = [block.text for block in blocks if isinstance(block, SourceBlock)]
    assert "volopt run price --seeds 10" in commands


def test_a_study_that_stands_for_no_shipped_one_says_so(tmp_path: Path) -> None:
    Shelf(tmp_path).study("mine", text=('target = "$volume"', 'target = "$high-$low"'))
    (block,) = claims(study_view(f"sqlite:///{tmp_path}/volopt.db", "mine"))
    assert isinstance(block, TextBlock)
    assert "no evidence for or against" in block.text
