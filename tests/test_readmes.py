"""Every link, command and path in the READMEs exists."""

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import volopt
from volopt.baselines.methods import BASELINES
from volopt.cli.main import cli

ROOT = Path(__file__).parents[1]
FOLDERS = ("", "study", "storage", "tests/bench", "volopt", "volopt/executors/dask")
READMES = [path for folder in FOLDERS if (path := ROOT / folder / "README.md").exists()]
ANYWHERE = {"-h", "--help", "--version"}
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|\bsrc=\"([^\"]+)\"")
PATH = re.compile(r"[\w.-]+/[\w./-]*\.(?:py|toml|md)|(?:volopt|study|tests)/[\w./-]*")
each_readme = pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))


def prose(readme: Path) -> str:
    return FENCE.sub("", readme.read_text())


def code(readme: Path) -> Iterator[str]:
    """Yield the lines of code blocks, fenced or indented, and inline code."""
    for block in FENCE.findall(readme.read_text()):
        yield from block.splitlines()[1:-1]
    yield from re.findall(r"^    (\S.*)$", prose(readme), re.MULTILINE)
    yield from (" ".join(span.split()) for span in SPAN.findall(prose(readme)))


def calls(readme: Path, program: str) -> Iterator[list[str]]:
    """Yield the arguments of each command line that calls a program, without comments."""
    for line in code(readme):
        for command in re.split(r" && | \| |\s#", line):
            command = command.strip().removeprefix(".venv/bin/")
            if command.startswith(f"{program} "):
                yield shlex.split(command)[1:]


def used_options(arguments: list[str]) -> set[str]:
    return {argument.partition("=")[0] for argument in arguments if re.match(r"--?[a-z]", argument)}


def known_options(command: click.Command) -> set[str]:
    return {name for option in command.params if isinstance(option, click.Option) for name in option.opts}


def called(arguments: list[str]) -> click.Command:
    """Return the command that these arguments of volopt call."""
    command: click.Command = cli
    for argument in arguments:
        if not isinstance(command, click.Group) or argument == "COMMAND" or argument in ANYWHERE:
            break
        found = command.get_command(click.Context(command), argument)
        assert found, f"there is no command volopt {' '.join(arguments)}"
        command = found
    return command


def anchors(readme: Path) -> set[str]:
    """Return the anchors that GitHub makes of a file's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(readme), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_readme
def test_each_link_and_picture_exists(readme: Path) -> None:
    for target in ("".join(groups) for groups in LINK.findall(prose(readme))):
        name, _, anchor = target.partition("#")
        if not name.startswith(("https://", "http://")):
            file = readme.parent / name if name else readme
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target


@each_readme
def test_each_command_exists_with_its_options(readme: Path) -> None:
    for arguments in calls(readme, "volopt"):
        assert used_options(arguments) <= known_options(called(arguments)) | ANYWHERE, arguments


@each_readme
def test_each_benchmark_exists_with_its_options(readme: Path) -> None:
    for script, *arguments in calls(readme, "python"):
        if script.startswith("tests/"):
            source = (ROOT / script).read_text()
            assert all(f'add_argument("{option}"' in source for option in used_options(arguments)), (script, arguments)


@each_readme
def test_each_path_exists(readme: Path) -> None:
    for path in filter(PATH.fullmatch, code(readme)):
        assert (ROOT / path).exists() or (readme.parent / path).exists(), path


def test_the_table_of_commands_has_all_of_them_with_all_their_options() -> None:
    shared = {"--data", "--storage", "--json"}  # described once, below the table
    text = (ROOT / "study" / "README.md").read_text()
    rows = re.findall(r"^\| `volopt ([^`]+)` \|.*\|(.*)\|$", text, re.MULTILINE)
    listed = {called(call.split()): set(SPAN.findall(options)) for call, options in rows}
    for group in (cli, called(["data"])):
        assert isinstance(group, click.Group)
        for name in group.list_commands(click.Context(group)):
            command = called([name] if group is cli else ["data", name])
            if not isinstance(command, click.Group):
                assert listed.get(command) == known_options(command) - shared, name


@each_readme
def test_each_call_in_python_has_known_arguments(readme: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name("volopt"), attr=name)):
                    keywords = {str(keyword.arg): keyword.value for keyword in node.keywords}
                    inspect.signature(getattr(volopt, name)).bind(*node.args, **keywords)


def test_the_top_readme_has_at_most_10_kb() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 10_240


def test_the_tables_of_baselines_have_each_and_how_often_it_is_fitted_again() -> None:
    section = (ROOT / "study" / "README.md").read_text().partition("The baselines learn from")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE))
    assert list(rows) == list(BASELINES)
    for name, baseline in BASELINES.items():
        again = re.search(r"again every (\d+) trade days", rows[name])
        assert (int(again[1]) if again else None) == baseline.refit_days
