"""The short form of the benchmarks, ``volopt bench``; the long ones are in ``tests/bench``."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from volopt.bench.machine import machine
from volopt.bench.networks import Speed, speed, speeds
from volopt.bench.start import StartTime, start
from volopt.bench.study import grid_job
from volopt.bench.target import Target
from volopt.bench.trial import BenchmarkStudy
from volopt.bench.worker import memory

NETWORKS = (("RNN", 5), ("RNN", 125), ("LSTM", 5), ("LSTM", 25), ("LSTM", 125), ("GRU", 25))
WHOLE = ("LSTM", 25)  # the network of which a whole fit is trained
TRIALS = 30


class MachineFigures(NamedTuple):
    """The figures of a machine."""

    machine: dict[str, object]
    start: StartTime  # its memory is not: this process is large by then
    networks: list[Speed]
    fit: Speed  # over all epochs of a fit
    epochs: int  # of it
    overhead_ms: float  # of a trial
    worker_mb: float

    @property
    def targets(self) -> list[Target]:
        """Return the figures that are held to something."""
        fit = f"a fit of {WHOLE[0]} {WHOLE[1]}"
        return [
            Target(f"CPU time of {fit} over the bare loop's", self.fit.ratio, 1.10),
            Target(
                f"bare loop's CPU time over that of {fit}, medium",
                self.fit.bare_ms / self.fit.medium_ms,
                1.7,
                at_least=True,
            ),
            Target("overhead of a trial of one epoch", self.overhead_ms, 25, "ms"),
            Target("volopt --help", self.start.help_seconds, self.start.allowed, "s"),
            Target("memory of a worker, LSTM of 250 units", self.worker_mb, 1200, "MB"),
        ]

    def facts(self) -> dict[str, Any]:
        """Return what ``bench --json`` prints."""
        seconds = {name: getattr(self.fit, f"{name}_ms") * self.epochs / 1000 for name in ("bare", "highest", "medium")}
        return {
            "machine": self.machine,
            "networks": [_facts(each) for each in self.networks],
            "fit": {"cell": WHOLE[0], "hidden_size": WHOLE[1], "epochs": self.epochs}
            | {f"{name}_cpu_seconds": value for name, value in seconds.items()}
            | {"ratio": self.fit.ratio, "gain": self.fit.gain},
            "trial": {"overhead_ms": self.overhead_ms},
            "help": {
                "seconds": self.start.help_seconds,
                "click_seconds": self.start.click_seconds,
                "ratio": self.start.help_seconds / self.start.click_seconds,
            },
            "worker": {"memory_mb": self.worker_mb},
            "targets": [each._asdict() | {"met": each.met} for each in self.targets],
        }


def figures(epochs: int, repeats: int, tell: Callable[[str], None] = lambda doing: None) -> MachineFigures:
    """Take the figures, in a temporary directory.

    Args:
        epochs: of a whole fit; the table of networks trains a tenth of it, from one report to the next.
        repeats: of which the median is taken.
        tell: called with what is done next.
    """
    with tempfile.TemporaryDirectory(prefix="volopt-bench-") as folder:
        directory, here = Path(folder), machine()
        tell("volopt --help")
        began = start(5 * repeats)
        tell("the synthetic sample")
        job = grid_job(directory, epochs)
        tell("networks")
        networks = speeds(job, NETWORKS, max(1, epochs // 10), repeats)
        tell("a whole fit")
        fit = speed(job, *WHOLE, epochs, repeats)
        tell("trials")
        extra = BenchmarkStudy(directory / "trials", directory / "sample").overhead_ms(TRIALS)
        tell("a worker")
        return MachineFigures(here, began, networks, fit, epochs, extra, memory(job))


def _facts(each: Speed) -> dict[str, Any]:
    return each._asdict() | {"ratio": each.ratio, "gain": each.gain}
