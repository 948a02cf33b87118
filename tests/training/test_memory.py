"""Memory that really runs out: in a process of its own that may have 100 MiB more than it began with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import gc, json, resource
from dataclasses import replace

import builders
from volopt.errors import TrainingError
from volopt.models.recurrent import Recurrent
from volopt.training.fit import advance
from volopt.training.task import tasks

data, (small, *_) = builders.dataset(), tasks(builders.definition(), {}, "cpu", "highest")

def values():
    return {cell: one(replace(small, config=replace(small.config, cell=cell))) for cell in ("RNN", "LSTM", "GRU")}

def one(task):
    return advance(task, data, None, task.epochs).fit.metrics["valid_mse"]

before = values()
gc.collect()
gc.disable()  # the memory is to come back by itself, and at once
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 100 * 2**20, resource.RLIM_INFINITY))
said = []
for cell, units in (("RNN", 4096), ("LSTM", 1500), ("GRU", 1500), ("LSTM", 4096)):
    try:
        one(replace(small, config=replace(small.config, cell=cell, hidden_size=units)))
    except TrainingError as error:
        said.append([error.message, error.hint, error.__context__ is None])
alive = sum(isinstance(each, Recurrent) for each in gc.get_objects())
print(json.dumps({"said": said, "alive": alive, "same": values() == before}))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from what /proc says")
def test_memory_that_runs_out_is_an_expected_error_and_is_free_again_for_the_next_fit() -> None:
    """RNN and the smaller ones get as far as training; the last one cannot even be made."""
    places = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"PYTHONPATH": places},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    assert found["said"] == [["memory ran out while training", "try a smaller network or batch", True]] * 4
    assert (found["alive"], found["same"]) == (0, True)
