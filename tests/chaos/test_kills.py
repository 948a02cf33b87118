"""The short form of ``tests/bench/chaos.py``: a small study under a few kills, on each kind of storage."""

from pathlib import Path

import pytest

from kills.campaign import Campaign
from kills.evidence import Evidence
from kills.run import Pace, undisturbed
from kills.study import GRIDS, NAME, Place, Size
from kills.verdict import verdict
from postgres import Server

SIZE = Size(epochs=60, sizes=(3,), trials=6, long=False)
KILLS = 6
Truth = tuple[Pace, dict[str, str]]  # of an undisturbed run, and what each point of the grid says


def _place(directory: Path, data: Path, storage: str = "") -> Place:
    return Place(directory, storage or f"sqlite:///{directory}/volopt.db", data, SIZE)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Truth:
    """An undisturbed run."""
    place = _place(tmp_path_factory.mktemp("quiet"), sample)
    return undisturbed(place), Evidence(place.storage).values(NAME, GRIDS)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def storage(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database, empty where it is the one beside the study."""
    if request.param == "SQLite":
        return ""
    running: Server = request.getfixturevalue("postgres")
    return running.database()


def test_a_study_loses_repeats_and_leaves_nothing_under_kills_of_driver_and_workers(
    tmp_path: Path, sample: Path, truth: Truth, storage: str
) -> None:
    pace, points = truth
    place = _place(tmp_path, sample, storage)
    found = Evidence(place.storage)
    tally = Campaign(place, found, KILLS, seed=0, pace=pace).run()
    wrong = [str(line) for line in verdict(tally, found, points, SIZE, KILLS) if not line.holds]
    assert not wrong
