"""``volopt status``: show the studies in the storage."""

from typing import TYPE_CHECKING, Any

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic
from volopt.definition.plain_text import plain
from volopt.errors import StorageError, sentence
from volopt.figures import words

RENAMED = (
    "Another program gave the study this name, and only status, trials, export and delete take it. To go on, rename it "
    'in `volopt dashboard`, with letters, digits and "._-".'
)
MAX_FOREIGN = 10  # studies that are named

if TYPE_CHECKING:
    from volopt.storage.database.retrying import RetryingStorage


@click.command("status", epilog="Example: volopt status grid")
@click.argument("name", shell_complete=completion.studies, required=False)
@options.storage
@options.as_json
def command(name: str | None, storage: str, as_json: bool) -> None:
    """Show all studies in the storage, or the study NAME."""
    from volopt.studies.best_trial import best_trial
    from volopt.studies.listing import summary
    from volopt.studies.study import find, foreign_names

    database = options.open_storage(storage)
    studies = [find(database, name, any_name=True)] if name else _readable_studies(database)
    if as_json:
        print_json({"storage": database.address.shown, "studies": [summary(*each) for each in studies]})
        return
    if not studies:
        say("There is no study yet.\nNext: volopt run grid")
    for study, definition in studies:
        best = best_trial(study)
        _print(summary(study, definition), best.sentences() if best else [])
    if not name and (others := foreign_names(database)):
        shown = ", ".join(f'"{plain(each)}"' for each in others[:MAX_FOREIGN])
        say(f"Studies of other programs, which volopt leaves as they are ({len(others)}): {shown}")


def _readable_studies(database: "RetryingStorage") -> list[Any]:
    """Return studies with their definitions, and print which are damaged; raises StorageError where all are."""
    from volopt.studies.study import find, names

    readable, errors = [], []
    for name in names(database, any_name=True):
        try:
            readable.append(find(database, name, any_name=True))
        except StorageError as error:
            errors.append(error)
    if errors and not readable:
        raise errors[0]
    for damage in errors:
        say(f"{sentence(damage.message)}\nHint: {sentence(damage.hint)}", err=True)
    return readable


def _print(facts: dict[str, Any], sentences: list[str]) -> None:
    from volopt.studies.listing import known_sentences
    from volopt.studies.study import is_name

    say(f"{plain(facts['name'])}: {facts['title']}")
    if not is_name(facts["name"]):
        say(RENAMED)
    warn_if_synthetic(facts["data"]["synthetic"])
    say(f"Data {facts['data']['provider']}")
    print_table(
        ["phase", "sampler", "trials"],
        [(phase["name"], phase["sampler"], f"{phase['done']}/{phase['total']}") for phase in facts["phases"]],
    )
    counts = [f"{number} {state}" for state, number in facts["trials"].items() if number]
    say(", ".join(counts) or "no trials yet")
    best = facts["best"]
    if best:
        say(f"Best: trial {best['number']}, {best['value']:.5g} ({words.params(best['params'])})")
    say("\n".join([*known_sentences(facts["phases"]), *sentences, ""]))
