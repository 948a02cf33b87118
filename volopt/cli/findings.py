"""``volopt findings``: the paper's claims, tested."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table, show

if TYPE_CHECKING:
    from volopt.findings.findings import Finding


@click.command("findings", epilog="Examples: volopt findings    volopt findings published grid10 --json")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.storage
@options.as_json
def command(names: tuple[str, ...], storage: str, as_json: bool) -> None:
    """Test each claim of the paper on the stored studies, or on those called NAME.

    A study counts for a claim where it trains the networks of a shipped study file; one with 8 seeds or more decides.
    """
    from volopt.findings.findings import findings
    from volopt.findings.stored import stored, together
    from volopt.search.study import names as all_names
    from volopt.storage.artifacts import Artifacts
    from volopt.storage.connect import connect, database_path

    opened = connect(storage)
    artifacts = Artifacts(database_path(storage).parent / "artifacts")
    found = findings(partial(together, stored(opened, names or all_names(opened), artifacts)))
    if as_json:
        print_json([each.facts() for each in found])
    else:
        _print(found)


def _print(found: Sequence["Finding"]) -> None:
    for topic, group in groupby(found, key=lambda each: each.claim.topic):
        rows = [
            (each.claim.text, each.study, each.verdict, *_numbers(each), each.claim.effect)
            for each in sorted(group, key=lambda each: each.study)
        ]
        columns = ["claim", "study", "verdict", "effect", "95 % interval", "p", "seeds", "the effect is"]
        print_table(columns, rows, f"\n{topic[0].upper()}{topic[1:]}", optional=["the effect is", "p"])
    commands = dict.fromkeys(command for each in found for command in each.commands)
    if commands:
        click.echo("\nWhat is not run, or has under 8 seeds, takes:\n  " + "\n  ".join(commands))
        click.echo("(published and published_volume need --data DIR, the directory with the paper's two CSV files)")
    if any(each.synthetic for each in found):
        click.echo(SYNTHETIC)


def _numbers(finding: "Finding") -> tuple[object, ...]:
    found = finding.outcome
    if found is None:
        return None, None, None, None
    return found.effect, f"{show(found.low)} … {show(found.high)}", finding.p, found.n
