"""Small studies over the synthetic sample, really run."""

from pathlib import Path
from typing import Any

from builders import SAMPLE_DATA
from volopt.search import run as runs
from volopt.search.job import RunOptions, prepare_job

TWO_TRIALS = f"""
format = 1
name = "small"
{SAMPLE_DATA}[training]
epochs = 1
seeds = 2
[space]
cell = ["RNN", "LSTM"]
hidden_size = [5, 7]
[[phase]]
name = "width"
sampler = "grid"
grid = {{ hidden_size = [5, 7] }}
"""

GRID_AND_RANDOM = f"""
format = 1
name = "small"
title = "A small study"
{SAMPLE_DATA}[training]
epochs = 1
seeds = 2
[space]
cell = ["RNN", "LSTM"]
hidden_size = [5, 7]
window = {{ low = 5, high = 30 }}
[[phase]]
name = "width"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM"], hidden_size = [5, 7] }}
[[phase]]
name = "extend"
sampler = "random"
vary = ["window"]
trials = 2
"""


def run(study: str, directory: Path, data: Path, **options: Any) -> RunOptions:
    """Run a study file's text in this process, with its database in ``directory``, and return how it was run."""
    path = directory / "small.toml"
    path.write_text(study)
    found = RunOptions(f"sqlite:///{directory}/volopt.db", data=data, workers=1, device="cpu", **options)
    runs.run(prepare_job(str(path), found))
    return found
