"""Options that several commands share; the environment variables of the same names give their defaults."""

from pathlib import Path

import click

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
data = click.option(
    "--data",
    envvar="VOLOPT_DATA",
    show_envvar=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The data directory; else ~/.qlib/qlib_data/cn_data, else a synthetic sample.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
