"""``volopt studies``: list the shipped study files."""

import click

from volopt.cli import options
from volopt.cli.output import print_json, print_table, say


@click.command("studies", epilog="Example: volopt studies")
@options.as_json
def command(as_json: bool) -> None:
    """List the shipped study files. `volopt run` takes their names."""
    from volopt.definition.load import load, shipped

    definitions = {path: load(str(path)) for path in shipped()}
    if as_json:
        print_json([{"name": each.name, "title": each.title, "path": str(path)} for path, each in definitions.items()])
        return
    print_table(
        ["study", "phases", "title"],
        [(each.name, ", ".join(phase.name for phase in each.phases), each.title) for each in definitions.values()],
        folds=["phases", "title"],
    )
    say("\nNext: volopt run grid --dry-run")
