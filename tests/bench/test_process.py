"""Measuring a process, and the bounds of figures."""

import os
import sys

import pytest

from volopt.bench.process import Target, measure, peak_memory
from volopt.errors import VoloptError

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('done')"


def test_measure_returns_the_output_and_the_usage_of_a_process() -> None:
    usage = measure([sys.executable, "-c", BUSY])
    assert usage.out == "done\n"
    assert usage.seconds >= 0.29
    assert usage.cpu_seconds >= 0.29
    assert usage.memory > 5


def test_measure_counts_the_cpu_time_and_the_memory_of_children() -> None:
    heavy = f"data = bytearray(400_000_000)\n{BUSY}"
    usage = measure(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {heavy!r}])"]
    )
    assert usage.cpu_seconds >= 0.29
    assert usage.memory > 380


def test_measure_calls_watch_while_the_process_runs() -> None:
    peaks: list[float] = []
    measure([sys.executable, "-c", BUSY], watch=lambda pid: peaks.append(peak_memory(pid)))
    assert max(peaks) > 5


def test_measure_says_why_a_process_failed() -> None:
    with pytest.raises(VoloptError, match="ended with exit code 3") as error:
        measure([sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)"])
    assert error.value.hint == "no luck"


def test_an_interrupted_measure_leaves_no_process() -> None:
    pids: list[int] = []

    def interrupt(pid: int) -> None:
        pids.append(pid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure([sys.executable, "-c", "import time; time.sleep(600)"], watch=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_measure_adds_environment_variables() -> None:
    code = "import os; print(os.environ['VOLOPT_MARK'], 'HOME' in os.environ)"
    assert measure([sys.executable, "-c", code], {"VOLOPT_MARK": "here"}).out == f"here {'HOME' in os.environ}\n"


def test_a_process_that_does_not_exist_has_no_memory() -> None:
    assert peak_memory(2**22 + 1) == 0.0
    assert peak_memory() > 5


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("most", 1.0, 1.0), True),
        (Target("most", 1.01, 1.0), False),
        (Target("least", 1.0, 1.0, at_least=True), True),
        (Target("least", 0.99, 1.0, at_least=True), False),
    ],
)
def test_a_target_is_met_up_to_its_bound(target: Target, met: bool) -> None:
    assert target.met is met


def test_the_cells_of_a_target_have_its_unit() -> None:
    assert Target("help", 0.12345, 0.2, "s").cells == ("help", "0.1235 s", "at most 0.2 s", "yes")
    assert Target("gain", 1.5, 1.7, at_least=True).cells == ("gain", "1.5", "at least 1.7", "no")
