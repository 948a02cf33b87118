"""``volopt status``: what is in the storage."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table
from volopt.errors import StorageError, sentence
from volopt.report import words

if TYPE_CHECKING:
    from volopt.storage.patient import PatientStorage


@click.command("status", epilog="Example: volopt status grid")
@click.argument("name", required=False)
@options.storage
@options.as_json
def command(name: str | None, storage: str, as_json: bool) -> None:
    """Show the studies in the storage, or the one called NAME."""
    from volopt.cli.opening import open_storage
    from volopt.search.listing import summary
    from volopt.search.standing import standing
    from volopt.search.study import names

    opened = open_storage(storage)
    found = list(_found(opened, [name])) if name else list(_found(opened, names(opened), skips=True))
    if as_json:
        print_json({"storage": opened.where.shown, "studies": [summary(*each) for each in found]})
        return
    if not found:
        click.echo("There is no study yet.\nNext: volopt run grid")
    for study, definition in found:
        against = standing(study)
        _print(summary(study, definition), against.sentences() if against else [])


def _found(opened: "PatientStorage", wanted: Sequence[str], *, skips: bool = False) -> Iterator[Any]:
    """Return the studies and their definitions; ``skips`` those that are damaged, and says so."""
    from volopt.search.study import find

    for each in wanted:
        try:
            yield find(opened, each)
        except StorageError as error:
            if not skips:
                raise
            click.echo(f"{sentence(error.message)}\nHint: {sentence(error.hint)}", err=True)


def _print(facts: dict[str, Any], against: list[str]) -> None:
    click.echo(f"{facts['name']}: {facts['title']}")
    if facts["data"]["synthetic"]:
        click.echo(SYNTHETIC)
    click.echo(f"Data {facts['data']['provider']}")
    print_table(
        ["phase", "sampler", "trials"],
        [(p["name"], p["sampler"], f"{p['done']}/{p['total']}") for p in facts["phases"]],
    )
    click.echo(", ".join(f"{number} {state}" for state, number in facts["trials"].items() if number) or "no trials yet")
    best = facts["best"]
    if best:
        click.echo(f"Best: trial {best['number']}, {best['value']:.5g} ({words.params(best['params'])})")
    click.echo("\n".join([*against, ""]))
