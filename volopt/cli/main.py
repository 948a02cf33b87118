"""The ``volopt`` command: finds the command's file when it is called, and turns errors into exit codes, here alone.

0 done, 1 expected failure, 2 wrong usage or bad study file or data, 3 unexpected, 130 interrupted.
"""

import io
import json
import os
import signal
import sys

import click

import volopt
from volopt.cli.codes import INTERRUPTED, UNEXPECTED
from volopt.cli.lazy import LazyGroup
from volopt.errors import DefinitionError, VoloptError, sentence

cli = LazyGroup(
    package="volopt.cli.commands",
    summaries={
        "run": "Create or resume a study.",
        "check": "Validate a study file against its data.",
        "studies": "List the study files that ship.",
        "new": "Write a commented study file to start from.",
        "status": "Show the studies in the storage.",
        "trials": "Show the trials of a study.",
        "dashboard": "Watch the studies in the browser.",
        "plot": "Draw figures of a study.",
        "report": "Write one HTML file about a study.",
        "export": "Write trials, seeds, curves and predictions as tables.",
        "findings": "Test the paper's claims on stored studies.",
        "compare": "Compare two trials of a study, seed by seed and day by day.",
        "refit": "Train a study's configuration on everything, as a forecaster.",
        "predict": "Forecast the next trading day.",
        "backtest": "Walk a study's configuration forward over past years.",
        "delete": "Delete a study and its artifacts.",
        "data": "Get, make and check data directories.",
        "bench": "Measure the speed and memory of volopt on this machine.",
    },
    name="volopt",
    help="Find out which hyper-parameters matter when a recurrent network forecasts trading volume.\n\n"
    "Example: volopt run grid",
    context_settings={"help_option_names": ["-h", "--help"]},
)
click.version_option(volopt.__version__, prog_name="volopt")(cli)


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill ends a run as Ctrl-C does
    try:
        code = cli.main(prog_name="volopt", standalone_mode=False)
    except VoloptError as error:
        code = _say(error)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        click.echo(_safe(told.getvalue()), err=True, nl=False)
        _say_json(_safe(error.format_message()), "see --help")
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. What is finished is kept; the same command goes on from there.", err=True)
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:  # the world's fault, met where nobody had more to say about it
        code = _say(
            VoloptError(f"{error.filename or 'the system'}: {error.strerror}", "check path, space and permissions")
        )
    except Exception:
        code = _unexpected()
    sys.exit(code)


def _say(error: VoloptError) -> int:
    message, hint = _safe(error.message), _safe(error.hint)
    click.echo(f"Error: {sentence(message)}", err=True)
    mistakes = error.mistakes if isinstance(error, DefinitionError) else ()
    for mistake in mistakes:
        click.echo(f"  - {mistake}", err=True)
    if hint:
        click.echo(f"Hint: {sentence(hint)}", err=True)
    _say_json(": ".join([message, "; ".join(mistakes)]) if mistakes else message, hint)
    return error.exit_code


def _say_json(message: str, hint: str) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": message, "hint": hint}))


def _safe(text: str) -> str:
    """Return a text without the password of a URL, and without what steers a terminal."""
    from volopt.definition.plain import plain
    from volopt.storage.database.address import without_passwords

    return "\n".join(map(plain, without_passwords(text).split("\n")))


def _unexpected() -> int:
    from volopt.cli.unexpected import report

    _say_json("unexpected error", f"see {report()}")
    return UNEXPECTED
