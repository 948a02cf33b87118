"""Freed memory is kept for the next step, and returned on demand: measured in processes of their own."""

import json
import subprocess
import sys

import pytest

from volopt.training import allocator

# A training step of an LSTM of 64 units takes blocks of over 32 MB; prints what a step faults, and its forecasts' sum.
STEPS = """
import json, resource, sys, torch
from volopt.training import allocator
if sys.argv[1] == "kept":
    assert allocator.keep_freed()
torch.set_num_threads(1)
torch.manual_seed(0)
network, inputs = torch.nn.LSTM(4, 64, batch_first=True), torch.randn(1353, 20, 4)
def step():
    outputs = network(inputs)[0]
    outputs.sum().backward()
    return outputs.sum().item()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(6):
    step()
before = faults()
found = [step() for _ in range(3)]
print(json.dumps([(faults() - before) // 3, found, network.weight_hh_l0.grad.sum().item()]))
"""


def steps(how: str) -> tuple[int, list[float], float]:
    done = subprocess.run([sys.executable, "-c", STEPS, how], check=True, stdout=subprocess.PIPE, text=True)
    faults, found, gradient = json.loads(done.stdout)
    return faults, found, gradient


@pytest.mark.skipif(not allocator.keep_freed(), reason="the C library is not glibc")
def test_a_step_faults_few_pages_where_freed_memory_is_kept() -> None:
    assert steps("kept")[0] < 0.1 * steps("not kept")[0]


@pytest.mark.skipif(not allocator.keep_freed(), reason="the C library is not glibc")
def test_the_numbers_are_the_same() -> None:
    assert steps("kept")[1:] == steps("not kept")[1:]


# Frees every other one of many small blocks, and prints the megabytes before, then, and after ``release``.
BLOCKS = """
import resource, sys
from pathlib import Path
from volopt.training import allocator
if sys.argv[1] == "kept":
    assert allocator.keep_freed()
def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20
before = megabytes()
blocks = [bytearray(b"1" * 50_000) for _ in range(2000)]
del blocks[::2]
freed = megabytes()
allocator.release()
print(before, freed, megabytes())
"""


@pytest.mark.skipif(not allocator.keep_freed(), reason="the C library is not glibc")
@pytest.mark.parametrize("how", ["kept", "not kept"])
def test_freed_blocks_between_others_are_returned(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKS, how], check=True, stdout=subprocess.PIPE, text=True)
    before, freed, after = map(int, done.stdout.split())
    assert freed - before > 90
    assert after - before < 60


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_mallopt(name: None) -> object:
        return object()

    allocator.keep_freed.cache_clear()
    monkeypatch.setattr("ctypes.CDLL", without_mallopt)
    assert allocator.keep_freed() is False
    allocator.release()
    monkeypatch.undo()
    allocator.keep_freed.cache_clear()
