"""``volopt trials``: the trials of a study."""

import click

from volopt.cli import options
from volopt.cli.output import print_json, print_table, show_params


@click.command("trials", epilog="Example: volopt trials grid --json")
@click.argument("name")
@options.storage
@options.as_json
def command(name: str, storage: str, as_json: bool) -> None:
    """Show the trials of the study NAME."""
    from volopt.search.listing import trials
    from volopt.search.study import find
    from volopt.storage.connect import connect

    study, definition = find(connect(storage), name)
    found = trials(study, definition)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo(f'The study "{name}" has no trials yet.')
        return
    rows = [
        (
            t["number"],
            t["state"],
            ", ".join(t["phases"]),
            t["value"],
            t["metrics"].get("train_mse"),
            t["metrics"].get("test_mse"),
            t["reason"] or show_params(t["params"]),
        )
        for t in found
    ]
    print_table(
        [
            "trial",
            "state",
            "phases",
            definition.objective.metric,
            "train_mse",
            "test_mse",
            "parameters or reason",
        ],
        rows,
    )
