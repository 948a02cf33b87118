"""Training in local processes: the numbers of one process, and workers that end when they should."""

import operator
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import dataset, definition
from volopt.errors import TrainingError
from volopt.executors.processes import ProcessTrainer, _describe_exit, _spawn
from volopt.executors.shared_memory import SharedMemory
from volopt.executors.trainer import SerialTrainer, WorkerDiedError
from volopt.executors.worker import _failure
from volopt.studies.space import Params
from volopt.training.task import Fit, State, tasks

DATA = dataset()
POINTS: list[Params] = [{"cell": "RNN"}, {"cell": "LSTM", "hidden_size": 5, "batch_norm": True}]
TASKS = [task for params in POINTS for task in tasks(definition(), params, "cpu", "highest")]
ENDLESS = replace(TASKS[0], epochs=10**9)
SOON = 30  # seconds: generous, since starting a worker takes some on a busy machine


@pytest.fixture(scope="module")
def trainer() -> Iterator[ProcessTrainer]:
    found = ProcessTrainer(DATA, 2)
    yield found
    found.close()


def workers(trainer: ProcessTrainer) -> list["subprocess.Popen[bytes]"]:
    return [each._process for each in trainer._processes if each._process is not None]


def test_processes_give_exactly_the_numbers_of_this_one(trainer: ProcessTrainer) -> None:
    here = SerialTrainer(DATA)
    halfway = [trainer.submit(task, None, 2) for task in TASKS]
    ends = [trainer.submit(task, half.result(SOON), 4) for task, half in zip(TASKS, halfway, strict=True)]
    for task, end in zip(TASKS, ends, strict=True):
        there, expected = end.result(SOON), here.submit(task, None, 4).result()
        assert isinstance(there, Fit)
        assert there.metrics == expected.metrics
        for name, values in expected.arrays.items():
            found = there.arrays[name]
            np.testing.assert_array_equal(found, values)


def test_an_expected_error_travels_back_with_its_hint(trainer: ProcessTrainer) -> None:
    doomed = tasks(definition(), {"learning_rate": 1e30}, "cpu", "highest")[0]
    with pytest.raises(TrainingError, match="loss is") as caught:
        trainer.submit(doomed, None, 4).result(SOON)
    assert caught.value.hint == "try a lower learning rate"


def test_any_other_error_travels_back_too_and_the_worker_goes_on(trainer: ProcessTrainer) -> None:
    unknown = replace(TASKS[0], config=replace(TASKS[0].config, cell="none such"))
    with pytest.raises(KeyError):
        trainer.submit(unknown, None, 4).result(SOON)
    assert isinstance(trainer.submit(TASKS[0], None, 1).result(SOON), State)


def test_a_worker_ignores_sigint_while_it_trains_and_while_it_idles(trainer: ProcessTrainer) -> None:
    long = trainer.submit(ENDLESS, None, 500)
    trainer.submit(TASKS[0], None, 1).result(SOON)  # so the task before it is being trained
    before = workers(trainer)
    for worker in before:
        os.kill(worker.pid, signal.SIGINT)
    assert long.exception(SOON) is None
    for future in [trainer.submit(task, None, 1) for task in TASKS]:
        assert future.exception(SOON) is None
    assert workers(trainer) == before


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_dies_takes_its_own_task_and_no_other_and_is_replaced(sent: signal.Signals) -> None:
    trainer = ProcessTrainer(DATA, 2)
    doomed = trainer.submit(ENDLESS, None, ENDLESS.epochs)
    trainer.submit(TASKS[0], None, 1).result(SOON)  # so the task before it is being trained, alone
    busy = next(each for each in trainer._processes if each not in _idle(trainer))
    other = trainer.submit(TASKS[1], None, 4)
    assert busy._process is not None
    os.kill(busy._process.pid, sent)
    with pytest.raises(WorkerDiedError, match=f"was ended by {sent.name}"):
        doomed.result(SOON)
    assert isinstance(other.result(SOON), Fit)
    assert [trainer.submit(task, None, 1).exception(SOON) for task in TASKS] == [None] * len(TASKS)
    trainer.close()


def _idle(trainer: ProcessTrainer) -> list[Any]:
    """The workers that have nothing to do, once one of two has."""
    found = trainer._idle.get(timeout=SOON)
    trainer._idle.put(found)
    return [found]


def test_a_worker_that_died_while_it_idled_costs_no_task(trainer: ProcessTrainer) -> None:
    for future in [trainer.submit(task, None, 1) for task in TASKS]:
        future.result(SOON)
    for worker in workers(trainer):
        worker.kill()
        worker.wait(SOON)
    assert [trainer.submit(task, None, 1).exception(SOON) for task in TASKS] == [None] * len(TASKS)


def test_a_worker_that_exits_by_itself_is_told_with_its_code() -> None:
    assert _describe_exit(3) == "its worker process ended with exit code 3"
    assert _describe_exit(-9) == "its worker process was ended by SIGKILL, perhaps because memory ran out"
    assert _describe_exit(-99) == "its worker process was ended by signal 99"


def test_an_error_that_cannot_travel_is_told_by_its_words() -> None:
    class LocalError(Exception):
        pass

    went_well, found = pickle.loads(_failure(LocalError("no way out")))
    assert not went_well
    assert isinstance(found, RuntimeError)
    assert str(found) == "LocalError: no way out"


def test_a_closed_trainer_starts_no_process() -> None:
    closed = ProcessTrainer(DATA, 1)
    closed.close()
    with pytest.raises(WorkerDiedError):
        closed._processes[0].train(TASKS[0], None, 1)
    assert workers(closed) == []


LIGHT = """
import sys
import volopt.executors.worker
heavy = {"torch", "optuna", "pandas", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_worker_watches_its_parent_before_it_imports_anything_heavy() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True)


def test_no_process_starts_before_there_is_a_task() -> None:
    idle = ProcessTrainer(DATA, 2)
    assert workers(idle) == []
    idle.close()


def test_closing_ends_the_workers_whatever_they_train() -> None:
    busy = ProcessTrainer(DATA, 2)
    busy.submit(ENDLESS, None, ENDLESS.epochs)
    busy.submit(TASKS[0], None, 1).result(SOON)  # so the task before it is being trained
    processes = workers(busy)
    busy.close()
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2


DYING = """
import os, signal
from multiprocessing import Pipe
from volopt.executors.processes import _spawn

mine, worker_end = Pipe()
_spawn(worker_end.fileno())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_whose_parent_dies_while_it_starts_ends_and_says_nothing() -> None:
    run = subprocess.run([sys.executable, "-c", DYING], capture_output=True, timeout=SOON)  # the worker has both pipes
    assert (run.returncode, run.stdout, run.stderr) == (-signal.SIGKILL, b"", b"")


def test_ctrl_c_does_not_end_a_worker_that_starts() -> None:
    mine, worker_end = Pipe()
    with _spawn(worker_end.fileno()) as process:
        worker_end.close()
        process.send_signal(signal.SIGINT)
        SharedMemory((operator.add, 1)).send(mine, process.pid)
        mine.send((2,))
        assert mine.recv() == (True, 3)
        mine.close()
        assert process.wait(SOON) == 0


TRAINING = """
import sys
sys.path.insert(0, sys.argv[1])

from dataclasses import replace
from builders import dataset, definition
from volopt.executors.processes import ProcessTrainer
from volopt.training.task import tasks

task = tasks(definition(), {}, "cpu", "highest")[0]
endless = replace(task, epochs=10**9)
trainer = ProcessTrainer(dataset(), 2)
trainer.submit(endless, None, endless.epochs)
trainer.submit(task, None, 1).result()  # now one worker trains and the other idles
print("busy", flush=True)
sys.stdin.read()
"""

# Its worker runs no thread of Python, like one that loads a library.
HOLDING = """
import sys
from multiprocessing import Pipe
from volopt.executors.processes import _spawn
from volopt.executors.shared_memory import SharedMemory

mine, worker_end = Pipe()
process = _spawn(worker_end.fileno())
task = "print('busy', flush=True), __import__('ctypes').PyDLL(None).sleep(600)"
SharedMemory((eval, task)).send(mine, process.pid)
mine.send(())
sys.stdin.read()
"""
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="no signal of a hang-up")


@pytest.mark.parametrize("parent_code", [TRAINING, pytest.param(HOLDING, marks=ON_LINUX)], ids=["training", "holding"])
def test_workers_end_by_themselves_when_their_parent_is_killed(parent_code: str) -> None:
    """They hold the pipe of the parent's output: it ends when the last of them does."""
    parent = subprocess.Popen(
        [sys.executable, "-c", parent_code, str(Path(__file__).parents[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "busy\n"
        parent.kill()
        assert parent.communicate(timeout=10)[0] == ""
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)  # whoever is left, where the test fails


def test_a_worker_without_a_signal_of_the_hang_up_ends_by_its_thread() -> None:
    """As on macOS."""
    code = "from volopt.executors.worker import _end_with_parent; _end_with_parent()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.communicate(timeout=SOON)[1] == b""
        assert process.returncode == 1
