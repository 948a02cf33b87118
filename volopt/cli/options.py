"""Options that several commands share; the environment variables of the same names give their defaults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_STORAGE = "sqlite:///storage/volopt.db"

storage = click.option(
    "--storage",
    envvar="VOLOPT_STORAGE",
    default=DEFAULT_STORAGE,
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="The database: sqlite:///FILE, or postgresql://USER@HOST/DATABASE.",
)


def data_option(otherwise: str) -> Callable[[Command], Command]:
    """Return the option ``--data``; ``otherwise`` says which data are read without it."""
    return click.option(
        "--data",
        envvar="VOLOPT_DATA",
        show_envvar=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help=f"The data directory; else {otherwise}.",
    )


data = data_option("~/.qlib/qlib_data/cn_data, else a synthetic sample")
as_json = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
