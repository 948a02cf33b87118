"""What every test may ask for: the real data of the workplace and a PostgreSQL server, where they are there."""

import gc
import importlib.util
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from panels import write_panel
from postgres import Server, programs, server
from static_panels import STATIC, write_static_panel
from volopt.data.sample import write_sample
from zip_server import Server as ZipServer
from zip_server import serving

settings.register_profile("volopt", deadline=None)  # a busy machine is no failure
settings.register_profile("long", deadline=None, max_examples=5000)
settings.load_profile("volopt")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background: what tests start would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The files that take a minute and more, the longest first, so that no process of pytest-xdist ends alone with one.
LONGEST = [
    "cli/test_faults.py",
    "cli/test_interrupt.py",
    "chaos/test_kills.py",
    "cli/test_cluster.py",
    "test_real_data.py",
    "browser/test_dashboard.py",
    "executors/dask/test_trainer.py",
    "cli/commands/test_bench.py",
]


def pytest_configure(config: pytest.Config) -> None:
    """Keep the order of ``pytest_collection_modifyitems``: xdist would begin with the files of the most tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    order = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


def pytest_collection_finish() -> None:
    """Leave what was collected out of the garbage collector, which statsmodels runs at each correction of p-values."""
    gc.freeze()


ROOT = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("VOLOPT_TEST_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory with qlib_cn/ and published/; tests that need it skip where it is absent."""
    if not (REAL_DATA / "qlib_cn").is_dir():
        pytest.skip(f"no real market data at {REAL_DATA} (VOLOPT_TEST_DATA names another place)")
    return REAL_DATA


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic sample, a qlib provider directory."""
    directory = tmp_path_factory.mktemp("data") / "sample"
    write_sample(directory)
    return directory


@pytest.fixture(scope="session")
def other_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another synthetic sample, of another seed."""
    directory = tmp_path_factory.mktemp("data") / "other"
    write_sample(directory, seed=1)
    return directory


@pytest.fixture(scope="session")
def panel_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider of ``panels``: three stocks, one listed too late, an index."""
    directory = tmp_path_factory.mktemp("data") / "panel"
    write_panel(directory)
    return directory


@pytest.fixture(scope="session")
def static_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider of ``static_panels``: seven stocks that are suspended at times, an index."""
    directory = tmp_path_factory.mktemp("data") / "static"
    write_static_panel(directory)
    return directory


@pytest.fixture(scope="session")
def static_storage(tmp_path_factory: pytest.TempPathFactory, static_data: Path) -> str:
    """The URL of a storage with the finished study of ``static_panels``, which has two trials."""
    from small_runs import run  # loads torch

    return run(STATIC, tmp_path_factory.mktemp("static"), static_data).storage


@pytest.fixture(scope="session")
def two_trials(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The directory of a finished study of two trials; tests that write work on a copy."""
    from small_runs import TWO_TRIALS, run  # loads torch

    directory = tmp_path_factory.mktemp("two_trials")
    run(TWO_TRIALS, directory, sample)
    return directory


@pytest.fixture(scope="session")
def sample_zip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with the synthetic sample at its top."""
    return Path(shutil.make_archive(str(tmp_path_factory.mktemp("zip") / "sample"), "zip", sample))


@pytest.fixture
def zips(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZipServer]:
    """A web server on loopback that gives what the test tells it to; no proxy stands before it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this session, which CI must have."""
    missing = "PostgreSQL" * (programs() is None) or "psycopg" * (importlib.util.find_spec("psycopg") is None)
    if missing:
        reason = f"no {missing} on this machine"
        pytest.fail(reason) if os.environ.get("VOLOPT_TEST_ALL") == "1" else pytest.skip(reason)
    with server() as running:
        yield running
