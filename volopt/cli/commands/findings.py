"""``volopt findings``: the paper's claims, tested."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table, show
from volopt.report.blocks import told

if TYPE_CHECKING:
    from volopt.claims.findings import Finding

EFFECT = "the effect is"
COLUMNS = ("claim", "study", "verdict", "effect", "95 % interval", "p", "seeds", EFFECT)


@click.command("findings", epilog="Examples: volopt findings    volopt findings published grid10 --json")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.storage
@options.as_json
def command(names: tuple[str, ...], storage: str, as_json: bool) -> None:
    """Test each claim of the paper on the stored studies, or on those called NAME.

    A study counts for a claim where it trains the networks of a shipped study file; one with 8 seeds or more decides.
    """
    from volopt.claims.findings import findings
    from volopt.claims.lookup import stored, together
    from volopt.cli.opening import open_storage
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.study import names as all_names

    opened = open_storage(storage)
    artifacts = artifacts_of(opened)
    found = findings(partial(together, stored(opened, names or all_names(opened), artifacts)))
    if as_json:
        print_json([each.facts() for each in found])
    else:
        _print(found)


def _print(found: Sequence["Finding"]) -> None:
    run = [each for each in found if each.outcome is not None]
    for topic, group in groupby(run, key=lambda each: each.claim.topic):
        rows = [
            (each.claim.text, each.study, each.verdict, *_numbers(each), each.claim.effect)
            for each in sorted(group, key=lambda each: each.study)
        ]
        print_table(COLUMNS, rows, f"{topic[0].upper()}{topic[1:]}", folds=["claim", EFFECT], optional=[EFFECT, "p"])
        click.echo("")
    missing = Counter(each.study for each in found if each.outcome is None)
    if missing:
        click.echo("Not run: claims on " + ", ".join(f"{study} ({count})" for study, count in missing.items()))
    for line in dict.fromkeys(told(each.broken) for each in found if each.broken):
        click.echo(line, err=True)
    commands = dict.fromkeys(command for each in found for command in each.commands)
    if commands:
        click.echo("What is not run, or has under 8 seeds, takes\n  " + "\n  ".join(commands))
    if any("published" in command for command in commands):
        click.echo(
            "where published and published_volume need --data DIR, the directory with the paper's two CSV files."
        )
    if any(each.synthetic for each in run):
        click.echo(SYNTHETIC)


def _numbers(finding: "Finding") -> tuple[object, ...]:
    found = finding.outcome
    assert found is not None  # those not run are told apart
    return found.effect, f"{show(found.low)} … {show(found.high)}", finding.p, found.n
