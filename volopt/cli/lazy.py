"""A group of commands that imports a command when it is called."""

import importlib
import keyword

import click

from volopt.errors import did_you_mean


class LazyGroup(click.Group):
    """Import a command when it is called, so that ``--help`` is instant.

    Args:
        package: of the modules, one for each command, each with a click command named ``command``. A Python keyword
            has an underscore behind it, ``import_``.
        summaries: the one-line help of each command by name.
    """

    def __init__(self, package: str, summaries: dict[str, str], **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # click's keywords
        self._package, self._summaries = package, summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of a command."""
        if name not in self._summaries:
            return None
        module = f"{name}_" if keyword.iskeyword(name) else name
        command: click.Command = importlib.import_module(f"{self._package}.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the error names the nearest one."""
        if args and args[0] not in self._summaries and not args[0].startswith("-"):
            raise click.UsageError(f'No such command "{args[0]}"{did_you_mean(args[0], self._summaries)}', ctx)
        return super().resolve_command(ctx, args)
