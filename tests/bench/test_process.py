"""What is measured of a process, and what figures are held to."""

import os
import sys

import pytest

from volopt.bench.process import measure, peak_memory
from volopt.bench.target import Target
from volopt.errors import VoloptError

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('done')"


def test_measure_returns_what_a_process_prints_and_what_it_took() -> None:
    found = measure([sys.executable, "-c", BUSY])
    assert found.out == "done\n"
    assert found.seconds >= 0.29
    assert found.cpu_seconds >= 0.29
    assert found.memory > 5


def test_measure_counts_the_cpu_time_and_the_memory_of_children() -> None:
    heavy = f"kept = bytearray(400_000_000)\n{BUSY}"
    found = measure(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {heavy!r}])"]
    )
    assert found.cpu_seconds >= 0.29
    assert found.memory > 380


def test_measure_lets_one_look_while_it_runs() -> None:
    seen: list[float] = []
    measure([sys.executable, "-c", BUSY], look=lambda pid: seen.append(peak_memory(pid)))
    assert max(seen) > 5


def test_measure_tells_why_a_process_failed() -> None:
    with pytest.raises(VoloptError, match="ended with exit code 3") as told:
        measure([sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)"])
    assert told.value.hint == "no luck"


def test_measure_leaves_no_process_behind_when_it_is_interrupted() -> None:
    seen: list[int] = []

    def interrupt(pid: int) -> None:
        seen.append(pid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure([sys.executable, "-c", "import time; time.sleep(600)"], look=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)


def test_measure_passes_variables_on() -> None:
    code = "import os; print(os.environ['VOLOPT_MARK'], 'HOME' in os.environ)"
    assert measure([sys.executable, "-c", code], {"VOLOPT_MARK": "here"}).out == f"here {'HOME' in os.environ}\n"


def test_a_process_that_is_gone_has_no_memory() -> None:
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


def test_a_target_is_shown_with_its_unit() -> None:
    assert Target("help", 0.12345, 0.2, "s").shown == ("help", "0.1235 s", "at most 0.2 s", "yes")
    assert Target("gain", 1.5, 1.7, at_least=True).shown == ("gain", "1.5", "at least 1.7", "no")
