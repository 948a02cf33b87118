"""What ``run`` and ``status`` tell of proposals that were known, of a phase without points, and of idle workers."""

import json
from pathlib import Path

from builders import SAMPLE_DATA, Volopt

STUDY = f"""
format = 1
name = "small"
seed = 1
{SAMPLE_DATA}[training]
epochs = 1
seeds = 2
[space]
cell = ["RNN", "LSTM"]
hidden_size = [5, 7]
[[phase]]
name = "extend"
sampler = "tpe"
vary = ["cell", "hidden_size"]
trials = 9
pruner = "median"
batch = 3
"""


def test_run_and_status_tell_what_was_known_and_why_a_phase_ended(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    run = ("run", "small.toml", "--data", sample, "--pictures", "none")
    code, out, _ = volopt(*run, "--workers", 1)
    assert code == 0
    known = json.loads(volopt("status", "small", "--json")[1])["studies"][0]["phases"][0]["known"]
    assert known > 0
    told = f'Known proposals of "extend": {known}. The study already had these points'
    assert told in out
    assert 'The phase "extend" ended after 4 of 9 trials: all 4 points of cell × hidden_size are known.' in out
    assert told in volopt("status", "small")[1]
    facts = json.loads(volopt(*run, "--workers", 1, "--json")[1].splitlines()[-1])
    assert (facts["new_trials"], facts["known"], facts["exhausted"]) == (0, known, {"extend": 4})


def test_run_says_which_workers_a_small_batch_leaves_idle(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    run = ("run", "small.toml", "--data", sample, "--dry-run")
    told = 'The phase "extend" trains at most 6 of its fits at a time (batch = 3), so 2 of 8 workers idle'
    assert told in volopt(*run, "--workers", 8)[1]
    assert "idle" not in volopt(*run, "--workers", 6)[1]
    (tmp_path / "small.toml").write_text(STUDY.replace('"median"', '"race"'))
    assert "at most 3 of its fits" in volopt(*run, "--workers", 4)[1]
