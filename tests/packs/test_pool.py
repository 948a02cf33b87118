"""Which pack a group gets, and which packs are dropped."""

from typing import Any

import pytest

from packed_fits import DATASET, task
from volopt.packs.pack import Pack
from volopt.packs.pool import PackPool
from volopt.packs.shape import PackShape, shape_of
from volopt.packs.timing import PackTiming
from volopt.training.fit import every_split
from volopt.training.task import Task

Group = list[tuple[Task, Any]]


def group(count: int, **changes: Any) -> Group:
    fits = [task(seed=seed, **changes) for seed in range(count)]
    return [(fit, every_split(DATASET, fit.config.window, "cpu")) for fit in fits]


def shape(fits: Group) -> PackShape:
    made = shape_of(*fits[0])
    assert made is not None
    return made


def pack(pool: PackPool, fits: Group) -> Pack | None:
    return pool.pack(shape(fits), fits)


@pytest.fixture
def pool() -> PackPool:
    return PackPool(DATASET, 16, PackTiming(measures=False))


def test_a_group_gets_its_pack_again_until_more_than_half_of_the_group_is_gone(pool: PackPool) -> None:
    first = pack(pool, group(8))
    assert first is not None
    assert first.capacity.slots == 8
    for count in (8, 5, 4):
        assert pack(pool, group(count)) is first
    smaller = pack(pool, group(3))
    assert smaller is not None
    assert smaller.capacity.slots == 3


@pytest.mark.parametrize("changes", [{"window": 5}, {"hidden_size": 4}, {"num_layers": 2, "dropout": 0.1}])
def test_a_group_that_does_not_fit_into_the_pack_gets_another_one(pool: PackPool, changes: dict[str, Any]) -> None:
    layers = {"num_layers": changes.get("num_layers", 1)}
    assert pack(pool, group(4, **layers)) is not None
    fits = group(2, **layers) + group(2, **changes)
    other = pack(pool, fits)
    assert other is not None
    assert all(other.capacity.fits(fit) for fit, _ in fits)


def test_one_task_gets_a_pack_only_if_it_is_already_there(pool: PackPool) -> None:
    assert pack(pool, group(1)) is None
    two = pack(pool, group(2))
    assert two is not None
    assert pack(pool, group(1)) is two


def test_memory_limits_the_slots(pool: PackPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volopt.packs.pool.max_members", lambda shape, capacity: 3)
    for _ in range(2):
        limited = pack(pool, group(8))
        assert limited is not None
        assert limited.capacity.slots == 3


def test_a_group_gets_no_pack_if_memory_is_enough_for_only_one(pool: PackPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volopt.packs.pool.max_members", lambda shape, capacity: 1)
    assert pack(pool, group(8)) is None


def test_too_many_slots_drop_the_pack_that_was_used_longest_ago(pool: PackPool) -> None:
    packs = [pack(pool, group(6, cell=cell)) for cell in ("RNN", "LSTM")]
    assert pack(pool, group(6, cell="RNN")) is packs[0]
    pack(pool, group(6, cell="GRU"))  # 18 slots are two too many
    assert pack(pool, group(6, cell="RNN")) is packs[0]
    assert pack(pool, group(6, cell="LSTM")) is not packs[1]


def test_after_memory_ran_out_the_other_packs_are_dropped_first_then_the_members_are_halved(pool: PackPool) -> None:
    pack(pool, group(4, cell="LSTM"))
    fits = group(7)
    pool.shrink(shape(fits), 7)
    for slots in (7, 3, 0):
        made = pack(pool, fits)
        assert (made.capacity.slots if made else 0) == slots
        pool.shrink(shape(fits), 7)
    assert pack(pool, fits) is None


def test_a_group_gets_no_pack_if_one_by_one_is_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = PackPool(DATASET, 16, PackTiming(measures=True))
    seconds = iter([0, 1, 0, 10, 0, 10])  # an epoch of one fit takes 1 s, an epoch of each pack 10 s
    monkeypatch.setattr("volopt.packs.timing.time.perf_counter", lambda: next(seconds))
    assert pack(pool, group(4)) is None
    assert pack(pool, group(3)) is None  # without another measurement
    assert pack(pool, group(12)) is not None
