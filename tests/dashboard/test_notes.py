"""What the dashboard says beside a study and its trials."""

from pathlib import Path
from typing import Any

import pytest

from builders import definition
from hand_made import Shelf
from volopt.dashboard import notes
from volopt.figures.study_view import StudyView
from volopt.storage.run_record import RunRecord
from volopt.studies import study as studies
from volopt.studies.attributes import ORPHAN

SEEDS = [{"seed": 0, "valid_mse": 1.0, "epochs": 4}, {"seed": 1, "valid_mse": 3.0, "epochs": 2}]
ROW: dict[str, Any] = {
    "state": "COMPLETE",
    "metrics": {"valid_mse": 2.0, "test_mse": None},
    "params": {},
    "seeds": SEEDS,
}


def test_a_complete_trial_tells_mean_and_ends_over_its_seeds() -> None:
    note = notes.trial_note(ROW, definition())
    assert "mean of 2 seeds" in note
    assert "| valid_mse | 2 | 1 | 3 |" in note
    assert "test_mse" not in note  # it has none


def test_a_pruned_trial_tells_how_far_it_came() -> None:
    assert notes.trial_note(ROW | {"state": "PRUNED"}, definition()).startswith("**PRUNED** after 4 of 4 epochs.")
    own = ROW | {"state": "PRUNED", "params": {"epochs": 8}}
    assert notes.trial_note(own, definition()).startswith("**PRUNED** after 4 of 8 epochs.")


INTERRUPTED = "The study retries this point when it is resumed."


@pytest.mark.parametrize(
    ("reason", "retries", "text"),
    [
        ("loss *is* <b>nan</b>", 0, r"loss \*is\* \<b\>nan\</b\>" "\n\nThe study does not retry this point."),
        ("the loss is nan", 1, "the loss is nan\n\nThe study retries this point at most once."),
        ("the loss is nan", 2, "the loss is nan\n\nThe study retries this point at most 2 times."),
        (ORPHAN, 0, f"{ORPHAN}\n\n{INTERRUPTED}"),
        (None, 2, f"interrupted\n\n{INTERRUPTED}"),
    ],
)
def test_a_failed_trial_tells_why_and_whether_it_is_tried_again(reason: str | None, retries: int, text: str) -> None:
    note = notes.trial_note({"state": "FAIL", "reason": reason}, definition(training={"retries": retries}))
    assert note == f"**FAIL**: {text}"


def test_a_study_tells_what_it_is_on_which_data_and_how_to_go_on(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    definition = shelf.study("mine", of="grid", text=("Hidden size and depth", "Hidden <size>"))
    study, _ = studies.find(shelf.storage, "mine")
    for command in ("volopt run grid --seeds=1", "volopt run grid --seeds=2 --storage=sqlite:///elsewhere.db"):
        studies.add_run(study, RunRecord(command=command))
    note = notes.study_note(StudyView(study, definition, shelf.artifacts))
    assert note.startswith("### Hidden \\<size\\>")
    assert "SYNTHETIC SAMPLE" in note
    assert "`$volume` of SH600000" in note
    assert "train 2010-01-01 to 2015-08-31" in note
    assert "width (grid) 0/8, depth (grid) 0/8, extend (tpe) 0/40" in note
    assert "No result yet" in note
    assert f"Resume it with: `volopt run grid --seeds=2 --storage=sqlite:///{tmp_path}/volopt.db`" in note
    assert "](/report/mine)" in note
