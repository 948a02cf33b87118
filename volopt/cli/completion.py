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
    import optuna

    from volopt.definition.schema import Definition
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


def _of_study(
    context: click.Context, candidates: "Callable[[optuna.Study, Definition], Iterable[str]]"
) -> Iterable[str]:
    from volopt.studies.study import find

    name = context.params.get("name")  # click has no arguments yet where it completes the value of an option
    if name and (storage := _storage(context)):
        with closing(storage):
            return candidates(*find(storage, name))
    return []


def _numbers(context: click.Context) -> Iterable[str]:
    def numbers(study: "optuna.Study", _: "Definition") -> Iterable[str]:
        return [str(trial.number) for trial in study.get_trials(deepcopy=False)[:MAX_TRIALS]]

    return _of_study(context, numbers)


def _trials(context: click.Context) -> Iterable[str]:
    from volopt.comparison.comparands import BEST, LIKELY, SIMPLEST

    return [LIKELY, SIMPLEST, BEST, *_numbers(context)]


def _comparands(context: click.Context) -> Iterable[str]:
    from volopt.baselines.methods import baselines_of

    baselines = _of_study(context, lambda _, definition: baselines_of(definition.data.static))
    return [*baselines, *_trials(context)]


def _kinds(context: click.Context) -> Iterable[str]:
    from volopt.cli.commands.plot import ALL
    from volopt.figures.kinds import KINDS

    return [*KINDS, ALL]


studies, study_files = _completion(_studies), _completion(_study_files)
numbers, trials, comparands = _completion(_numbers), _completion(_trials), _completion(_comparands)
kinds = _completion(_kinds)
