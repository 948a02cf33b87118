"""The benchmark of a GPU runs whole on a CPU, and a step that fails does not stop the others."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("gpu.py")
STEPS = ["device", "agreement", "determinism", "packs", "graphs", "profile", "memory", "refit"]


def rows(*arguments: object) -> dict[str, Any]:
    """Return the JSON that the script prints on the CPU."""
    command = [sys.executable, SCRIPT, "--device", "cpu", "--short", *map(str, arguments)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return dict(json.loads(said.stdout))


def test_every_step_runs_on_a_cpu() -> None:
    facts = rows()
    assert list(facts) == STEPS
    assert not {name: row for name, row in facts.items() if "failed" in row}
    assert len(facts["agreement"]["fits"]) == 8
    assert facts["agreement"]["within_rounding_at_1"]
    equal = {"one_by_one": True, "packed": True}
    assert facts["determinism"]["bit_for_bit"] == {"RNN": equal, "LSTM": equal, "GRU": equal}
    assert all(pack["ratio"] > 0 for row in facts["packs"]["rows"] for pack in row["packs"])
    assert facts["profile"]["kernels"]
    assert facts["memory"]["too_large"] == "NoMemoryError: memory ran out while training"
    assert facts["refit"]["largest_difference_from_cpu"] == 0


def test_a_step_that_fails_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    facts = rows("--data", tmp_path / "nowhere", "agreement", "device")
    assert "does not exist" in " ".join(facts["agreement"]["last_lines"])
    assert facts["device"]["torch"]
