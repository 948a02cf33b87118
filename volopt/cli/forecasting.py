"""What the commands that refit share: options, workers, and a bar of what is fitted."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from volopt.cli import options

if TYPE_CHECKING:
    from volopt.executors.trainer import Trainer
    from volopt.forecast.walk_forward.run import RefitContext, RefitStep
    from volopt.forecast.walk_forward.step import MarketData

DAY = click.DateTime(["%Y-%m-%d"])
trial = click.option(
    "--trial",
    default="best",
    show_default=True,
    metavar="N|best",
    help="Which trial: its number, best, or parameters as in cell=LSTM,hidden_size=25.",
)
data_of_study = options.data_option("those that the study was run on")
data_of_bundle = options.data_option("those that the bundle was fitted on")
coverage = click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Of the intervals: the share of days that they shall hold.",
)
workers = click.option(
    "--workers",
    type=click.IntRange(min=1),
    envvar="VOLOPT_WORKERS",
    show_envvar=True,
    help="Processes that train; one a core.",
)
device = click.option(
    "--device", envvar="VOLOPT_DEVICE", show_envvar=True, default="auto", help="auto, cpu, cuda or cuda:N."
)
precision = click.option(
    "--precision", type=click.Choice(["highest", "medium"]), default="highest", help="As that of volopt run."
)


def refitting(command: options.Command) -> options.Command:
    """Add the options of a command that refits the configuration of a study."""
    shared = (trial, workers, device, precision, data_of_study, options.storage, options.as_json)
    for option in reversed(shared):
        command = option(command)
    return command


def workshop(
    progress: "FitProgress", artifacts: Path, workers: int | None, device: str, precision: str
) -> "RefitContext":
    """Return what fits are made with, as the options say; ``artifacts`` is where those of earlier walks are kept."""
    from volopt.forecast.walk_forward.run import RefitContext
    from volopt.storage.array_store import walks
    from volopt.training.device import resolve

    where = resolve(device)
    return RefitContext(where, precision, walks(artifacts), _trainer(workers, where), progress)


def _trainer(asked: int | None, device: str) -> "Callable[[MarketData], Trainer]":
    """Return what begins the workers."""
    from volopt.executors.processes import ProcessTrainer
    from volopt.executors.serial import SerialTrainer
    from volopt.forecast.walk_forward.step import work
    from volopt.search.job import cores

    count = asked or (cores() if device == "cpu" else 1)
    return lambda market: SerialTrainer(market, work) if count == 1 else ProcessTrainer(market, count, work)


class FitProgress:
    """A bar of fits on a terminal, a line a period otherwise; both on stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("fits"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("fitting", total=None)
        self._left: dict[object, int] = {}

    def __call__(self, steps: "Sequence[RefitStep]") -> "Callable[[RefitStep], None]":
        """Take what is to be fitted, and return who hears of each that is done."""
        for step in steps:
            self._left[step.period] = self._left.get(step.period, 0) + 1
        self._bar.update(self._task, total=len(steps))
        self._bar.start()
        return self._done

    def __enter__(self) -> "FitProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _done(self, step: "RefitStep") -> None:
        self._bar.advance(self._task)
        self._left[step.period] -= 1
        if not self._left[step.period] and not self._console.is_terminal:
            done = len(self._left) - sum(map(bool, self._left.values()))
            told = f"{step.period.first} to {step.period.last}"
            self._console.print(f"forecast {told} ({done}/{len(self._left)})", highlight=False, soft_wrap=True)
