"""What this machine offers to training: its cores and devices."""

import os
import re

from volopt.errors import UsageError


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # macOS has none


def resolve(name: str) -> str:
    """Return ``cpu``, ``cuda`` or ``cuda:n`` for ``auto|cpu|cuda[:n]``.

    Raises:
        UsageError: the name is another one, or there is no such device.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]+)?", name):
        raise UsageError(f"--device {name} is not a device", "write auto, cpu, cuda or cuda:0")
    if name == "cpu":
        return name
    import torch  # takes a second

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if kind == "cuda":
        if not torch.cuda.is_available():
            raise UsageError("--device cuda needs a CUDA device, and PyTorch sees none", "use --device cpu or auto")
        if index and int(index) >= torch.cuda.device_count():
            raise UsageError(f"--device {name}: there are {torch.cuda.device_count()} CUDA devices", "count from 0")
    return name
