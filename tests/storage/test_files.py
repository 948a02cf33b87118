"""Files that appear whole or not at all."""

import resource
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from volopt.errors import StorageError
from volopt.storage.files import read_arrays, write_arrays, write_whole

NAMES = st.text("abcxyz._0123456789", min_size=1, max_size=20)
ARRAYS = npst.arrays(
    st.sampled_from(["<f8", "<f4", "<i8", "?", "u1"]), npst.array_shapes(min_dims=0, max_dims=3, min_side=0)
)
FACTS = st.dictionaries(st.text(), st.integers() | st.text() | st.floats(allow_nan=False) | st.none())


def test_a_file_and_its_directory_are_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "new/file", b"content")
    write_whole(tmp_path / "new/file", b"other")
    assert (tmp_path / "new/file").read_bytes() == b"other"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file become larger than a hundred thousand bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_whole(path, bytes(200_000)),
        lambda path: write_arrays(path, {"first": np.zeros(3), "second": np.zeros(20_000)}, {}),
    ],
)
def test_a_failed_write_keeps_what_was_there_and_leaves_nothing_else(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"whole")
    with pytest.raises(StorageError, match="File too large"):
        write(path)
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_where_the_directory_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write_whole(tmp_path / "file" / "below", b"")


def test_a_directory_in_place_of_the_file_is_told_and_no_part_is_left(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        write_whole(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@settings(max_examples=50)
@given(arrays=st.dictionaries(NAMES, ARRAYS, max_size=4), facts=FACTS)
def test_arrays_and_facts_come_back_as_they_were(arrays: Any, facts: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays"
        write_arrays(path, arrays, facts)
        found = read_arrays(path)
    assert found is not None
    assert found[1] == facts
    assert found[0].keys() == arrays.keys()
    for name, values in arrays.items():
        assert found[0][name].dtype == values.dtype
        assert found[0][name].tobytes() == values.tobytes()
        assert found[0][name].shape == values.shape


def test_an_array_that_is_a_view_is_written_as_it_reads(tmp_path: Path) -> None:
    values = np.arange(12.0).reshape(3, 4).T[::2]
    write_arrays(tmp_path / "view", {"values": values}, {})
    found = read_arrays(tmp_path / "view")
    assert found is not None
    np.testing.assert_array_equal(found[0]["values"], values)


def test_arrays_are_written_without_a_copy(tmp_path: Path) -> None:
    values = np.ones(1_000_000)
    tracemalloc.start()
    write_arrays(tmp_path / "large", {"values": values}, {})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < values.nbytes / 8


def test_a_missing_file_reads_as_none(tmp_path: Path) -> None:
    assert read_arrays(tmp_path / "missing") is None


@pytest.mark.parametrize("length", [0, 5, 60, 150])
def test_a_truncated_file_reads_as_none(tmp_path: Path, length: int) -> None:
    write_arrays(tmp_path / "arrays", {"values": np.zeros(100)}, {"seed": 1})
    whole = (tmp_path / "arrays").read_bytes()
    (tmp_path / "arrays").write_bytes(whole[:length])
    assert read_arrays(tmp_path / "arrays") is None


@settings(max_examples=50)
@given(content=st.binary(max_size=200))
def test_garbage_reads_as_none(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays"
        path.write_bytes(content)
        assert read_arrays(path) is None


def test_arrays_that_another_program_wrote_read_as_none(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"values": np.zeros(3)}, tmp_path / "arrays")
    assert read_arrays(tmp_path / "arrays") is None
