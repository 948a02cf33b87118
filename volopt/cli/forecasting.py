"""Share the options and the workers of the commands that refit."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli import completion, options
from volopt.cli.progress import FitProgress

if TYPE_CHECKING:
    from volopt.executors.trainer import Trainer
    from volopt.forecast.walk_forward.run import RefitContext
    from volopt.forecast.walk_forward.step import MarketData

trial = click.option(
    "--trial",
    default="likely",
    show_default=True,
    metavar="N|likely|simplest|best",
    shell_complete=completion.trials,
    help="Which trial: its number, likely (the least expected regret, see volopt best), simplest (the smallest network "
    "that cannot be told from the best), best (by value), or parameters as in cell=LSTM,hidden_size=25.",
)
coverage = click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Target coverage of the intervals: the share of days with the actual value inside.",
)


def refitting(command: options.Command) -> options.Command:
    """Add the options of a command that refits the configuration of a study."""
    data = options.data_option("the data that the study was run on")
    shared = (trial, options.workers, options.device, options.precision, data, options.storage, options.as_json)
    for option in reversed(shared):  # the last one stands first in --help
        command = option(command)
    return command


def refit_context(
    progress: FitProgress, artifacts: Path, workers: int | None, device: str, precision: str
) -> "RefitContext":
    """Return what runs and stores fits, as the options say; ``artifacts`` is the directory that stores them."""
    from volopt.executors.processes import cores, local_trainer
    from volopt.forecast.walk_forward.run import RefitContext
    from volopt.forecast.walk_forward.step import fit_period
    from volopt.storage.array_store import walk_forward_fits
    from volopt.training.device import resolve

    resolved = resolve(device)
    count = workers or (cores() if resolved == "cpu" else 1)

    def start_trainer(data: "MarketData") -> "Trainer":
        return local_trainer(data, count, fit_period)

    return RefitContext(resolved, precision, walk_forward_fits(artifacts), start_trainer, progress)
