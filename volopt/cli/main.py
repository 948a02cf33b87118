"""The ``volopt`` command. This module alone turns errors into messages and exit codes.

0 done, 1 expected failure, 2 wrong usage or bad study file or data, 3 unexpected, 130 interrupted.
"""

import gc
import io
import json
import signal
import sys

import click

import volopt
from volopt.cli import INTERRUPTED
from volopt.cli.lazy import LazyGroup
from volopt.cli.streams import replace_streams
from volopt.errors import DefinitionError, VoloptError, sentence

UNEXPECTED = 3

cli = LazyGroup(
    package="volopt.cli.commands",
    summaries={
        "run": "Create or resume a study.",
        "check": "Validate a study file against its data.",
        "studies": "List the shipped study files.",
        "new": "Write a commented study file.",
        "status": "Show the studies in the storage.",
        "trials": "Show the trials of a study.",
        "best": "Show which trials may be the best, and how sure that is.",
        "dashboard": "Watch the studies in the browser.",
        "plot": "Draw figures of a study.",
        "report": "Write one HTML file about a study.",
        "export": "Write trials, seeds, curves and predictions as tables.",
        "findings": "Test the paper's claims on stored studies.",
        "compare": "Compare two trials of a study, seed by seed and day by day.",
        "refit": "Train a study's configuration on all days, as a forecaster.",
        "predict": "Forecast the next trading day.",
        "backtest": "Test a study's configuration by walk-forward over past years.",
        "delete": "Delete a study and its artifacts.",
        "data": "Download, import, generate and check data.",
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
    gc.set_threshold(50_000)  # the default collects hundreds of times during imports, a sixth of the start
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does
    replace_streams()
    try:
        code = cli.main(prog_name="volopt", standalone_mode=False)
    except VoloptError as error:
        code = _report(error)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(_safe(shown.getvalue()), err=True, nl=False)
        _report_json(_safe(error.format_message()), "see --help")
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. The same command continues; finished work is kept.", err=True)
        code = INTERRUPTED
    except OSError as error:  # that no other module explains
        code = _report(
            VoloptError(f"{error.filename or 'the system'}: {error.strerror}", "check path, space and permissions")
        )
    except Exception:
        from volopt.cli.logs import report_unexpected

        _report_json("unexpected error", f"see {report_unexpected()}")
        code = UNEXPECTED
    sys.exit(code)


def _report(error: VoloptError) -> int:
    from volopt.cli.output import say  # imports rich, which help does without

    message, hint = _safe(error.message), _safe(error.hint)
    say(f"Error: {sentence(message)}", err=True)
    mistakes = error.mistakes if isinstance(error, DefinitionError) else ()
    for mistake in mistakes:
        say(f"  - {mistake}", err=True)
    if hint:
        say(f"Hint: {sentence(hint)}", err=True)
    _report_json(": ".join([message, "; ".join(mistakes)]) if mistakes else message, hint)
    return error.exit_code


def _report_json(message: str, hint: str) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": message, "hint": hint}))


def _safe(text: str) -> str:
    """Return a text without passwords of URLs and without control characters."""
    from volopt.definition.plain_text import plain
    from volopt.storage.database.address import without_passwords

    return "\n".join(map(plain, without_passwords(text).split("\n")))
