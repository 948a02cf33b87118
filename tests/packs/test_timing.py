"""The faster way is chosen, and nothing is measured twice."""

import logging
from collections.abc import Iterator

import pytest

from packed_fits import DATASET, pack_of, task
from volopt.packs.pack import Pack
from volopt.packs.timing import PackTiming
from volopt.training.fit import every_split

FIT = task()
DATA = every_split(DATASET, FIT.config.window, "cpu")


def set_clock(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    """Set the seconds of the next measured epochs: of a fit alone, if it is not known yet, and of each pack."""
    times: Iterator[float] = iter([time for epoch in seconds for time in (100.0, 100.0 + epoch)])
    monkeypatch.setattr("volopt.packs.timing.time.perf_counter", lambda: next(times))


@pytest.fixture
def pack() -> Pack:
    return pack_of([FIT] * 4)


@pytest.mark.parametrize(("seconds", "is_faster"), [(3.5, True), (4.0, True), (4.25, False)])
def test_a_pack_is_chosen_if_its_epoch_takes_no_longer_than_its_members_one_by_one(
    pack: Pack, seconds: float, is_faster: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    timing = PackTiming(measures=True)
    set_clock(monkeypatch, 1.0, seconds)
    with caplog.at_level(logging.INFO):
        timing.measure(pack, FIT, DATA, 4)
    assert timing.is_faster(pack.shape, 4) is is_faster
    assert ("they are packed" in caplog.text) is is_faster
    assert f"takes {seconds:.4f} s together and 1.0000 s each" in caplog.text


def test_a_pack_with_fewer_members_may_be_slower_than_they_are_alone(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    timing = PackTiming(measures=True)
    set_clock(monkeypatch, 1.0, 2.5)
    timing.measure(pack, FIT, DATA, 4)
    assert [timing.is_faster(pack.shape, members) for members in (2, 3, 4)] == [False, True, True]


def test_a_slower_pack_is_measured_again_only_with_more_members(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    timing = PackTiming(measures=True)
    assert timing.may_be_faster(pack.shape, 2)
    set_clock(monkeypatch, 1.0, 5.0)
    timing.measure(pack, FIT, DATA, 4)
    assert [timing.may_be_faster(pack.shape, members) for members in (3, 4, 5)] == [False, False, True]
    set_clock(monkeypatch, 5.0)  # the fit alone is known
    timing.measure(pack, FIT, DATA, 8)
    assert timing.is_faster(pack.shape, 8)


def test_without_measurements_two_or_more_are_packed(pack: Pack) -> None:
    timing = PackTiming(measures=False)
    timing.measure(pack, FIT, DATA, 4)
    assert [timing.may_be_faster(pack.shape, members) for members in (1, 2)] == [False, True]
    assert timing.is_faster(pack.shape, 2)


def test_a_real_measurement_takes_time(pack: Pack) -> None:
    timing = PackTiming(measures=True)
    timing.measure(pack, FIT, DATA, 4)
    assert timing.is_faster(pack.shape, 10**9)
    assert not timing.is_faster(pack.shape, 0)
