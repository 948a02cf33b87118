"""The run record: how the numbers of a study were made, stored with the study.

A database may come from a stranger or an earlier volopt, so each field of a record and of its data may be missing, but
none of a frame. A field of another type makes the whole record invalid.
"""

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

import volopt

PACKAGES = ("optuna", "torch", "numpy", "pandas", "pyqlib")  # that decide numbers


class StoredModel(BaseModel):
    """Define something that volopt stores: it validates what was read, and dumps what is written."""

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)  # strict: 1 is no text, and "1" is no number


class DataSource(StoredModel):
    """Describe where data come from."""

    provider: str  # the directory, absolute
    reader: str  # qlib, native or csv
    synthetic: bool
    fingerprint: str  # SHA-256, in hex


class RecordedFrame(StoredModel):
    """Name what a run read of one instrument."""

    name: str
    first: str  # day
    last: str
    quality: list[str]  # lines about gaps and doubtful days


class RecordedData(StoredModel):
    """Name the data of a run."""

    provider: str = ""
    reader: str = ""
    synthetic: bool = False
    fingerprint: str = ""
    frames: list[RecordedFrame] = []
    days: dict[str, int] = {}  # by split
    left_out: dict[str, str] = {}  # instruments of a panel, with the reason


def versions() -> dict[str, str]:
    """Return the versions of volopt, Python and the packages that decide numbers."""
    found = {"volopt": volopt.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def git_commit() -> str | None:
    """Return the commit of the checkout that volopt runs from, or None where it is installed from a wheel."""
    root = Path(volopt.__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


class RunRecord(StoredModel):
    """Record one run."""

    started: str = ""  # UTC, ISO 8601
    data: RecordedData = RecordedData()
    versions: dict[str, str] = {}
    machine: str = ""
    device: str = ""
    precision: str = ""
    workers: int | str = 0  # processes that train; of a cluster, those that were there when the run began
    scheduler: str | None = None  # of the Dask cluster that trained; None: this machine trained
    threads: int = 1  # of a process
    git_commit: str | None = None
    command: str = ""  # that resumes the study
    study_file: str = ""  # its text
    pack: str | None = None  # the option --pack


def run_record(**facts: Any) -> RunRecord:
    """Return the record of a run that begins now; the facts are the fields that this machine does not know."""
    return RunRecord(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
        machine=f"{platform.system()} {platform.machine()}",
        git_commit=git_commit(),
        **facts,
    )
