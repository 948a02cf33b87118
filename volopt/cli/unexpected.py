"""The report of an error that volopt did not expect: a file to send, without passwords."""

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

import click

from volopt.storage.database.address import without_passwords


def report() -> str:
    """Write the exception that is being handled to a log file, say where it is, and return its name."""
    from volopt.cli.logs import recent
    from volopt.storage.record import versions

    content = "\n".join([json.dumps(versions()), " ".join(sys.argv), *recent, traceback.format_exc()])
    try:
        handle, name = tempfile.mkstemp(prefix="volopt-", suffix=".log")
        os.close(handle)
        Path(name).write_text(without_passwords(content))
    except OSError:  # nowhere to write to: better on the terminal than nowhere
        click.echo(without_passwords(content), err=True)
        name = "the text above"
    click.echo(f"Error: something went wrong that volopt did not expect; {name} holds the details.", err=True)
    click.echo(
        "Hint: this is a defect of volopt, please report it where you got volopt from, with that file and the study"
        " file. It holds versions, the command, and what was being done; no data and no password. What is finished is"
        " kept.",
        err=True,
    )
    return name
