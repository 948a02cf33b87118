"""Print what volopt logs: warnings always, all steps with ``-v``; write the last lines to a file after a defect."""

import json
import logging
import sys
import tempfile
import traceback
from collections import deque
from collections.abc import Callable

import click
from rich.console import Console
from rich.text import Text

from volopt.storage.database.address import without_passwords

MAX_LINES = 200  # in an error report

recent_lines: deque[str] = deque(maxlen=MAX_LINES)


class _LineHandler(logging.Handler):
    """Pass each line to a function."""

    def __init__(self, write: Callable[[str], object], form: str, time: str | None = None) -> None:
        super().__init__()
        self._write = write
        self.setFormatter(logging.Formatter(form, time))

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        self._write(self.format(record))


def log_to(console: Console, *, verbose: bool) -> None:
    """Print volopt's log on ``console``, above a progress bar, and keep its last lines in ``recent_lines``."""
    log = logging.getLogger("volopt")
    log.setLevel(logging.INFO)
    log.propagate = False
    shown = _LineHandler(lambda line: console.print(Text(line), soft_wrap=True), "%(asctime)s %(message)s", "%H:%M:%S")
    shown.setLevel(logging.INFO if verbose else logging.WARNING)
    log.handlers = [shown, _LineHandler(recent_lines.append, "%(asctime)s %(name)s: %(message)s")]


def report_unexpected() -> str:
    """Write the exception that is being handled to a log file without passwords, print its name, and return it."""
    from volopt.storage.run_record import versions

    content = "\n".join([json.dumps(versions()), " ".join(sys.argv), *recent_lines, traceback.format_exc()])
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="volopt-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(without_passwords(content))
        name = file.name
    except OSError:
        click.echo(without_passwords(content), err=True)
        name = "the text above"
    click.echo(f"Error: unexpected error; {name} has the details.", err=True)
    click.echo(
        "Hint: this is a defect of volopt. Please report it with that file and your study file. The file has versions, "
        "the command and the last log lines; it has no data and no passwords. Finished work is kept.",
        err=True,
    )
    return name
