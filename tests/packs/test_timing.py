"""The faster way is taken, and what was measured is not measured again."""

import logging
from collections.abc import Iterator

import pytest

from packed_fits import DATASET, pack_of, task
from volopt.packs.pack import Pack
from volopt.packs.timing import PackTiming
from volopt.training.fit import every_split

GIVEN = task()
DATA = every_split(DATASET, GIVEN.config.window, "cpu")


def clock(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    """Have an epoch of one fit alone, then one of each pack that is measured take so long."""
    times: Iterator[float] = iter([time for each in seconds for time in (100.0, 100.0 + each)])
    monkeypatch.setattr("volopt.packs.timing.time.perf_counter", lambda: next(times))


@pytest.fixture
def pack() -> Pack:
    return pack_of([GIVEN] * 4)


@pytest.mark.parametrize(("together", "wins"), [(3.5, True), (4.0, True), (4.25, False)])
def test_a_pack_wins_if_an_epoch_of_it_takes_no_longer_than_its_members_one_by_one(
    pack: Pack, together: float, wins: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pace = PackTiming(measures=True)
    clock(monkeypatch, 1.0, together)
    with caplog.at_level(logging.INFO):
        pace.measure(pack, GIVEN, DATA, 4)
    assert pace.wins(pack.shape, 4) is wins
    assert ("they are packed" in caplog.text) is wins
    assert f"takes {together:.4f} s together and 1.0000 s each" in caplog.text


def test_fewer_members_may_lose_in_a_pack_that_won_with_more(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = PackTiming(measures=True)
    clock(monkeypatch, 1.0, 2.5)
    pace.measure(pack, GIVEN, DATA, 4)
    assert [pace.wins(pack.shape, members) for members in (2, 3, 4)] == [False, True, True]


def test_what_lost_is_tried_again_only_with_more_members(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = PackTiming(measures=True)
    assert pace.may_win(pack.shape, 2)
    clock(monkeypatch, 1.0, 5.0)
    pace.measure(pack, GIVEN, DATA, 4)
    assert [pace.may_win(pack.shape, members) for members in (3, 4, 5)] == [False, False, True]
    clock(monkeypatch, 5.0)  # one by one is known
    pace.measure(pack, GIVEN, DATA, 8)
    assert pace.wins(pack.shape, 8)


def test_without_measuring_two_or_more_are_packed(pack: Pack) -> None:
    pace = PackTiming(measures=False)
    pace.measure(pack, GIVEN, DATA, 4)
    assert [pace.may_win(pack.shape, members) for members in (1, 2)] == [False, True]
    assert pace.wins(pack.shape, 2)


def test_a_real_measurement_takes_time(pack: Pack) -> None:
    pace = PackTiming(measures=True)
    pace.measure(pack, GIVEN, DATA, 4)
    assert pace.wins(pack.shape, 10**9)
    assert not pace.wins(pack.shape, 0)
