"""``volopt findings``: test the paper's claims."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, print_table, say, show, warn_if_synthetic
from volopt.figures import words
from volopt.report.blocks import error_sentences

if TYPE_CHECKING:
    from volopt.claims.findings import Finding

EFFECT = "the effect is"
COLUMNS = ("claim", "study", "verdict", "effect", "95 % interval", "p", "seeds", EFFECT)


@click.command("findings", epilog="Examples: volopt findings    volopt findings published grid10 --json")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completion.studies)
@click.option("--all", "shows_all", is_flag=True, help="List the claims on studies with too few seeds, too.")
@options.storage
@options.as_json
def command(names: tuple[str, ...], shows_all: bool, storage: str, as_json: bool) -> None:
    """Test each claim of the paper on all stored studies, or on the studies NAME.

    A claim needs a study that trains the same networks as a shipped study file, with at least 8 seeds.
    """
    from volopt.claims.findings import evaluate_claims
    from volopt.claims.lookup import find_studies
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.study import names as all_names

    opened = options.open_storage(storage)
    findings = evaluate_claims(find_studies(opened, names or all_names(opened), artifacts_of(opened)))
    if as_json:
        print_json([each.facts() for each in findings])
    else:
        _print(findings, options.storage_argument(storage), shows_all=shows_all)


def _print(findings: Sequence["Finding"], storage: str, *, shows_all: bool) -> None:
    run = [each for each in findings if each.outcome is not None]
    few = [] if shows_all else [each for each in run if each.commands]
    for topic, group in groupby([each for each in run if each not in few], key=lambda each: each.claim.topic):
        rows = [
            (each.claim.text, each.study, each.verdict, *_numbers(each), each.claim.effect)
            for each in sorted(group, key=lambda each: each.study)
        ]
        print_table(COLUMNS, rows, f"{topic[0].upper()}{topic[1:]}", folds=["claim", EFFECT], optional=[EFFECT, "p"])
        say("")
    for study, group in groupby(sorted(few, key=lambda each: each.study), key=lambda each: each.study):
        _print_few(study, list(group), storage)
    missing = Counter(each.study for each in findings if each.outcome is None)
    if missing:
        say("Not run: claims on " + ", ".join(f"{study} ({count})" for study, count in missing.items()))
    for line in dict.fromkeys(error_sentences(each.broken) for each in findings if each.broken):
        say(line, err=True)
    told = {command for each in few for command in each.commands}
    commands = [
        command for command in dict.fromkeys(c for each in findings for c in each.commands) if command not in told
    ]
    if commands:
        say("To complete these claims, run\n  " + "\n  ".join(f"{command}{storage}" for command in commands))
    if any("published" in command for command in commands):
        say("There, published and published_volume need --data DIR: the directory of the paper's two CSV files.")
    warn_if_synthetic(any(each.synthetic for each in run))


def _print_few(study: str, findings: Sequence["Finding"], storage: str) -> None:
    from volopt.comparison.statistics import MIN_SEEDS

    seeds = max(each.outcome.n for each in findings if each.outcome)
    commands = dict.fromkeys(f"{command}{storage}" for each in findings for command in each.commands)
    say(
        f"{study} has {words.seeds(seeds)}, too few for its {len(findings)} claims, which take {MIN_SEEDS} (--all "
        f"lists them): `{' && '.join(commands)}`"
    )


def _numbers(finding: "Finding") -> tuple[object, ...]:
    outcome = finding.outcome
    assert outcome is not None
    return outcome.effect, f"{show(outcome.low)} … {show(outcome.high)}", finding.p, outcome.n
