"""Training many tasks at once: grouped, to the numbers of each alone, pruned and failing without the others."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from packed_fits import DATASET, task
from volopt.errors import TrainingError
from volopt.packs.pack import Pack
from volopt.packs.timing import PackTiming
from volopt.packs.trainer import PackTrainer
from volopt.training.device import NoMemoryError
from volopt.training.fit import advance
from volopt.training.progress import Progress
from volopt.training.task import Fit, State, Task

SECONDS = 60  # that a test waits for a future


@contextmanager
def trainer(members: int = 16) -> Iterator[PackTrainer]:
    """A trainer that packs whatever it can, closed at the end."""
    made = PackTrainer(DATASET, members, PackTiming(measures=False))
    try:
        yield made
    finally:
        made.close()


def drive(train: PackTrainer, given: Sequence[Task]) -> list[Fit | Exception]:
    """Train tasks from rung to rung, as the driver does."""
    ends: dict[Task, Fit | Exception] = {}
    live: dict[Future[Progress], Task] = {train.submit(each, None, each.rung): each for each in given}
    while live:
        done = wait(live, SECONDS, FIRST_COMPLETED).done
        assert done
        for future in done:
            own = live.pop(future)
            if (error := future.exception()) is not None:
                assert isinstance(error, Exception)
                ends[own] = error
            elif (found := future.result()).fit is not None:
                ends[own] = found.fit
            else:
                assert found.state is not None
                live[train.submit(own, found.state, found.state.epoch + own.rung)] = own
    return [ends[each] for each in given]


def assert_as_alone(found: Any, given: Task) -> None:
    expected = advance(given, DATASET, None, given.epochs).fit
    assert expected is not None
    assert isinstance(found, Fit)
    assert found.metrics == pytest.approx(expected.metrics, rel=2e-4, abs=1e-6)
    for name, values in expected.weights.items():
        np.testing.assert_allclose(found.weights[name], values, rtol=2e-4, atol=1e-5)


class Watched:
    """Packs as they are made and used, in the order of what happens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slots: list[int] = []  # of each pack that was made
        self.members: list[int] = []  # of each epoch
        make, train = Pack.__init__, Pack.launch

        def made(pack: Pack, *arguments: Any) -> None:
            make(pack, *arguments)
            self.slots.append(pack.room.slots)

        def trained(pack: Pack) -> None:
            self.members.append(len(pack.active))
            train(pack)

        monkeypatch.setattr(Pack, "__init__", made)
        monkeypatch.setattr(Pack, "launch", trained)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_tasks_of_several_shapes_end_as_each_would_alone(watched: Watched) -> None:
    given = [
        task(seed=seed, cell=cell, hidden_size=hidden_size, learning_rate=0.02)
        for seed in range(2)
        for cell in ("RNN", "GRU")
        for hidden_size in (3, 5)
    ]
    given.append(task(cell="RNN", batch_norm=True))
    with trainer() as train:
        for found, own in zip(drive(train, given), given, strict=True):
            assert_as_alone(found, own)
    assert max(watched.members) > 1


def test_each_pack_is_trained_at_the_precision_of_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where others of another precision are trained beside it, and one that is no pack's."""
    used: dict[tuple[str, str], set[str]] = {}
    steps = ("__init__", "launch", "collect", "progress")

    def noted(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def done(pack: Pack, *said: Any) -> Any:
            found = step(pack, *said)
            used.setdefault((name, pack.shape.precision), set()).add(torch.get_float32_matmul_precision())
            return found

        return done

    for name in steps:
        monkeypatch.setattr(Pack, name, noted(name, getattr(Pack, name)))
    given = [task(seed=seed, precision=precision) for seed in range(2) for precision in ("highest", "medium")]
    given.append(task(batch_norm=True))
    with trainer() as train:
        assert all(isinstance(found, Fit) for found in drive(train, given))
    assert used == {(name, precision): {precision} for name in steps for precision in ("highest", "medium")}


def test_a_pack_whose_members_come_back_is_not_made_anew(watched: Watched) -> None:
    given = [task(seed=seed) for seed in range(6)]
    with trainer(6) as train:
        drive(train, given)
    assert watched.slots == [6]
    assert watched.members == [6] * 20


def test_packs_of_several_shapes_are_trained_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are launched before the first is waited for."""
    happened: list[tuple[str, str]] = []
    launch, collect = Pack.launch, Pack.collect

    def launched(pack: Pack) -> None:
        happened.append(("launch", pack.shape.cell))
        launch(pack)

    def collected(pack: Pack) -> None:
        happened.append(("collect", pack.shape.cell))
        collect(pack)

    monkeypatch.setattr(Pack, "launch", launched)
    monkeypatch.setattr(Pack, "collect", collected)
    with trainer(4) as train:
        futures = [train.submit(task(seed=seed, cell=cell), None, 3) for cell in ("RNN", "GRU") for seed in range(2)]
        assert all(future.result(SECONDS).state is not None for future in futures)
    assert happened == [(what, cell) for what in ("launch", "collect") for cell in ("RNN", "GRU")] * 3


def test_a_member_that_fails_fails_alone(watched: Watched) -> None:
    given = [task(), task(learning_rate=1e30), task(seed=1)]
    with trainer(3) as train:
        good, bad, other = drive(train, given)
    assert isinstance(bad, TrainingError)
    assert "loss is" in str(bad)
    assert_as_alone(good, given[0])
    assert_as_alone(other, given[2])
    assert max(watched.members) == 3


def test_a_state_that_is_none_fails_its_task_alone() -> None:
    with trainer(2) as train:
        futures = [train.submit(task(), State(1, {}), 2), train.submit(task(seed=1), None, 2)]
        assert isinstance(futures[0].exception(SECONDS), KeyError)
        assert futures[1].result(SECONDS).state is not None


def test_a_task_whose_data_cannot_be_had_fails_alone() -> None:
    with trainer(2) as train:
        futures = [train.submit(task(window=10**6), None, 2), train.submit(task(seed=1), None, 2)]
        assert futures[0].exception(SECONDS) is not None
        assert futures[1].result(SECONDS).state is not None


def at_epoch(monkeypatch: pytest.MonkeyPatch, epoch: int, happens: Callable[[Pack], None]) -> None:
    """Have something happen before a pack's nth epoch, in the thread that trains."""
    train, count = Pack.launch, iter(range(1, 10**6))

    def trained(pack: Pack) -> None:
        if next(count) == epoch:
            happens(pack)
        train(pack)

    monkeypatch.setattr(Pack, "launch", trained)


def test_a_pruned_member_leaves_and_the_others_train_on(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    with trainer(3) as train:
        ready = threading.Event()
        pruned: list[Future[Progress]] = []

        def prune(pack: Pack) -> None:
            ready.wait(SECONDS)
            assert pruned[0].cancel()

        at_epoch(monkeypatch, 3, prune)
        futures = [train.submit(task(seed=seed), None, 10) for seed in range(3)]
        pruned.append(futures[1])
        ready.set()
        for seed in (0, 2):
            found, expected = futures[seed].result(SECONDS), advance(task(seed=seed), DATASET, None, 10)
            assert found.curves.valid_mse == pytest.approx(expected.curves.valid_mse, rel=1e-4)
    assert futures[1].cancelled()
    assert watched.slots == [3]
    assert watched.members == [3] * 3 + [2] * 7


def test_a_task_that_was_cancelled_while_it_waited_is_not_trained(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trainer(2) as train:
        late: list[Future[Progress]] = []

        def cancel(pack: Pack) -> None:
            late.append(train.submit(task(cell="GRU"), None, 5))
            assert late[0].cancel()

        at_epoch(monkeypatch, 2, cancel)
        futures = [train.submit(task(seed=seed), None, 5) for seed in range(2)]
        assert all(future.result(SECONDS).state is not None for future in futures)
        again = train.submit(task(cell="GRU", seed=1), None, 2)
        assert again.result(SECONDS).state is not None
    assert watched.members == [2] * 5


def test_a_task_of_the_same_shape_joins_a_pack_with_a_free_slot(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trainer(3) as train:
        late: list[Future[Progress]] = []

        def join(pack: Pack) -> None:
            late.append(train.submit(task(seed=7), None, 4))

        at_epoch(monkeypatch, 3, join)
        futures = [train.submit(task(seed=seed), None, until) for seed, until in enumerate((1, 9, 9))]
        assert [future.result(SECONDS).state is not None for future in futures] == [True] * 3
        assert late[0].result(SECONDS).curves.valid_mse == pytest.approx(
            advance(task(seed=7), DATASET, None, 4).curves.valid_mse, rel=1e-4
        )
    assert watched.slots == [3]
    assert watched.members[:5] == [3, 2, 2, 3, 3]  # it came with the third epoch


def test_a_pack_that_memory_is_too_small_for_is_halved_until_it_fits(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Pack.__init__

    def small(pack: Pack, shape: Any, room: Any, *rest: Any) -> None:
        if room.slots > 2:
            raise torch.OutOfMemoryError
        make(pack, shape, room, *rest)

    monkeypatch.setattr(Pack, "__init__", small)
    given = [task(seed=seed, epochs=4) for seed in range(8)]
    with trainer(8) as train:
        for found, own in zip(drive(train, given), given, strict=True):
            assert_as_alone(found, own)
    assert set(watched.slots) == {2}


def test_memory_that_runs_out_in_an_epoch_loses_no_epoch_that_was_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [task(seed=seed) for seed in range(4)]

    def run_out(pack: Pack) -> None:
        raise MemoryError

    at_epoch(monkeypatch, 7, run_out)
    with trainer(4) as train:
        for found, own in zip(drive(train, given), given, strict=True):
            assert_as_alone(found, own)


def test_a_single_member_that_memory_is_too_small_for_fails_as_it_does_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Pack, "__init__", none_left)
    monkeypatch.setattr("volopt.training.fit.Network", none_left)
    with trainer(2) as train:
        futures = [train.submit(task(seed=seed), None, 2) for seed in range(2)]
        for future in futures:
            assert isinstance(future.exception(SECONDS), NoMemoryError)


def test_a_defect_fails_the_tasks_it_hit_and_the_trainer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(pack: Pack) -> None:
        raise AssertionError("defect")

    at_epoch(monkeypatch, 1, defect)
    with trainer(2) as train:
        futures = [train.submit(task(seed=seed), None, 2) for seed in range(2)]
        assert [str(future.exception(SECONDS)) for future in futures] == ["defect"] * 2
        found = [train.submit(task(seed=seed), None, 2) for seed in range(2)]
        assert all(future.result(SECONDS).state is not None for future in found)


def test_closing_drops_what_waits_and_what_is_being_trained_after_its_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    train = PackTrainer(DATASET, 2, PackTiming(measures=False))
    begun, closing = threading.Event(), threading.Event()

    def hold(pack: Pack) -> None:
        begun.set()
        closing.wait(SECONDS)

    at_epoch(monkeypatch, 2, hold)
    futures = [train.submit(task(seed=seed, epochs=10**6), None, 10**6) for seed in range(2)]
    assert begun.wait(SECONDS)
    threads = set(threading.enumerate())
    closer = threading.Thread(target=train.close)
    closer.start()
    closing.set()
    closer.join(SECONDS)
    assert not any(future.done() for future in futures)
    assert not [thread for thread in threads & set(threading.enumerate()) if thread.name == "packs"]


def test_the_settings_of_the_callers_thread_stay(watched: Watched) -> None:
    generator, threads = torch.get_rng_state(), torch.get_num_threads()
    with trainer(2) as train:
        drive(train, [task(seed=seed, batch_size=16) for seed in range(2)])
    assert torch.equal(torch.get_rng_state(), generator)
    assert torch.get_num_threads() == threads


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda_tasks_end_within_tolerance_of_each_alone(watched: Watched) -> None:
    given = [
        task(seed=seed, cell=cell, batch_size=16, window=window, device="cuda")
        for seed in range(3)
        for cell in ("LSTM", "GRU", "RNN")
        for window in (3, 6)
    ]
    with trainer(32) as train:
        ends = drive(train, given)
    for found, own in zip(ends, given, strict=True):
        expected = advance(replace(own, device="cpu"), DATASET, None, own.epochs).fit
        assert isinstance(found, Fit)
        assert expected is not None
        assert found.metrics["valid_mse"] == pytest.approx(expected.metrics["valid_mse"], rel=1e-3)
    assert max(watched.members) == 6
