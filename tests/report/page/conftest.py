"""A small study that was really run, and ways to look at the report of any study."""

from pathlib import Path
from typing import Any

import pytest

from builders import SAMPLE_DATA
from volopt.report.subject import Subject
from volopt.search import run as runs
from volopt.search import study as studies
from volopt.search.listener import Listener
from volopt.search.run import Options
from volopt.storage.artifacts import Artifacts
from volopt.storage.connect import connect

STUDY = f"""
format = 1
name = "small"
title = "A small study"
{SAMPLE_DATA}[training]
epochs = 1
seeds = 2
[space]
cell = ["RNN", "LSTM"]
hidden_size = [5, 7]
window = {{ low = 5, high = 30 }}
[[phase]]
name = "width"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM"], hidden_size = [5, 7] }}
[[phase]]
name = "extend"
sampler = "random"
vary = ["window"]
trials = 2
"""


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Options:
    """Where the small study was run."""
    directory = tmp_path_factory.mktemp("report")
    path = directory / "small.toml"
    path.write_text(STUDY)
    options = Options(f"sqlite:///{directory}/volopt.db", data=sample, trials=3, workers=1, device="cpu")
    runs.run(runs.prepare_job(str(path), options), lambda plans: Listener())
    return options


@pytest.fixture(scope="session")
def small(options: Options) -> Subject:
    """The small study: a grid of 4 points and 3 random ones, 2 seeds each."""
    return subject(options.storage, "small")


def subject(url: str, name: str) -> Subject:
    """Return a stored study."""
    study, definition = studies.find(connect(url), name)
    return Subject(study, definition, Artifacts(Path(url.removeprefix("sqlite:///")).parent / "artifacts"))


@pytest.fixture
def listed(small: Subject) -> list[dict[str, Any]]:
    """What ``trials --json`` prints of the small study."""
    return small.rows
