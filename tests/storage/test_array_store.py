"""Arrays by key."""

from pathlib import Path

import numpy as np
import pytest

from volopt.errors import StorageError
from volopt.storage.array_store import ArrayStore, baselines, fits, states

KEY = "ab" + 62 * "0"


def test_a_fit_comes_back_under_its_key_only(tmp_path: Path) -> None:
    kept = fits(tmp_path)
    kept.put(KEY, {"weights.bias": np.ones(3)}, {"seed": 1})
    found = kept.get(KEY)
    assert found is not None
    np.testing.assert_array_equal(found[0]["weights.bias"], np.ones(3))
    assert found[1] == {"seed": 1}
    assert kept.get(KEY[::-1]) is None


def test_a_store_knows_what_it_has(tmp_path: Path) -> None:
    kept = fits(tmp_path)
    assert not kept.has(KEY)
    kept.put(KEY, {}, {})
    assert fits(tmp_path).has(KEY)
    assert kept.path(KEY).parts[-3:] == ("fits", "ab", f"{KEY}.safetensors")


def test_a_broken_fit_is_as_good_as_absent_and_is_replaced(tmp_path: Path) -> None:
    kept = fits(tmp_path)
    kept.put(KEY, {"values": np.ones(3)}, {"seed": 1})
    kept.path(KEY).write_bytes(b"broken")
    assert kept.get(KEY) is None
    kept.put(KEY, {"values": np.ones(3)}, {"seed": 1})
    assert kept.get(KEY) is not None


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        fits(tmp_path).put(KEY, {}, {})


def test_what_is_dropped_is_gone_and_may_be_gone_already(tmp_path: Path) -> None:
    kept = states(tmp_path)
    kept.put(KEY, {}, {"epoch": 1})
    kept.drop(KEY)
    kept.drop(KEY)
    assert not kept.has(KEY)


def test_several_directories_are_read_and_the_first_is_written(tmp_path: Path) -> None:
    both = baselines(tmp_path / "a", tmp_path / "b")
    baselines(tmp_path / "b").put(KEY, {}, {"seed": 2})
    assert both.has(KEY)
    assert both.get(KEY) == ({}, {"seed": 2})
    both.put(KEY, {}, {"seed": 1})
    assert both.get(KEY) == ({}, {"seed": 1})


def test_a_key_that_is_a_path_leads_nowhere(tmp_path: Path) -> None:
    """It may come from a stranger's study."""
    fits(tmp_path).put(KEY, {}, {})
    assert kept_path_is_inside(fits(tmp_path / "artifacts"), f"../../fits/ab/{KEY}", tmp_path / "artifacts")


def kept_path_is_inside(kept: ArrayStore, key: str, directory: Path) -> bool:
    return kept.path(key).resolve().is_relative_to(directory.resolve()) and kept.get(key) is None
