"""``volopt trials``: show the trials of a study."""

import click

from volopt.cli import options
from volopt.cli.output import print_json
from volopt.errors import StudyError


@click.command("trials", epilog="Examples: volopt trials grid --json    volopt trials grid 3")
@click.argument("name")
@click.argument("number", type=click.IntRange(min=0), required=False)
@options.storage
@options.as_json
def command(name: str, number: int | None, storage: str, as_json: bool) -> None:
    """Show the trials of the study NAME with the baselines, or all metrics and seeds of its trial NUMBER.

    NUMBER also shows the scores of the trial in each of several valid periods, and on each instrument of a panel.
    """
    from volopt.cli.trial_table import print_instruments, print_periods, print_trial, print_trials
    from volopt.studies.listing import instruments

    view = options.open_study(storage, name)
    rows = view.rows
    if number is not None and number >= len(rows):
        raise StudyError(f'the study "{name}" has no trial {number}', f"it has {len(rows)} trials, numbered from 0")
    if number is None:
        if as_json:
            print_json(rows)
        elif not rows:
            click.echo(f'The study "{name}" has no trials yet.')
        else:
            print_trials(rows, view.baselines, view.metric)
        return
    scores = instruments(view.study, number, view.artifacts) if as_json or view.is_panel else []
    if as_json:
        print_json([rows[number] | {"instruments": scores}])
        return
    print_trial(rows[number], view.baselines)
    if periods := rows[number].get("periods"):
        print_periods(periods)
    if view.is_panel:
        print_instruments(scores, view.baselines)
