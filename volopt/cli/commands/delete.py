"""``volopt delete``: remove a study and its artifacts."""

import contextlib

import click

from volopt.cli import options


@click.command("delete", epilog="Example: volopt delete grid --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.storage
def command(name: str, yes: bool, storage: str) -> int:
    """Delete the study NAME with its artifacts; kept fits stay, for other studies."""
    import optuna

    from volopt.cli.opening import open_storage
    from volopt.storage.artifacts import artifacts_of
    from volopt.storage.database.connect import connect
    from volopt.storage.lock import study_lock
    from volopt.studies.listing import counts
    from volopt.studies.study import find

    opened = open_storage(storage)
    study, _ = find(opened, name)
    if not yes and not click.confirm(f"Delete {name} with its {sum(counts(study).values())} trials?"):
        click.echo("Nothing was deleted.")
        return 1
    with (
        study_lock(opened.where, name) as lock,
        contextlib.closing(connect(storage, write=True, guard=lock.renew)) as writer,
    ):
        study, _ = find(writer, name)
        removed = artifacts_of(opened).remove(study)
        optuna.delete_study(study_name=name, storage=study._storage)
    click.echo(f"Deleted {name} and {removed} artifacts.")
    return 0
