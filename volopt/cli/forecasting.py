"""Share the options of the commands that refit."""

import click

from volopt.cli import completion, options

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
