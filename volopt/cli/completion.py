"""Complete study names, study files, trials, baselines and figures in the shell.

A shell asks at each press of the tab key, so a server's database, which may be slow, is not asked, and errors complete
nothing.
"""

from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.errors import VoloptError

if TYPE_CHECKING:
    from volopt.storage.database.retrying import RetryingStorage

Completion = Callable[[click.Context, click.Parameter, str], list[str]]

MAX_TRIALS = 1000  # numbers that a shell can list


def _completion(candidates: Callable[[click.Context], Iterable[str]]) -> Completion:
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        with suppress(VoloptError):
            return [each for each in candidates(context) if each.startswith(incomplete)]
        return []

    return complete


def _storage(context: click.Context) -> "RetryingStorage | None":
    from volopt.cli.options import DEFAULT_STORAGE
    from volopt.storage.database.address import parse_address
    from volopt.storage.database.connect import connect

    url = context.params.get("storage") or DEFAULT_STORAGE
    return None if parse_address(url).file is None else connect(url)


def _studies(context: click.Context) -> Iterable[str]:
    from volopt.studies.study import names

    if storage := _storage(context):
        with closing(storage):
            return names(storage)
    return []


def _study_files(context: click.Context) -> Iterable[str]:
    from volopt.definition.load import shipped

    return [*(path.stem for path in shipped()), *sorted(map(str, Path().glob("*.toml")))]


def _numbers(context: click.Context) -> Iterable[str]:
    from volopt.studies.study import find

    name = context.params.get("name")  # click has no arguments yet where it completes the value of an option
    if name and (storage := _storage(context)):
        with closing(storage):
            study, _ = find(storage, name)
            return [str(trial.number) for trial in study.get_trials(deepcopy=False)[:MAX_TRIALS]]
    return []


def _trials(context: click.Context) -> Iterable[str]:
    from volopt.comparison.comparands import BEST, LIKELY, SIMPLEST

    return [LIKELY, SIMPLEST, BEST, *_numbers(context)]


def _comparands(context: click.Context) -> Iterable[str]:
    from volopt.baselines.methods import BASELINES

    return [*BASELINES, *_trials(context)]


def _kinds(context: click.Context) -> Iterable[str]:
    from volopt.cli.commands.plot import ALL
    from volopt.figures.kinds import KINDS

    return [*KINDS, ALL]


studies, study_files = _completion(_studies), _completion(_study_files)
numbers, trials, comparands = _completion(_numbers), _completion(_trials), _completion(_comparands)
kinds = _completion(_kinds)
