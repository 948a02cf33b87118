"""Training on a Dask cluster of real processes: equal numbers, also when workers join, die or do not fit."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import volopt
from builders import dataset, definition
from clusters import (
    SECONDS,
    Cluster,
    block,
    block_once,
    blocked_process,
    cluster,
    echo,
    fail,
    fail_with_local_error,
    free_address,
)
from processes import until
from volopt.errors import ClusterError, TrainingError, UsageError
from volopt.executors.dask import connection
from volopt.executors.dask.connection import check_options, find_workers
from volopt.executors.dask.trainer import ClusterTrainer
from volopt.executors.trainer import SerialTrainer, WorkerDiedError
from volopt.studies.space import Params
from volopt.training.task import State, tasks

DATA = dataset()
POINTS: list[Params] = [{"cell": "RNN"}, {"cell": "LSTM", "hidden_size": 5, "batch_norm": True}]
TASKS = [task for params in POINTS for task in tasks(definition(), params, "cpu", "highest")]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of two workers; its tests do not change it."""
    with cluster(tmp_path_factory.mktemp("two"), workers=2) as started:
        yield started


@pytest.fixture(scope="module")
def trainer(two: Cluster) -> Iterator[ClusterTrainer]:
    made = ClusterTrainer(DATA, two.address)
    yield made
    made.close()


def test_a_cluster_returns_exactly_the_numbers_of_this_process(trainer: ClusterTrainer) -> None:
    serial = SerialTrainer(DATA)
    begun = [trainer.submit(task, None, 2) for task in TASKS]
    futures = [trainer.submit(task, future.result(SECONDS), 4) for task, future in zip(TASKS, begun, strict=True)]
    for task, future in zip(TASKS, futures, strict=True):
        fit, expected = future.result(SECONDS), serial.submit(task, None, 4).result()
        assert fit.metrics == expected.metrics
        arrays = fit.arrays
        for name, values in (expected.arrays).items():
            np.testing.assert_array_equal(arrays[name], values)


def test_an_expected_error_is_returned_with_its_hint(trainer: ClusterTrainer) -> None:
    diverging = tasks(definition(), {"learning_rate": 1e30}, "cpu", "highest")[0]
    with pytest.raises(TrainingError, match="loss is") as caught:
        trainer.submit(diverging, None, 4).result(SECONDS)
    assert caught.value.hint == "try a lower learning rate"


def test_any_other_error_is_returned_too_and_the_worker_continues(trainer: ClusterTrainer) -> None:
    unknown = replace(TASKS[0], config=replace(TASKS[0].config, cell="none such"))
    with pytest.raises(KeyError):
        trainer.submit(unknown, None, 4).result(SECONDS)
    assert isinstance(trainer.submit(TASKS[0], None, 1).result(SECONDS), State)


def test_an_error_of_the_function_is_not_an_error_of_the_cluster(two: Cluster) -> None:
    failing = ClusterTrainer(None, two.address, function=fail)
    assert isinstance(failing.submit(OSError("disk full")).exception(SECONDS), OSError)
    assert isinstance(failing.submit(BrokenPipeError()).exception(SECONDS), BrokenPipeError)
    assert failing.workers == 2
    failing.close()


def test_an_error_that_cannot_be_pickled_is_returned_as_its_message(two: Cluster) -> None:
    failing = ClusterTrainer(None, two.address, function=fail_with_local_error)
    with pytest.raises(RuntimeError, match="LocalError: no way out"):
        failing.submit().result(SECONDS)
    failing.close()


def test_both_workers_are_used_at_the_same_time(two: Cluster, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "ab"]
    trainer = ClusterTrainer(None, two.address, function=block)
    assert trainer.workers == 2
    futures = [trainer.submit(path) for path in paths]
    pids = {blocked_process(path) for path in paths}  # both at the same time
    assert pids == {worker.pid for worker in two.workers}
    for path in paths:
        Path(path).unlink()
    assert {future.result(SECONDS) for future in futures} == pids
    trainer.close()


def test_the_data_are_sent_to_each_worker_once_and_large_data_cause_no_warning(two: Cluster) -> None:
    data = np.zeros(2_000_000)  # 16 MB
    trainer = ClusterTrainer(data, two.address, function=echo)
    for number in range(8):
        received, task = trainer.submit(number, data[:1_500_000]).result(SECONDS)
        assert len(received) == len(data)
        assert task[0] == number
    assert trainer._sent_data is not None
    assert trainer._sent_data[1].status == "finished"
    trainer.close()


def test_a_cancelled_task_does_not_begin(two: Cluster, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "abcd"]
    trainer = ClusterTrainer(None, two.address, function=block)
    first = [trainer.submit(path) for path in paths[:2]]
    pids = [blocked_process(path) for path in paths[:2]]
    waiting = trainer.submit(paths[2])
    assert waiting.cancel()
    last = trainer.submit(paths[3])  # submitted to the scheduler after the cancellation
    Path(paths[0]).unlink()
    assert blocked_process(paths[3]) in pids
    for path in (paths[1], paths[3]):
        Path(path).unlink()
    assert wait([*first, last], SECONDS).not_done == set()
    assert not Path(paths[2]).exists()
    trainer.close()


def test_closing_drops_submitted_tasks_and_the_cluster_continues_for_others(two: Cluster, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "abc"]
    closed = ClusterTrainer(None, two.address, function=block)
    futures = [closed.submit(path) for path in paths]
    begun = {path for path in paths if until(Path(path).exists, 5)}
    assert len(begun) == 2
    closed.close()
    assert all(future.cancelled() for future in futures)
    closed.close()  # does nothing
    for path in begun:
        Path(path).unlink()  # the workers finish the tasks that they began
    other = ClusterTrainer(1, two.address, function=echo)
    assert other.submit(2).result(SECONDS) == (1, (2,))
    other.close()
    assert not any(Path(path).exists() for path in paths)


def test_another_worker_trains_the_task_of_a_killed_worker(tmp_path: Path) -> None:
    path = str(tmp_path / "path")
    with cluster(tmp_path, workers=2) as two:
        trainer = ClusterTrainer(None, two.address, function=block_once)
        future = trainer.submit(path)
        killed = blocked_process(path)
        os.kill(killed, signal.SIGKILL)
        (other,) = {worker.pid for worker in two.workers} - {killed}
        assert future.result(SECONDS) == other
        assert until(lambda: trainer.workers == 1, SECONDS)
        trainer.close()


def test_a_task_that_kills_its_workers_fails(tmp_path: Path) -> None:
    path = str(tmp_path / "path")
    with cluster(tmp_path, workers=1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as one:
        trainer = ClusterTrainer(None, one.address, function=block)
        future = trainer.submit(path)
        os.kill(blocked_process(path), signal.SIGKILL)
        error = future.exception(SECONDS)
        assert isinstance(error, WorkerDiedError)
        assert error.deaths == 1
        assert "its worker died, the last one tcp://127.0.0.1:" in str(error)
        trainer.close()


def test_all_workers_may_leave_and_later_workers_get_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cluster(tmp_path) as empty:
        first = ClusterTrainer(DATA, empty.address)
        waiting = first.submit(TASKS[0], None, 1)
        assert first.workers == 1  # so that a driver can wait for a task
        empty.worker()
        assert isinstance(waiting.result(SECONDS), State)
        empty.workers[0].kill()
        again = first.submit(TASKS[0], None, 1)
        empty.fill(2)
        assert until(lambda: first.workers == 2, SECONDS)
        expected = SerialTrainer(DATA).submit(TASKS[0], None, 1).result()
        assert again.result(SECONDS).curves == expected.curves
        for worker in empty.workers:
            worker.kill()
        monkeypatch.setattr(connection, "WAIT_SECONDS", 0)
        assert until(lambda: first._error is not None, SECONDS)
        for use in (lambda: first.workers, lambda: first.submit(TASKS[0], None, 1)):
            with pytest.raises(ClusterError, match="no worker has joined"):
                use()
        first.close()


def test_the_trainer_waits_for_a_lost_scheduler_but_not_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "path")
    with cluster(tmp_path, workers=1) as one:
        trainer = ClusterTrainer(None, one.address, function=block_once)
        future = trainer.submit(path)
        blocked_process(path)
        one.end()
        one.start()
        one.worker()
        assert future.result(SECONDS) == one.workers[-1].pid
        monkeypatch.setattr(connection, "WAIT_SECONDS", 0)
        assert one.scheduler is not None
        one.scheduler.kill()
        until(lambda: trainer._error is not None, SECONDS)
        with pytest.raises(ClusterError, match="was lost, and not restored within") as caught:
            trainer.submit(path)
        assert "repeat the command" in caught.value.hint
        trainer.close()


def test_a_worker_with_other_versions_is_refused_before_and_during_a_run(
    two: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volopt, "__version__", "9.9.9")
    other = ClusterTrainer(DATA, two.address)
    with pytest.raises(
        ClusterError, match=r"has volopt [0-9.]+, but this run has volopt 9\.9\.9: results would differ"
    ):
        find_workers(two.address, "auto")
    with pytest.raises(WorkerDiedError):
        other.submit(TASKS[0], None, 1).result(SECONDS)
    with pytest.raises(ClusterError, match="results would differ"):
        other.submit(TASKS[0], None, 1)
    other.close()


def test_workers_with_threads_or_without_volopt_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "volopt.py").write_text("raise ModuleNotFoundError('not installed')")
    for options, reason in ((("--nthreads", "2"), "has 2 threads"), ((), r"cannot import volopt \(not installed\)")):
        with cluster(tmp_path) as empty:
            late = ClusterTrainer(DATA, empty.address)
            empty.worker(*options, **({} if options else {"PYTHONPATH": str(broken)}))
            with pytest.raises(ClusterError, match=f"the worker tcp://127.0.0.1:[0-9]+ {reason}") as caught:
                find_workers(empty.address, "cpu")
            assert "--nthreads 1" in caught.value.hint
            with pytest.raises(WorkerDiedError, match=reason):
                late.submit(TASKS[0], None, 1).result(SECONDS)
            late.close()


def test_only_workers_that_offer_a_gpu_are_gpu_workers(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1) as mixed:
        assert find_workers(mixed.address, "auto") == ("cpu", 1)
        with pytest.raises(ClusterError, match="offers a GPU") as caught:
            find_workers(mixed.address, "cuda")
        assert "--resources GPU=1" in caught.value.hint
        mixed.worker("--resources", "GPU=1")
        assert find_workers(mixed.address, "auto") == find_workers(mixed.address, "cuda") == ("cuda", 1)
        assert find_workers(mixed.address, "cpu") == ("cpu", 2)
        if torch.cuda.is_available():
            return
        on_gpu = ClusterTrainer(DATA, mixed.address, "cuda")
        assert on_gpu.workers == 1
        with pytest.raises(WorkerDiedError, match="offers a GPU, but PyTorch finds none"):
            on_gpu.submit(TASKS[0], None, 1).result(SECONDS)
        on_gpu.close()


def test_a_trainer_needs_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.1)
    with pytest.raises(ClusterError, match="there is no Dask scheduler"):
        ClusterTrainer(DATA, free_address())


def test_a_missing_scheduler_is_reported_within_ten_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # it listens, but does not answer
        no_listener = free_address(), "(Connection refused|no answer within 5 s)"
        no_answer = f"tcp://127.0.0.1:{server.getsockname()[1]}", "no answer within 5 s"
        for address, reason in (no_listener, no_answer):
            begin = time.monotonic()
            with pytest.raises(ClusterError, match=rf"there is no Dask scheduler at {address} \({reason}\)") as caught:
                find_workers(address, "auto")
            assert caught.value.hint == "start one with: dask scheduler"
            assert time.monotonic() - begin < 10


def test_missing_certificates_are_reported() -> None:
    address = free_address().replace("tcp", "tls")
    with pytest.raises(ClusterError, match=r"there is no Dask scheduler at tls.*ssl_context") as caught:
        find_workers(address, "auto")
    assert caught.value.hint == "Dask's configuration must name the certificates"


def test_a_cluster_without_workers_is_reported_after_some_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WAIT_SECONDS", 0)
    with cluster(tmp_path) as empty, pytest.raises(ClusterError, match="no worker has joined") as caught:
        find_workers(empty.address, "auto")
    assert caught.value.hint == f"start some with: dask worker {empty.address} --nthreads 1"


INVALID_ADDRESSES = ["", "8786", "host", "host:8786", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0"]
INVALID_ADDRESSES += ["tcp://host:65536", "http://host:8786", "tcp://host:8786/x", "tcp://me@host:8786", "tcp://a b:1"]
INVALID_ADDRESSES += ["tcp://host:8786\n", "inproc://1"]


@pytest.mark.parametrize("address", INVALID_ADDRESSES)
def test_an_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a Dask scheduler"):
        check_options(address, "auto")


@pytest.mark.parametrize(
    "address", ["tcp://host:8786", "tls://10.0.0.1:1", "tcp://[::1]:65535", "tcp://a-b.example:80"]
)
def test_a_valid_address_is_accepted_and_a_single_gpu_of_a_machine_is_not(address: str) -> None:
    check_options(address, "cuda")
    with pytest.raises(UsageError, match="--device cuda:1 cannot be used with --scheduler"):
        check_options(address, "cuda:1")


IMPORTS_NO_DASK = """
import sys
import volopt.cli.commands.run, volopt.search.run
imported = {"distributed", "dask"} & set(sys.modules)
assert not imported, imported
"""


def test_dask_is_imported_only_when_a_scheduler_is_named() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS_NO_DASK], check=True)


def test_a_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="distributed") as caught:
        check_options("tcp://127.0.0.1:8786", "auto")
    assert caught.value.hint == "pip install 'volopt[cluster]'"
