"""Training on a Dask cluster of real processes: the numbers of this one, whoever comes, dies or is not fit."""

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
    busy,
    cluster,
    fail,
    fail_with_an_error_of_its_own,
    free_address,
    give_back,
    stay,
    stay_once,
)
from processes import until
from volopt.errors import ClusterError, TrainingError, UsageError
from volopt.executors.dask import connection
from volopt.executors.dask.connection import check, look
from volopt.executors.dask.trainer import ClusterTrainer
from volopt.executors.serial import SerialTrainer
from volopt.executors.trainer import WorkerDiedError
from volopt.studies.space import Params
from volopt.training.task import tasks

DATA = dataset()
POINTS: list[Params] = [{"cell": "RNN"}, {"cell": "LSTM", "hidden_size": 5, "batch_norm": True}]
TASKS = [task for params in POINTS for task in tasks(definition(), params, "cpu", "highest")]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers, which the tests leave as it was."""
    with cluster(tmp_path_factory.mktemp("two"), workers=2) as found:
        yield found


@pytest.fixture(scope="module")
def trainer(two: Cluster) -> Iterator[ClusterTrainer]:
    found = ClusterTrainer(DATA, two.address)
    yield found
    found.close()


def test_a_cluster_gives_exactly_the_numbers_of_this_process(trainer: ClusterTrainer) -> None:
    here = SerialTrainer(DATA)
    halfway = [trainer.submit(task, None, 2) for task in TASKS]
    ends = [trainer.submit(task, half.result(SECONDS).state, 4) for task, half in zip(TASKS, halfway, strict=True)]
    for task, end in zip(TASKS, ends, strict=True):
        there, expected = end.result(SECONDS).fit, here.submit(task, None, 4).result().fit
        assert there.metrics == expected.metrics
        for name, values in (expected.curves | expected.forecasts | expected.weights).items():
            np.testing.assert_array_equal((there.curves | there.forecasts | there.weights)[name], values)


def test_an_expected_error_travels_back_with_its_hint(trainer: ClusterTrainer) -> None:
    doomed = tasks(definition(), {"learning_rate": 1e30}, "cpu", "highest")[0]
    with pytest.raises(TrainingError, match="loss is") as caught:
        trainer.submit(doomed, None, 4).result(SECONDS)
    assert caught.value.hint == "try a lower learning rate"


def test_any_other_error_travels_back_too_and_the_worker_goes_on(trainer: ClusterTrainer) -> None:
    unknown = replace(TASKS[0], config=replace(TASKS[0].config, cell="none such"))
    with pytest.raises(KeyError):
        trainer.submit(unknown, None, 4).result(SECONDS)
    assert trainer.submit(TASKS[0], None, 1).result(SECONDS).state is not None


def test_an_error_of_the_work_is_no_error_of_the_cluster(two: Cluster) -> None:
    failing = ClusterTrainer(None, two.address, work=fail)
    assert isinstance(failing.submit(OSError("disk full")).exception(SECONDS), OSError)
    assert isinstance(failing.submit(BrokenPipeError()).exception(SECONDS), BrokenPipeError)
    assert failing.workers == 2
    failing.close()


def test_an_error_that_cannot_travel_is_told_by_its_words(two: Cluster) -> None:
    failing = ClusterTrainer(None, two.address, work=fail_with_an_error_of_its_own)
    with pytest.raises(RuntimeError, match="LocalError: no way out"):
        failing.submit().result(SECONDS)
    failing.close()


def test_both_workers_are_used_at_the_same_time(two: Cluster, tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in "ab"]
    found = ClusterTrainer(None, two.address, work=stay)
    assert found.workers == 2
    futures = [found.submit(place) for place in places]
    pids = {busy(place) for place in places}  # both stay now
    assert pids == {worker.pid for worker in two.workers}
    for place in places:
        Path(place).unlink()
    assert {future.result(SECONDS) for future in futures} == pids
    found.close()


def test_the_data_go_to_each_worker_once_and_what_is_large_is_no_reason_to_warn(two: Cluster) -> None:
    data = np.zeros(2_000_000)  # 16 MB
    found = ClusterTrainer(data, two.address, work=give_back)
    for number in range(8):
        there, task = found.submit(number, data[:1_500_000]).result(SECONDS)
        assert len(there) == len(data)
        assert task[0] == number
    assert found._sent is not None
    assert found._sent[1].status == "finished"
    found.close()


def test_a_cancelled_task_is_not_begun(two: Cluster, tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in "abcd"]
    found = ClusterTrainer(None, two.address, work=stay)
    first = [found.submit(place) for place in places[:2]]
    pids = [busy(place) for place in places[:2]]
    waiting = found.submit(places[2])
    assert waiting.cancel()
    last = found.submit(places[3])  # the scheduler hears of it after the cancellation
    Path(places[0]).unlink()
    assert busy(places[3]) in pids
    for place in (places[1], places[3]):
        Path(place).unlink()
    assert wait([*first, last], SECONDS).not_done == set()
    assert not Path(places[2]).exists()
    found.close()


def test_closing_drops_what_is_submitted_and_leaves_the_cluster_to_others(two: Cluster, tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in "abc"]
    closed = ClusterTrainer(None, two.address, work=stay)
    futures = [closed.submit(place) for place in places]
    begun = {place for place in places if until(Path(place).exists, 5)}
    assert len(begun) == 2
    closed.close()
    assert all(future.cancelled() for future in futures)
    closed.close()  # which does nothing
    for place in begun:
        Path(place).unlink()  # what a worker has begun it ends
    other = ClusterTrainer(1, two.address, work=give_back)
    assert other.submit(2).result(SECONDS) == (1, (2,))
    other.close()
    assert not any(Path(place).exists() for place in places)


def test_a_task_whose_worker_is_killed_is_done_by_another(tmp_path: Path) -> None:
    place = str(tmp_path / "place")
    with cluster(tmp_path, workers=2) as two:
        found = ClusterTrainer(None, two.address, work=stay_once)
        future = found.submit(place)
        killed = busy(place)
        os.kill(killed, signal.SIGKILL)
        (other,) = {worker.pid for worker in two.workers} - {killed}
        assert future.result(SECONDS) == other
        assert until(lambda: found.workers == 1, SECONDS)
        found.close()


def test_a_task_that_kills_its_workers_is_given_back_as_broken(tmp_path: Path) -> None:
    place = str(tmp_path / "place")
    with cluster(tmp_path, workers=1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as one:
        found = ClusterTrainer(None, one.address, work=stay)
        future = found.submit(place)
        os.kill(busy(place), signal.SIGKILL)
        error = future.exception(SECONDS)
        assert isinstance(error, WorkerDiedError)
        assert error.deaths == 1
        assert "its worker died, the last one tcp://127.0.0.1:" in str(error)
        found.close()


def test_workers_may_all_go_and_others_join_later_and_get_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster(tmp_path) as empty:
        first = ClusterTrainer(DATA, empty.address)
        waits = first.submit(TASKS[0], None, 1)
        assert first.workers == 1  # so that a driver has something to wait for
        empty.worker()
        assert waits.result(SECONDS).state is not None
        empty.workers[0].kill()
        again = first.submit(TASKS[0], None, 1)
        empty.fill(2)
        assert until(lambda: first.workers == 2, SECONDS)
        expected = SerialTrainer(DATA).submit(TASKS[0], None, 1).result()
        assert again.result(SECONDS).curves == expected.curves
        for worker in empty.workers:
            worker.kill()
        monkeypatch.setattr(connection, "PATIENCE", 0)
        assert until(lambda: first._error is not None, SECONDS)
        for use in (lambda: first.workers, lambda: first.submit(TASKS[0], None, 1)):
            with pytest.raises(ClusterError, match="no worker has joined"):
                use()
        first.close()


def test_a_scheduler_that_is_gone_is_waited_for_and_then_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "place")
    with cluster(tmp_path, workers=1) as one:
        found = ClusterTrainer(None, one.address, work=stay_once)
        future = found.submit(place)
        busy(place)
        one.end()
        one.start()
        one.worker()
        assert future.result(SECONDS) == one.workers[-1].pid
        monkeypatch.setattr(connection, "PATIENCE", 0)
        one.end()
        until(lambda: found._error is not None, SECONDS)
        with pytest.raises(ClusterError, match="was lost, and not made again") as caught:
            found.submit(place)
        assert "the same command goes on" in caught.value.hint
        found.close()


def test_a_worker_of_other_versions_is_refused_before_and_in_a_run(
    two: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volopt, "__version__", "9.9.9")
    other = ClusterTrainer(DATA, two.address)
    with pytest.raises(ClusterError, match=r"has volopt [0-9.]+, and this run volopt 9\.9\.9: results would differ"):
        look(two.address, "auto")
    with pytest.raises(WorkerDiedError):
        other.submit(TASKS[0], None, 1).result(SECONDS)
    with pytest.raises(ClusterError, match="results would differ"):
        other.submit(TASKS[0], None, 1)
    other.close()


def test_workers_with_threads_or_without_volopt_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "volopt.py").write_text("raise ModuleNotFoundError('there is none')")
    for options, says in ((("--nthreads", "2"), "has 2 threads"), ((), r"cannot import volopt \(there is none\)")):
        with cluster(tmp_path) as empty:
            late = ClusterTrainer(DATA, empty.address)
            empty.worker(*options, **({} if options else {"PYTHONPATH": str(broken)}))
            with pytest.raises(ClusterError, match=f"the worker tcp://127.0.0.1:[0-9]+ {says}") as caught:
                look(empty.address, "cpu")
            assert "--nthreads 1" in caught.value.hint
            with pytest.raises(WorkerDiedError, match=says):
                late.submit(TASKS[0], None, 1).result(SECONDS)
            late.close()


def test_gpu_workers_are_those_that_offer_one(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=1) as mixed:
        assert look(mixed.address, "auto") == ("cpu", 1)
        with pytest.raises(ClusterError, match="offers a GPU") as caught:
            look(mixed.address, "cuda")
        assert "--resources GPU=1" in caught.value.hint
        mixed.worker("--resources", "GPU=1")
        assert look(mixed.address, "auto") == look(mixed.address, "cuda") == ("cuda", 1)
        assert look(mixed.address, "cpu") == ("cpu", 2)
        if torch.cuda.is_available():
            return
        on_gpu = ClusterTrainer(DATA, mixed.address, "cuda")
        assert on_gpu.workers == 1
        with pytest.raises(WorkerDiedError, match="offers a GPU, and PyTorch sees none there"):
            on_gpu.submit(TASKS[0], None, 1).result(SECONDS)
        on_gpu.close()


def test_a_trainer_needs_a_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT", 0.1)
    with pytest.raises(ClusterError, match="there is no Dask scheduler"):
        ClusterTrainer(DATA, free_address())


def test_nobody_at_the_address_is_told_within_ten_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it listens, and says nothing
        nobody = free_address(), "(Connection refused|no answer within 5 s)"
        silence = f"tcp://127.0.0.1:{silent.getsockname()[1]}", "no answer within 5 s"
        for address, why in (nobody, silence):
            began = time.monotonic()
            with pytest.raises(ClusterError, match=rf"there is no Dask scheduler at {address} \({why}\)") as caught:
                look(address, "auto")
            assert caught.value.hint == "start one with: dask scheduler"
            assert time.monotonic() - began < 10


def test_certificates_that_are_missing_are_named() -> None:
    address = free_address().replace("tcp", "tls")
    with pytest.raises(ClusterError, match=r"there is no Dask scheduler at tls.*ssl_context") as caught:
        look(address, "auto")
    assert caught.value.hint == "Dask's configuration must name the certificates"


def test_a_cluster_without_workers_is_told_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0)
    with cluster(tmp_path) as empty, pytest.raises(ClusterError, match="no worker has joined") as caught:
        look(empty.address, "auto")
    assert caught.value.hint == f"start some with: dask worker {empty.address} --nthreads 1"


NO_ADDRESSES = ["", "8786", "host", "host:8786", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0"]
NO_ADDRESSES += ["tcp://host:65536", "http://host:8786", "tcp://host:8786/x", "tcp://me@host:8786", "tcp://a b:1"]
NO_ADDRESSES += ["tcp://host:8786\n", "inproc://1"]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a Dask scheduler"):
        check(address, "auto")


@pytest.mark.parametrize(
    "address", ["tcp://host:8786", "tls://10.0.0.1:1", "tcp://[::1]:65535", "tcp://a-b.example:80"]
)
def test_an_address_that_is_one_passes_and_one_gpu_of_a_machine_does_not(address: str) -> None:
    check(address, "cuda")
    with pytest.raises(UsageError, match="--device cuda:1 is no device of a cluster"):
        check(address, "cuda:1")


LIGHT = """
import sys
import volopt.cli.run, volopt.search.run
heavy = {"distributed", "dask"} & set(sys.modules)
assert not heavy, heavy
"""


def test_dask_is_imported_only_when_a_scheduler_is_named() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="distributed") as caught:
        check("tcp://127.0.0.1:8786", "auto")
    assert caught.value.hint == "pip install 'volopt[cluster]'"
