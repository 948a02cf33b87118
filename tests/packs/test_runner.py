"""Training rounds: groups become packs, each fit has the numbers of the fit alone, and errors stay with their fits."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from builders import weights
from packed_fits import DATASET, task
from volopt.errors import TrainingError
from volopt.packs.pack import Pack
from volopt.packs.runner import PackRequest, PackRunner
from volopt.packs.timing import PackTiming
from volopt.training.device import NoMemoryError
from volopt.training.fit import advance
from volopt.training.task import Fit, State, Task


def runner(members: int = 16) -> PackRunner:
    """Return a runner that packs all groups of two or more."""
    return PackRunner(DATASET, members, PackTiming(measures=False))


def submit(rounds: PackRunner, fit: Task, until: int, state: State | None = None) -> "Future[State | Fit]":
    request = PackRequest(fit, state, until)
    rounds.add(request)
    return request.future


def train_until_done(rounds: PackRunner, futures: Sequence["Future[State | Fit]"]) -> None:
    for _ in range(100):
        if all(future.done() for future in futures):
            return
        rounds.train_round()
    raise AssertionError("not done after 100 rounds")


def drive(rounds: PackRunner, fits: Sequence[Task]) -> list[Fit | BaseException]:
    """Train tasks from rung to rung, as the driver does."""
    results: dict[Task, Fit | BaseException] = {}
    pending = {fit: submit(rounds, fit, fit.rung) for fit in fits}
    while pending:
        rounds.train_round()
        for fit, future in [(fit, future) for fit, future in pending.items() if future.done()]:
            del pending[fit]
            if (error := future.exception()) is not None:
                results[fit] = error
            elif isinstance(result := future.result(), Fit):
                results[fit] = result
            else:
                pending[fit] = submit(rounds, fit, result.epoch + fit.rung, result)
    return [results[fit] for fit in fits]


def assert_as_alone(result: Any, fit: Task) -> None:
    expected = advance(DATASET, fit, None, fit.epochs)
    assert isinstance(result, Fit)
    assert isinstance(expected, Fit)
    assert result.metrics == pytest.approx(expected.metrics, rel=2e-4, abs=1e-6)
    for name, values in weights(expected).items():
        np.testing.assert_allclose(result.arrays[name], values, rtol=2e-4, atol=1e-5)


class PackLog:
    """Log the slots of each new pack, and the active members of each epoch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slots: list[int] = []
        self.members: list[int] = []
        init, launch = Pack.__init__, Pack.launch

        def logged_init(pack: Pack, *arguments: Any) -> None:
            init(pack, *arguments)
            self.slots.append(pack.capacity.slots)

        def logged_launch(pack: Pack) -> None:
            self.members.append(len(pack.active))
            launch(pack)

        monkeypatch.setattr(Pack, "__init__", logged_init)
        monkeypatch.setattr(Pack, "launch", logged_launch)


@pytest.fixture
def packs(monkeypatch: pytest.MonkeyPatch) -> PackLog:
    return PackLog(monkeypatch)


def at_epoch(monkeypatch: pytest.MonkeyPatch, epoch: int, act: Callable[[], object]) -> None:
    """Do something at the beginning of the nth epoch of a pack."""
    launch, count = Pack.launch, iter(range(1, 10**6))

    def counted_launch(pack: Pack) -> None:
        if next(count) == epoch:
            act()
        launch(pack)

    monkeypatch.setattr(Pack, "launch", counted_launch)


def log_calls(monkeypatch: pytest.MonkeyPatch, names: Sequence[str], log: Callable[[str, Pack], object]) -> None:
    """Log each call of some methods of packs."""

    def logged(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(pack: Pack, *arguments: Any) -> Any:
            result = method(pack, *arguments)
            log(name, pack)
            return result

        return call

    for name in names:
        monkeypatch.setattr(Pack, name, logged(name, getattr(Pack, name)))


def raises(error: Exception) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise error

    return fail


def test_tasks_of_several_shapes_end_as_each_would_alone(packs: PackLog) -> None:
    fits = [
        task(seed=seed, cell=cell, hidden_size=hidden_size, learning_rate=0.02)
        for seed in range(2)
        for cell in ("RNN", "GRU")
        for hidden_size in (3, 5)
    ]
    fits.append(task(cell="RNN", batch_norm=True))
    for result, fit in zip(drive(runner(), fits), fits, strict=True):
        assert_as_alone(result, fit)
    assert packs.slots == [4, 4]


def test_each_pack_is_trained_at_the_precision_of_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside packs of another precision, and a task that is not packed."""
    used: set[tuple[str, str, str]] = set()
    methods = ("__init__", "launch", "collect", "progress")

    def log(name: str, pack: Pack) -> None:
        used.add((name, pack.shape.precision, torch.get_float32_matmul_precision()))

    log_calls(monkeypatch, methods, log)
    fits = [task(seed=seed, precision=precision) for seed in range(2) for precision in ("highest", "medium")]
    fits.append(task(batch_norm=True))
    assert all(isinstance(result, Fit) for result in drive(runner(), fits))
    assert used == {(name, precision, precision) for name in methods for precision in ("highest", "medium")}


def test_members_that_return_use_the_same_pack(packs: PackLog) -> None:
    drive(runner(6), [task(seed=seed) for seed in range(6)])
    assert packs.slots == [6]
    assert packs.members == [6] * 20


def test_packs_of_several_shapes_are_trained_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """All epochs are launched before the runner waits for the first of them."""
    calls: list[tuple[str, str]] = []
    log_calls(monkeypatch, ("launch", "collect"), lambda name, pack: calls.append((name, pack.shape.cell)))
    rounds = runner(4)
    futures = [submit(rounds, task(seed=seed, cell=cell), 3) for cell in ("RNN", "GRU") for seed in range(2)]
    train_until_done(rounds, futures)
    assert all(isinstance(future.result(), State) for future in futures)
    assert calls == [(name, cell) for name in ("launch", "collect") for cell in ("RNN", "GRU")] * 3


def test_a_member_that_fails_fails_alone(packs: PackLog) -> None:
    fits = [task(), task(learning_rate=1e30), task(seed=1)]
    first, failed, last = drive(runner(3), fits)
    assert isinstance(failed, TrainingError)
    assert "loss is" in str(failed)
    assert_as_alone(first, fits[0])
    assert_as_alone(last, fits[2])
    assert packs.members[0] == 3


def test_a_task_with_an_invalid_state_fails_alone() -> None:
    rounds = runner(2)
    futures = [submit(rounds, task(), 2, State(arrays={}, epoch=1)), submit(rounds, task(seed=1), 2)]
    train_until_done(rounds, futures)
    assert isinstance(futures[0].exception(), KeyError)
    assert isinstance(futures[1].result(), State)


def test_a_task_without_samples_fails_alone() -> None:
    rounds = runner(2)
    futures = [submit(rounds, task(window=10**6), 2), submit(rounds, task(seed=1), 2)]
    train_until_done(rounds, futures)
    assert futures[0].exception() is not None
    assert isinstance(futures[1].result(), State)


def test_a_pruned_member_leaves_and_the_others_go_on(packs: PackLog, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = runner(3)
    futures = [submit(rounds, task(seed=seed), 10) for seed in range(3)]
    at_epoch(monkeypatch, 3, futures[1].cancel)
    train_until_done(rounds, futures)
    for seed in (0, 2):
        expected = advance(DATASET, task(seed=seed), None, 10).curves.valid_mse
        assert futures[seed].result().curves.valid_mse == pytest.approx(expected, rel=1e-4)
    assert futures[1].cancelled()
    assert packs.slots == [3]
    assert packs.members == [3] * 3 + [2] * 7


def test_a_waiting_task_that_is_cancelled_is_not_trained(packs: PackLog) -> None:
    rounds = runner(2)
    futures = [submit(rounds, task(seed=seed), 5) for seed in range(2)]
    rounds.train_round()
    assert submit(rounds, task(cell="GRU"), 5).cancel()
    train_until_done(rounds, futures)
    last = submit(rounds, task(cell="GRU", seed=1), 2)
    train_until_done(rounds, [last])
    assert isinstance(last.result(), State)
    assert packs.members == [2] * 5


def test_a_task_of_the_same_shape_joins_a_pack_with_a_free_slot(packs: PackLog) -> None:
    rounds = runner(3)
    futures = [submit(rounds, task(seed=seed), until) for seed, until in enumerate((1, 9, 9))]
    for _ in range(3):
        rounds.train_round()
    late = submit(rounds, task(seed=7), 4)
    train_until_done(rounds, [*futures, late])
    assert all(isinstance(future.result(), State) for future in futures)
    expected = advance(DATASET, task(seed=7), None, 4).curves.valid_mse
    assert late.result().curves.valid_mse == pytest.approx(expected, rel=1e-4)
    assert packs.slots == [3]
    assert packs.members == [3, 2, 2, 3, 3, 3, 3, 2, 2]


def test_beside_other_packs_a_group_waits_until_no_more_of_its_tasks_arrive(packs: PackLog) -> None:
    rounds = runner(8)
    futures = [submit(rounds, task(seed=seed), 9) for seed in range(2)]
    rounds.train_round()
    for seed in range(3):
        futures.append(submit(rounds, task(cell="GRU", seed=seed), 2))
        rounds.train_round()
    assert packs.slots == [2]
    train_until_done(rounds, futures)
    assert packs.slots == [2, 3]


def test_a_pack_that_does_not_fit_into_memory_is_halved_until_it_fits(
    packs: PackLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    init = Pack.__init__

    def limited_init(pack: Pack, shape: Any, capacity: Any, *rest: Any) -> None:
        if capacity.slots > 2:
            raise torch.OutOfMemoryError
        init(pack, shape, capacity, *rest)

    monkeypatch.setattr(Pack, "__init__", limited_init)
    fits = [task(seed=seed, epochs=4) for seed in range(8)]
    for result, fit in zip(drive(runner(8), fits), fits, strict=True):
        assert_as_alone(result, fit)
    assert set(packs.slots) == {2}


def test_no_finished_epoch_is_lost_when_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = [task(seed=seed) for seed in range(4)]
    at_epoch(monkeypatch, 7, raises(MemoryError()))
    for result, fit in zip(drive(runner(4), fits), fits, strict=True):
        assert_as_alone(result, fit)


def test_fits_that_do_not_fit_into_memory_fail_as_they_do_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pack, "__init__", raises(MemoryError()))
    monkeypatch.setattr("volopt.training.fit.Network", raises(MemoryError()))
    rounds = runner(2)
    futures = [submit(rounds, task(seed=seed), 2) for seed in range(2)]
    train_until_done(rounds, futures)
    assert all(isinstance(future.exception(), NoMemoryError) for future in futures)


def test_an_unexpected_error_fails_the_tasks_of_its_pack_and_later_tasks_are_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_epoch(monkeypatch, 1, raises(AssertionError("defect")))
    rounds = runner(2)
    failed = [submit(rounds, task(seed=seed), 2) for seed in range(2)]
    train_until_done(rounds, failed)
    assert [str(future.exception()) for future in failed] == ["defect"] * 2
    later = [submit(rounds, task(seed=seed), 2) for seed in range(2)]
    train_until_done(rounds, later)
    assert all(isinstance(future.result(), State) for future in later)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda_tasks_end_within_tolerance_of_each_alone(packs: PackLog) -> None:
    fits = [
        task(seed=seed, cell=cell, batch_size=16, window=window, device="cuda")
        for seed in range(3)
        for cell in ("LSTM", "GRU", "RNN")
        for window in (3, 6)
    ]
    for result, fit in zip(drive(runner(32), fits), fits, strict=True):
        expected = advance(DATASET, replace(fit, device="cpu"), None, fit.epochs)
        assert isinstance(result, Fit)
        assert isinstance(expected, Fit)
        assert result.metrics["valid_mse"] == pytest.approx(expected.metrics["valid_mse"], rel=1e-3)
    assert max(packs.members) == 6
