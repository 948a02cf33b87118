"""``volopt trials``: the trials of a study."""

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
    """Show the trials of the study NAME beside the baselines, or every metric and seed of its trial NUMBER."""
    from volopt.cli.opening import open_storage
    from volopt.cli.trial_table import print_trial, print_trials
    from volopt.search.listing import trials
    from volopt.search.study import baselines, find

    study, definition = find(open_storage(storage), name)
    found = trials(study, definition)
    if number is not None and number >= len(found):
        raise StudyError(f'the study "{name}" has no trial {number}', f"it has {len(found)} trials, counted from 0")
    chosen = found if number is None else [found[number]]
    if as_json:
        print_json(chosen)
    elif not found:
        click.echo(f'The study "{name}" has no trials yet.')
    elif number is None:
        print_trials(found, baselines(study), definition.objective.metric)
    else:
        print_trial(found[number], baselines(study))
