"""The run record: what produced a study's numbers, kept with the study."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import volopt

PACKAGES = ("optuna", "torch", "numpy", "pandas", "pyqlib")


def run_record(
    *,
    data: dict[str, Any],
    device: str,
    precision: str,
    workers: int,
    scheduler: str | None = None,
    pack: str | None = None,
    command: str,
    study_file: str,
) -> dict[str, Any]:
    """Return the facts of this run, JSON-able.

    Args:
        data: provider, reader, synthetic, fingerprint; what is in the frames; how many days each split has; the
            instruments of a panel that were left out, with the reason.
        device: resolved.
        precision: ``highest`` or ``medium``.
        workers: processes that train, one torch thread each; of a cluster, those that were there when the run began.
        scheduler: address of the Dask scheduler whose workers train; None where they run on this machine.
        command: that goes on with the study.
        study_file: the study file's text.
        pack: what was said of training fits together, or None.
    """
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": data,
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()}",
        "device": device,
        "precision": precision,
        "workers": workers,
        "scheduler": scheduler,
        "threads": 1,
        "git_commit": _git_commit(),
        "command": command,
        "study_file": study_file,
    } | ({} if pack is None else {"pack": pack})


def versions() -> dict[str, str]:
    """Return the versions of volopt, Python and the packages that decide numbers."""
    found = {"volopt": volopt.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _git_commit() -> str | None:
    """Return the commit of the checkout volopt runs from, or None where it is installed from a wheel."""
    root = Path(volopt.__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None
