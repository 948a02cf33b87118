"""The commands and options that volopt's own sentences name."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import volopt
from volopt.cli.main import cli

PACKAGE = Path(volopt.__file__).parent
COMMAND = re.compile(r"`volopt ([a-z][^`{\n\"']*)")


def named() -> Iterator[tuple[str, str]]:
    """Yield each command line that the code names in backticks, with its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for words in COMMAND.findall(path.read_text()):
            yield str(path.relative_to(PACKAGE)), words.strip()


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the first words name, and the others."""
    group: click.Command = cli
    while isinstance(group, click.Group):
        name, *words = words
        found = group.get_command(click.Context(group), name)
        assert found is not None, name
        group = found
        if not words:
            break
    return group, words


@pytest.mark.parametrize("words", sorted({words for _, words in named()}))
def test_a_command_that_a_sentence_names_exists_with_its_options(words: str) -> None:
    command, others = command_of(words.split())
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in others:
        if word.startswith("--"):
            assert word.partition("=")[0] in {*options, "--help"}, words


def test_the_code_names_many_commands() -> None:
    assert len({words for _, words in named()}) > 20
