"""``volopt status``: what is in the storage."""

from typing import TYPE_CHECKING, Any

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table
from volopt.errors import StorageError, sentence
from volopt.figures import words

if TYPE_CHECKING:
    from volopt.storage.database.retrying import RetryingStorage


@click.command("status", epilog="Example: volopt status grid")
@click.argument("name", required=False)
@options.storage
@options.as_json
def command(name: str | None, storage: str, as_json: bool) -> None:
    """Show the studies in the storage, or the one called NAME."""
    from volopt.cli.opening import open_storage
    from volopt.studies.best_trial import standing
    from volopt.studies.listing import summary
    from volopt.studies.study import find

    opened = open_storage(storage)
    found = [find(opened, name)] if name else _all(opened)
    if as_json:
        print_json({"storage": opened.where.shown, "studies": [summary(*each) for each in found]})
        return
    if not found:
        click.echo("There is no study yet.\nNext: volopt run grid")
    for study, definition in found:
        against = standing(study)
        _print(summary(study, definition), against.sentences() if against else [])


def _all(opened: "RetryingStorage") -> list[Any]:
    """Return the studies and their definitions, and say which are damaged; raises StorageError where all are."""
    from volopt.studies.study import find, names

    found, damaged = [], []
    for name in names(opened):
        try:
            found.append(find(opened, name))
        except StorageError as error:
            damaged.append(error)
    if damaged and not found:
        raise damaged[0]
    for each in damaged:
        click.echo(f"{sentence(each.message)}\nHint: {sentence(each.hint)}", err=True)
    return found


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
