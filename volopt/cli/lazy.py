"""Groups whose commands are imported when they are called."""

import importlib
import keyword

import click

from volopt.errors import did_you_mean


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that ``--help`` is instant.

    Args:
        package: the package the command modules are in; each holds a click command named ``command``. A name that
            is a word of Python's own has an underscore behind it, ``import_``.
        summaries: each command's name and one-line help.
    """

    def __init__(self, package: str, summaries: dict[str, str], **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # click's own keywords, passed on
        self._package, self._summaries = package, summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of a command."""
        if name not in self._summaries:
            return None
        module = f"{name}_" if keyword.iskeyword(name) else name
        found: click.Command = importlib.import_module(f"{self._package}.{module}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which name is nearest."""
        if args and args[0] not in self._summaries and not args[0].startswith("-"):
            raise click.UsageError(f'No such command "{args[0]}"{did_you_mean(args[0], self._summaries)}', ctx)
        return super().resolve_command(ctx, args)
