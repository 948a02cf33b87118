from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from volopt.data.cache import load, store


def test_an_entry_comes_back_as_it_was_and_alone_in_its_directory(tmp_path: Path) -> None:
    store(tmp_path / "new", "abc", {"a": [1, "x"]}, {"values": np.arange(6.0).reshape(2, 3)})
    kept = load(tmp_path / "new", "abc")
    assert kept is not None
    assert kept[0] == {"a": [1, "x"]}
    np.testing.assert_array_equal(kept[1]["values"], np.arange(6.0).reshape(2, 3))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["abc.safetensors"]


@pytest.mark.parametrize("content", [b"", b"not a tensor file", save({"a": np.ones(2)}), save({}, {"volopt": "{"})])
def test_a_broken_or_foreign_file_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "abc.safetensors").write_bytes(content)
    assert load(tmp_path, "abc") is None


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere", "abc") is None


def test_a_directory_that_cannot_be_written_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store(tmp_path / "file", "abc", {}, {"a": np.ones(1)})
    assert load(tmp_path / "file", "abc") is None
