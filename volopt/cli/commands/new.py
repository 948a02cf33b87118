"""``volopt new``: write a commented study file."""

from pathlib import Path

import click

from volopt.errors import UsageError


@click.command("new", epilog="Example: volopt new my_study")
@click.argument("name")
def command(name: str) -> None:
    """Write the commented study file NAME.toml into this directory."""
    from volopt.definition.load import read
    from volopt.definition.template import template

    path, text = Path(f"{name}.toml"), template(name)
    read(text, str(path))  # refuses a name that no study can have, before it becomes a path
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already", "choose another name") from error
    except OSError as error:
        hint = "change to a directory that you may write to"
        raise UsageError(f"cannot write {path}: {error.strerror}", hint) from error
    click.echo(f"Wrote {path}\nNext: volopt check {path}")
