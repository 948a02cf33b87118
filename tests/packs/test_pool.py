"""Which pack a group gets, and which packs are let go of."""

from collections.abc import Sequence
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
    tasks = [task(seed=seed, **changes) for seed in range(count)]
    return [(each, every_split(DATASET, each.config.window, "cpu")) for each in tasks]


def shape(given: Sequence[tuple[Task, Any]]) -> PackShape:
    found = shape_of(*given[0])
    assert found is not None
    return found


def pack(shelf: PackPool, given: Group) -> Pack | None:
    return shelf.pack(shape(given), given)


@pytest.fixture
def shelf() -> PackPool:
    return PackPool(DATASET, 16, PackTiming(measures=False))


def test_a_group_finds_the_pack_it_had_also_when_up_to_half_of_it_is_gone(shelf: PackPool) -> None:
    first = pack(shelf, group(8))
    assert first is not None
    assert first.room.slots == 8
    for count in (8, 5, 4):
        assert pack(shelf, group(count)) is first
    smaller = pack(shelf, group(3))
    assert smaller is not None
    assert smaller.room.slots == 3


@pytest.mark.parametrize("changes", [{"window": 5}, {"hidden_size": 4}, {"num_layers": 2, "dropout": 0.1}])
def test_a_group_that_finds_no_room_gets_a_pack_that_has_it(shelf: PackPool, changes: dict[str, Any]) -> None:
    plain = {"num_layers": changes.get("num_layers", 1)}
    assert pack(shelf, group(4, **plain)) is not None
    other = group(2, **plain) + group(2, **changes)
    found = pack(shelf, other)
    assert found is not None
    assert all(found.room.holds(each) for each, _ in other)


def test_one_task_is_trained_alone_unless_a_pack_is_there(shelf: PackPool) -> None:
    assert pack(shelf, group(1)) is None
    two = pack(shelf, group(2))
    assert two is not None
    assert pack(shelf, group(1)) is two


def test_a_group_is_cut_to_what_memory_holds(shelf: PackPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volopt.packs.pool.most_members", lambda shape, room: 3)
    for _ in range(2):
        found = pack(shelf, group(8))
        assert found is not None
        assert found.room.slots == 3


def test_where_memory_holds_one_each_is_trained_alone(shelf: PackPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volopt.packs.pool.most_members", lambda shape, room: 1)
    assert pack(shelf, group(8)) is None


def test_the_pack_used_longest_ago_goes_when_there_are_too_many_slots(shelf: PackPool) -> None:
    kept = [pack(shelf, group(6, cell=cell)) for cell in ("RNN", "LSTM")]
    assert pack(shelf, group(6, cell="RNN")) is kept[0]
    pack(shelf, group(6, cell="GRU"))  # 18 slots would be two too many
    assert pack(shelf, group(6, cell="RNN")) is kept[0]
    assert pack(shelf, group(6, cell="LSTM")) is not kept[1]


def test_when_memory_runs_out_the_other_packs_go_first_then_half_of_the_members(shelf: PackPool) -> None:
    pack(shelf, group(4, cell="LSTM"))
    given = group(7)
    shelf.shrink(shape(given), 7)
    for slots in (7, 3, 0):
        found = pack(shelf, given)
        assert (found.room.slots if found else 0) == slots
        shelf.shrink(shape(given), 7)
    assert pack(shelf, given) is None


def test_a_group_that_is_faster_one_by_one_gets_no_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = PackPool(DATASET, 16, PackTiming(measures=True))
    seconds = iter([0, 1, 0, 10, 0, 10])  # an epoch of one fit takes 1, one of each pack 10
    monkeypatch.setattr("volopt.packs.timing.time.perf_counter", lambda: next(seconds))
    assert pack(shelf, group(4)) is None
    assert pack(shelf, group(3)) is None  # not measured again
    assert pack(shelf, group(12)) is not None
