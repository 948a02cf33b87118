"""What workers are given once: the same in every process, its arrays in memory once."""

import os
import sys
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import dataset
from volopt.executors.shared_memory import SharedMemory, receive

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory without a name is Linux's")
COLUMNS = {"a": np.arange(100.0), "b": np.arange(7, dtype=np.int32)[:, None], "names": ["x", "y"]}


def given(shared: SharedMemory) -> Any:
    here, there = Pipe()
    shared.send(here, os.getpid())
    return receive(there)


def test_what_is_received_is_what_was_given() -> None:
    shared = SharedMemory(COLUMNS)
    first, second = given(shared), given(shared)
    for found in (first, second):
        assert found["names"] == ["x", "y"]
        np.testing.assert_array_equal(found["a"], COLUMNS["a"])
        np.testing.assert_array_equal(found["b"], COLUMNS["b"])
    shared.close()
    assert first["a"].sum() == 4950.0  # whoever has it keeps it


def test_a_dataset_is_received_whole() -> None:
    data = dataset()
    found = given(SharedMemory(data))
    assert found.recipe == data.recipe
    for mine, theirs in zip(data.series, found.series, strict=True):
        for name in ("dates", "features", "target", "transformed"):
            np.testing.assert_array_equal(getattr(theirs, name), getattr(mine, name))


def test_what_has_no_arrays_is_received_too() -> None:
    assert given(SharedMemory(("text", 7))) == ("text", 7)


@LINUX
def test_receivers_look_at_the_same_memory_and_cannot_write_to_it() -> None:
    shared = SharedMemory(COLUMNS)
    found = given(shared)
    assert shared._memory is not None
    os.pwrite(shared._memory, np.float64(-1.0).tobytes(), 0)  # the first array's first number
    assert found["a"][0] == -1.0
    assert not found["a"].flags.writeable
    shared.close()


@LINUX
def test_no_file_is_left_open_by_who_gave_and_none_by_who_received() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    shared = SharedMemory(COLUMNS)
    given(shared)
    shared.close()
    shared.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_where_there_is_no_such_memory_each_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    found = given(SharedMemory(COLUMNS))
    np.testing.assert_array_equal(found["a"], COLUMNS["a"])
    assert found["a"].flags.writeable
