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
    """Show the trials of the study NAME beside the baselines, or every metric and seed of its trial NUMBER.

    Of a panel study, NUMBER also shows how the mean of the trial's forecasts does on each instrument.
    """
    from volopt.cli.opening import open_storage
    from volopt.cli.trial_table import print_instruments, print_trial, print_trials
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.listing import instruments, trials
    from volopt.studies.study import baselines, find

    opened = open_storage(storage)
    study, definition = find(opened, name)
    found = trials(study, definition)
    if number is not None and number >= len(found):
        raise StudyError(f'the study "{name}" has no trial {number}', f"it has {len(found)} trials, counted from 0")
    if number is None:
        if as_json:
            print_json(found)
        elif not found:
            click.echo(f'The study "{name}" has no trials yet.')
        else:
            print_trials(found, baselines(study), definition.objective.metric)
        return
    is_panel = definition.data.is_panel
    each = instruments(study, number, artifacts_of(opened)) if as_json or is_panel else []
    if as_json:
        print_json([found[number] | {"instruments": each}])
        return
    print_trial(found[number], baselines(study))
    if is_panel:
        print_instruments(each, baselines(study))
