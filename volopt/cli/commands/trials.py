"""``volopt trials``: show the trials of a study."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import completion, options
from volopt.cli.output import is_terminal, print_json, say
from volopt.definition.plain_text import plain
from volopt.errors import StudyError, UsageError

if TYPE_CHECKING:
    from volopt.figures.study_view import StudyView
    from volopt.studies.trial_query import TrialQuery

ROWS_ON_A_TERMINAL = 20
STATES = ("complete", "pruned", "failed", "running", "waiting")


@click.command(
    "trials",
    epilog="Examples: volopt trials grid --top 5    volopt trials grid --columns cell,window,valid_mse    "
    "volopt trials grid 3",
)
@click.argument("name", shell_complete=completion.studies)
@click.argument("number", type=click.IntRange(min=0), required=False, shell_complete=completion.numbers)
@click.option(
    "--sort",
    metavar="COLUMN",
    help="A metric, the best first, or another column, the smallest first; default: the objective. --json keeps the "
    "order of the numbers.",
)
@click.option(
    "--top",
    type=options.COUNT,
    metavar="N",
    help=f"Show the first N trials; default: {ROWS_ON_A_TERMINAL} on a terminal, all in a file, a pipe or --json.",
)
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only these trials; repeatable.")
@click.option(
    "--columns",
    metavar="A,B,…",
    help="Only these: metrics, parameters, state, phases, value, seconds, reason.",
)
@options.storage
@options.as_json
def command(
    name: str,
    number: int | None,
    sort: str | None,
    top: int | None,
    states: tuple[str, ...],
    columns: str | None,
    storage: str,
    as_json: bool,
) -> None:
    """Show the trials of the study NAME with the baselines, or all metrics and seeds of its trial NUMBER.

    NUMBER also shows the scores of the trial in each of several valid periods, and on each instrument of a panel.
    """
    from volopt.studies.trial_query import VALUE, TrialQuery

    shown = [column.strip() for column in columns.split(",")] if columns else []
    view = options.open_study(storage, name, any_name=True)
    if number is not None:
        if sort or top or states or shown:
            raise UsageError(
                "--sort, --top, --state and --columns are for the table of all trials",
                f"remove them, or the number {number}",
            )
        _print_one(view, number, as_json=as_json)
    elif as_json:
        _print_json(view, TrialQuery(view.metric, states, sort or (VALUE if top else None), top), shown)
    else:
        _print_table(view, TrialQuery(view.metric, states, sort or VALUE, top), shown)


def _print_one(view: "StudyView", number: int, *, as_json: bool) -> None:
    from volopt.cli.trial_table import print_instruments, print_periods, print_trial
    from volopt.studies.listing import instruments

    rows = view.rows
    if number >= len(rows):
        raise StudyError(
            f'the study "{view.name}" has no trial {number}', f"it has {len(rows)} trials, numbered from 0"
        )
    scores = instruments(view.study, number, view.artifacts) if as_json or view.is_panel else []
    if as_json:
        print_json([rows[number] | {"instruments": scores}])
        return
    print_trial(rows[number], view.baselines)
    if periods := rows[number].get("periods"):
        print_periods(periods)
    if view.is_panel:
        print_instruments(scores, view.baselines)


def _print_json(view: "StudyView", query: "TrialQuery", columns: Sequence[str]) -> None:
    from volopt.studies.trial_query import check_columns, read

    if view.rows:
        check_columns(columns, view.rows)
    rows: Sequence[Mapping[str, Any]] = query.select(view.rows)
    if columns:
        rows = [{"number": row["number"], **{name: read(row, name) for name in columns}} for row in rows]
    print_json(rows)


def _print_table(view: "StudyView", query: "TrialQuery", columns: Sequence[str]) -> None:
    from volopt.cli.trial_table import print_trials
    from volopt.studies.trial_query import check_columns

    if not view.rows:
        say(f'The study "{plain(view.name)}" has no trials yet.')
        return
    check_columns(columns, view.rows)
    rows = query.select(view.rows)
    limit = ROWS_ON_A_TERMINAL if query.top is None and is_terminal() else len(rows)
    print_trials(rows[:limit], view.baselines, view.metric, columns=columns)
    if len(rows) > limit:
        say(f"{len(rows) - limit} more trials: --top {len(rows)} shows all.")
