"""What every test may ask for: the real data of the workplace, where it is there."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("VOLOPT_TEST_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory with qlib_cn/ and published/; tests that need it skip where it is absent."""
    if not (REAL_DATA / "qlib_cn").is_dir():
        pytest.skip(f"no real market data at {REAL_DATA} (VOLOPT_TEST_DATA names another place)")
    return REAL_DATA
