"""A small study that was really run, and ways to look at the report of any study."""

from pathlib import Path
from typing import Any

import pytest

from small_runs import GRID_AND_RANDOM, run
from volopt.figures.study_view import StudyView
from volopt.search.job import RunOptions
from volopt.storage.artifacts import artifacts_of
from volopt.storage.database.connect import connect
from volopt.studies import study as studies


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> RunOptions:
    """Where the small study was run."""
    return run(GRID_AND_RANDOM, tmp_path_factory.mktemp("report"), sample, trials=3)


@pytest.fixture(scope="session")
def small(options: RunOptions) -> StudyView:
    """The small study: a grid of 4 points and 3 random ones, 2 seeds each."""
    return study_view(options.storage, "small")


def study_view(url: str, name: str) -> StudyView:
    """Return a stored study."""
    study, definition = studies.find(connect(url), name)
    return StudyView(study, definition, artifacts_of(connect(url)))


@pytest.fixture
def listed(small: StudyView) -> list[dict[str, Any]]:
    """What ``trials --json`` prints of the small study."""
    return small.rows
