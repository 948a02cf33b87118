"""Take the figures of ``volopt bench``, the short form of the benchmarks in ``tests/bench``."""

import os
import platform
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import torch

from volopt.bench.fits import Speed, speed, worker_memory
from volopt.bench.process import StartTime, Target, start_time
from volopt.bench.study import grid_job
from volopt.bench.trial import BenchmarkStudy
from volopt.executors.machine import cores
from volopt.storage.run_record import versions
from volopt.training.device import cpu_has_bfloat16

NETWORKS = (("RNN", 5), ("RNN", 125), ("LSTM", 5), ("LSTM", 25), ("LSTM", 125), ("GRU", 25))
WHOLE_FIT = ("LSTM", 25)  # the network of a fit of all epochs
TRIALS = 30


class MachineFigures(NamedTuple):
    """Hold the figures of a machine."""

    machine: dict[str, object]
    start: StartTime  # its memory is too high, as this process is large
    networks: list[Speed]
    fit: Speed  # over all epochs of a fit
    epochs: int  # of it
    overhead_ms: float  # of a trial
    worker_mb: float

    @property
    def has_bfloat16(self) -> bool:
        """Return whether the processor multiplies in bfloat16; without it, medium precision is no faster."""
        return bool(self.machine["bfloat16"])

    @property
    def targets(self) -> list[Target]:
        """Return the figures that have a bound."""
        fit = f"CPU time of a fit of {WHOLE_FIT[0]} {WHOLE_FIT[1]}"
        gain = self.fit.bare_ms / self.fit.medium_ms
        medium = Target(f"{fit}, bare loop / volopt at medium", gain, 1.7, at_least=True)
        return [
            Target(f"{fit}, volopt / bare loop", self.fit.ratio, 1.10),
            *([medium] if self.has_bfloat16 else []),
            Target("overhead of a trial of one epoch", self.overhead_ms, 25, "ms"),
            Target("volopt --help", self.start.help_seconds, self.start.allowed, "s"),
            Target("memory of a worker, LSTM of 250 units", self.worker_mb, 1200, "MB"),
        ]

    def facts(self) -> dict[str, Any]:
        """Return what ``bench --json`` prints."""
        seconds = {name: getattr(self.fit, f"{name}_ms") * self.epochs / 1000 for name in ("bare", "highest", "medium")}
        return {
            "machine": self.machine,
            "networks": [network._asdict() | _ratios(network) for network in self.networks],
            "fit": {"cell": WHOLE_FIT[0], "hidden_size": WHOLE_FIT[1], "epochs": self.epochs}
            | {f"{name}_cpu_seconds": value for name, value in seconds.items()}
            | _ratios(self.fit),
            "trial": {"overhead_ms": self.overhead_ms},
            "help": {
                "seconds": self.start.help_seconds,
                "click_seconds": self.start.click_seconds,
                "ratio": self.start.help_seconds / self.start.click_seconds,
            },
            "worker": {"memory_mb": self.worker_mb},
            "targets": [target._asdict() | {"met": target.met} for target in self.targets],
        }


def figures(epochs: int, repeats: int, report: Callable[[str], None]) -> MachineFigures:
    """Take the figures, in a temporary directory.

    Args:
        epochs: of a whole fit; each network of the table trains a tenth of them.
        repeats: the figures are medians over these.
        report: called with the name of each step before it.
    """
    with tempfile.TemporaryDirectory(prefix="volopt-bench-") as folder:
        directory, machine = Path(folder), _machine()
        report("volopt --help")
        start = start_time(5 * repeats)
        report("the synthetic sample")
        job = grid_job(directory, epochs)
        report("networks")
        networks = [speed(job, *network, max(1, epochs // 10), repeats) for network in NETWORKS]
        report("a whole fit")
        fit = speed(job, *WHOLE_FIT, epochs, repeats)
        report("trials")
        overhead_ms = BenchmarkStudy(directory / "trials", directory / "sample").overhead_ms(TRIALS)
        report("a worker")
        return MachineFigures(machine, start, networks, fit, epochs, overhead_ms, worker_memory(job))


def _ratios(fit: Speed) -> dict[str, float]:
    return {"ratio": fit.ratio, "gain": fit.gain}


def _machine() -> dict[str, object]:
    """Return processor, cores, versions and load, JSON-able."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
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
