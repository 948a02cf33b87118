"""``volopt bench``: the speed and memory figures of this machine."""

from typing import TYPE_CHECKING

import click

from volopt.cli import options
from volopt.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from volopt.bench.machine import MachineFigures


@click.command("bench", epilog="Example: volopt bench")
@click.option(
    "--epochs",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="Epochs of a fit; fits of the table of networks have a tenth of them.",
)
@click.option("--repeats", type=click.IntRange(1, 100), default=3, show_default=True, help="Their median counts.")
@options.as_json
def command(epochs: int, repeats: int, as_json: bool) -> None:
    """Measure the speed and memory of volopt on this machine, each beside a baseline.

    It takes a minute or two, and reads and leaves nothing: the synthetic sample is generated in a temporary directory.
    Leave the machine alone meanwhile. Times of fits are CPU time of one thread; the bare loop is plain torch with the
    same network and data, validation after each epoch, and nothing else.
    """
    from volopt.bench.machine import figures

    measured = figures(epochs, repeats, lambda doing: say(f"Measuring {doing} ...", err=True))
    if as_json:
        print_json(measured.facts())
    else:
        _print(measured)


def _print(measured: "MachineFigures") -> None:
    machine = measured.machine
    say(
        f"{machine['processor']}, {machine['cores']} cores, {machine['instructions']}; "
        f"torch {machine['torch']}; load {machine['load']}\n"
    )
    print_table(
        ["network", "bare loop", "volopt", "volopt / bare", "medium", "volopt / medium"],
        [
            (f"{n.cell} {n.hidden_size}", _ms(n.bare_ms), _ms(n.highest_ms), n.ratio, _ms(n.medium_ms), n.gain)
            for n in measured.networks
        ],
        title="CPU ms an epoch",
    )
    if not measured.has_bfloat16:
        say("This processor does not multiply in bfloat16, so --precision medium gains nothing here.")
    say("")
    print_table(["figure", "here", "target", "met"], [target.cells for target in measured.targets])


def _ms(value: float) -> float:
    return round(value, 1)
