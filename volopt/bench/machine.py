"""What machine the figures are of."""

import os
import platform
from contextlib import suppress
from pathlib import Path

import torch

from volopt.search.job import cores
from volopt.storage.record import versions
from volopt.training.device import cpu_has_bfloat16


def machine() -> dict[str, object]:
    """Return processor, cores, versions and how busy it is, JSON-able."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "bfloat16": cpu_has_bfloat16(),
        "system": f"{platform.system()} {platform.machine()}",
        "torch": torch.__version__,
        "versions": versions(),
        "load": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
