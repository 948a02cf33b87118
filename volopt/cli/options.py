"""Options that several commands share, some with an environment variable; the storage and the study that they name."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from volopt.api.arguments import DEFAULT_STORAGE as DEFAULT_STORAGE
from volopt.api.arguments import PRECISIONS

if TYPE_CHECKING:
    from volopt.figures.study_view import StudyView
    from volopt.storage.database.retrying import RetryingStorage

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
COUNT = click.IntRange(min=1)

storage = click.option(
    "--storage",
    envvar="VOLOPT_STORAGE",
    default=DEFAULT_STORAGE,
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="The database: sqlite:///FILE, or postgresql://USER@HOST/DATABASE.",
)
workers = click.option(
    "--workers",
    type=COUNT,
    envvar="VOLOPT_WORKERS",
    show_envvar=True,
    help="Processes that train; default: one for each core.",
)
device = click.option(
    "--device", envvar="VOLOPT_DEVICE", show_envvar=True, default="auto", help="auto, cpu, cuda or cuda:N."
)
precision = click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="highest",
    help="medium multiplies matrices in bfloat16 where the processor supports it and that is faster; results differ "
    "by rounding.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def data_option(default: str) -> Callable[[Command], Command]:
    """Return the option ``--data``; ``default`` describes its default."""
    return click.option(
        "--data",
        envvar="VOLOPT_DATA",
        show_envvar=True,
        type=PATH,
        metavar="DIR",
        help=f"The data directory; default: {default}.",
    )


data = data_option("~/.qlib/qlib_data/cn_data, or a synthetic sample where that does not exist")


def storage_argument(url: str) -> str:
    """Return the end of a command to run next that names the storage; empty where the command finds it by itself."""
    from volopt.storage.database.address import parse_address

    known = url in (DEFAULT_STORAGE, os.environ.get("VOLOPT_STORAGE"))
    return "" if known else f" --storage {shlex.quote(parse_address(url).shown)}"


def data_argument(directory: Path | None) -> str:
    """Return the end of a command to run next that names the data; empty where the command finds them by itself."""
    known = directory is None or str(directory) == os.environ.get("VOLOPT_DATA")
    return "" if known else f" --data {shlex.quote(str(directory))}"


def open_storage(url: str) -> "RetryingStorage":
    """Return the storage at a URL, for reading; it is closed when the command ends."""
    from volopt.storage.database.connect import connect

    storage = connect(url)
    click.get_current_context().call_on_close(storage.close)
    return storage


def open_study(url: str, name: str, *, any_name: bool = False) -> "StudyView":
    """Return a study of the storage at a URL, for reading; ``any_name`` as in ``studies.study.find``."""
    from volopt.figures.study_view import StudyView
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.study import find

    storage = open_storage(url)
    return StudyView(*find(storage, name, any_name=any_name), artifacts_of(storage))
