"""The thread of the trainer: it waits for tasks, trains them in packs, and ends when it is closed."""

import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager

import pytest
import torch

import builders
from packed_fits import DATASET, task
from volopt.packs.pack import Pack
from volopt.packs.timing import PackTiming
from volopt.packs.trainer import PackTrainer
from volopt.training.fit import advance

SECONDS = 60  # after which a test fails


@contextmanager
def trainer(members: int) -> Iterator[PackTrainer]:
    """Return a trainer that packs all groups of two or more, and close it at the end."""
    made = PackTrainer(DATASET, members, PackTiming(measures=False))
    try:
        yield made
    finally:
        made.close()


def test_all_tasks_are_trained_together_if_their_number_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trainer does not wait any longer when it has as many tasks as it takes."""
    monkeypatch.setattr("volopt.packs.trainer.SETTLE_SECONDS", 10 * SECONDS)
    members, launch = [], Pack.launch

    def logged_launch(pack: Pack) -> None:
        members.append(len(pack.active))
        launch(pack)

    monkeypatch.setattr(Pack, "launch", logged_launch)
    with trainer(4) as made:
        futures = [made.submit(task(seed=seed), None, 3) for seed in range(4)]
        results = [future.result(SECONDS) for future in futures]
    assert members == [4] * 3
    for seed, result in enumerate(results):  # not earlier: the threads share torch's generator
        expected = advance(DATASET, task(seed=seed), None, 3).curves.valid_mse
        assert result.curves.valid_mse == pytest.approx(expected, rel=1e-4)


def test_fits_of_several_valid_periods_are_trained_and_scored_each_on_its_own_days() -> None:
    data = builders.dataset(builders.definition(builders.in_periods()))
    fits = [task(seed=seed, period=period, epochs=4) for seed in range(2) for period in range(3)]
    made = PackTrainer(data, len(fits), PackTiming(measures=False))
    futures = [made.submit(fit, None, 4) for fit in fits]
    results = [future.result(SECONDS) for future in futures]
    made.close()
    for fit, result in zip(fits, results, strict=True):
        expected = advance(data, fit, None, 4)
        assert result.metrics["valid_log_mse"] == pytest.approx(expected.metrics["valid_log_mse"], rel=1e-3)
        assert result.arrays["forecast.valid"] == pytest.approx(expected.arrays["forecast.valid"], rel=1e-3)


def test_fewer_tasks_than_members_are_trained_after_a_moment() -> None:
    with trainer(16) as made:
        futures = [made.submit(task(seed=seed), None, 2) for seed in range(2)]
        states = [future.result(SECONDS) for future in futures]
        again = [made.submit(task(seed=seed), state, 3) for seed, state in enumerate(states)]
        assert [future.result(SECONDS).epoch for future in again] == [3, 3]


def test_closing_drops_waiting_tasks_and_ends_training_after_its_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    made = PackTrainer(DATASET, 2, PackTiming(measures=False))
    is_training, closing, launch = threading.Event(), threading.Event(), Pack.launch

    def held_launch(pack: Pack) -> None:
        is_training.set()
        closing.wait(SECONDS)
        launch(pack)

    monkeypatch.setattr(Pack, "launch", held_launch)
    monkeypatch.setattr("volopt.packs.trainer.SETTLE_SECONDS", 10 * SECONDS)
    futures = [made.submit(task(seed=seed, epochs=10**6), None, 10**6) for seed in range(2)]
    assert is_training.wait(SECONDS)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "packs"]
    futures.append(made.submit(task(cell="GRU"), None, 1))
    closer = threading.Thread(target=made.close)
    closer.start()
    assert made._closed.wait(SECONDS)
    closing.set()
    closer.join(SECONDS)
    assert not any(future.done() for future in futures)
    assert not thread.is_alive()


def test_the_settings_of_the_callers_thread_do_not_change() -> None:
    generator, threads = torch.get_rng_state(), torch.get_num_threads()
    with trainer(2) as made:
        assert not wait([made.submit(task(seed=seed, batch_size=16), None, 4) for seed in range(2)], SECONDS).not_done
    assert torch.equal(torch.get_rng_state(), generator)
    assert torch.get_num_threads() == threads


def test_a_task_that_cannot_be_packed_does_not_wait_for_others() -> None:
    with trainer(4) as made:
        assert made.submit(task(batch_norm=True), None, 2).result(SECONDS).epoch == 2
