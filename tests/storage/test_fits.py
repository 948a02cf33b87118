"""Finished fits by key."""

from pathlib import Path

import numpy as np
import pytest

from volopt.errors import StorageError
from volopt.storage.fits import FitStore

KEY = "ab" + 62 * "0"


def test_a_fit_comes_back_under_its_key_only(tmp_path: Path) -> None:
    fits = FitStore(tmp_path)
    fits.put(KEY, {"weights.bias": np.ones(3)}, {"seed": 1})
    found = fits.get(KEY)
    assert found is not None
    np.testing.assert_array_equal(found[0]["weights.bias"], np.ones(3))
    assert found[1] == {"seed": 1}
    assert fits.get(KEY[::-1]) is None


def test_a_store_knows_what_it_has(tmp_path: Path) -> None:
    fits = FitStore(tmp_path)
    assert not fits.has(KEY)
    fits.put(KEY, {}, {})
    assert FitStore(tmp_path).has(KEY)
    assert fits.path(KEY).parts[-3:] == ("fits", "ab", f"{KEY}.safetensors")


def test_a_broken_fit_is_as_good_as_absent_and_is_replaced(tmp_path: Path) -> None:
    fits = FitStore(tmp_path)
    fits.put(KEY, {"values": np.ones(3)}, {"seed": 1})
    fits.path(KEY).write_bytes(b"broken")
    assert fits.get(KEY) is None
    fits.put(KEY, {"values": np.ones(3)}, {"seed": 1})
    assert fits.get(KEY) is not None


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        FitStore(tmp_path).put(KEY, {}, {})
