"""``volopt delete``: delete a study and its artifacts."""

from contextlib import closing

import click

from volopt.cli import completion, options


@click.command("delete", epilog="Example: volopt delete grid --yes")
@click.argument("name", shell_complete=completion.studies)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.storage
def command(name: str, yes: bool, storage: str) -> int:
    """Delete the study NAME and its artifacts. Stored fits stay: other studies can reuse them."""
    import optuna

    from volopt.definition.plain_text import plain
    from volopt.storage.artifacts import artifacts_of
    from volopt.storage.database.connect import connect
    from volopt.storage.lock import study_lock
    from volopt.studies.study import find

    opened = options.open_storage(storage)
    study, _ = find(opened, name, any_name=True)
    name = study.study_name
    if not yes and not click.confirm(f"Delete {plain(name)} with its {len(study.get_trials(deepcopy=False))} trials?"):
        click.echo("Nothing was deleted.")
        return 1
    with study_lock(opened.address, name) as renew, closing(connect(storage, write=True, guard=renew)) as writer:
        removed = artifacts_of(opened).remove(find(writer, name, any_name=True)[0])
        optuna.delete_study(study_name=name, storage=writer)
    click.echo(f"Deleted {plain(name)} and {removed} artifacts.")
    return 0
