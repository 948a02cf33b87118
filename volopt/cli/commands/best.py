"""Run ``volopt best``: show which trials may be the best, and how sure that is."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli import INTERRUPTED, completion, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic
from volopt.figures import words

if TYPE_CHECKING:
    from volopt.search.confirm import Confirmation
    from volopt.selection.evaluation import EvaluatedTrial, Evaluation

MAX_ROWS = 20
COLUMNS = ("trial", "value", "95 % interval", "best in", "regret", "weights", "s a fit", "seeds", "parameters")
OPTIONAL = ("s a fit", "seeds", "weights", "regret")  # a narrow terminal leaves these out in this order


@click.command("best", epilog="Examples: volopt best grid    volopt best grid --confirm 20")
@click.argument("name", shell_complete=completion.studies)
@click.option(
    "--confirm",
    "fits",
    type=options.COUNT,
    metavar="N",
    help="Train up to N more fits, new seeds of the trials that cannot be told from the best.",
)
@options.workers
@options.device
@options.data_option("the data that the study was run on; for --confirm")
@options.storage
@options.as_json
def command(
    name: str, fits: int | None, workers: int | None, device: str, data: Path | None, storage: str, as_json: bool
) -> int:
    """Show which trials of the study NAME may be the best, and how sure that is.

    All comes from a bootstrap over seeds and valid days. A trial's regret is how much worse than the best it is, on
    average over draws. An asterisk marks the trials that cannot be told from the best with 90 % confidence.
    """
    confirmation = _confirm(name, fits, storage, data=data, workers=workers, device=device) if fits else None
    if fits and confirmation is None:
        say("Interrupted. Finished fits are kept; `volopt best --confirm` goes on with them.", err=True)
        return INTERRUPTED
    view = options.open_study(storage, name)
    evaluation = view.evaluation
    if as_json:
        print_json(_facts(view.study, evaluation, confirmation))
        return 0
    warn_if_synthetic(view.synthetic)
    _print(evaluation)
    if confirmation is not None:
        _print_confirmation(confirmation)
    elif evaluation.fits_to_confirm:
        command = f"volopt best {name} --confirm {evaluation.fits_to_confirm}{options.storage_argument(storage)}"
        say(f"Next: {command}   (trains more seeds)")
    return 0


def _confirm(name: str, fits: int, storage: str, **training: Any) -> "Confirmation | None":
    """Train more seeds; None where the user interrupts it."""
    from volopt.cli.progress import ConfirmProgress
    from volopt.search.confirm import ConfirmOptions, confirm

    try:
        with ConfirmProgress(fits) as progress:
            return confirm(name, ConfirmOptions(storage, fits, **training), progress)
    except KeyboardInterrupt:
        return None


def _facts(study: Any, evaluation: "Evaluation", confirmation: "Confirmation | None") -> dict[str, Any]:
    from volopt.studies.study import confirmed

    added = [{"trial": each.trial, "seed": each.seed, "value": each.value} for each in confirmed(study)]
    facts = {**evaluation.facts(), "confirmed": added}
    if confirmation is not None:
        failed = [fit._asdict() for fit in confirmation.failed]
        facts |= {"rounds": confirmation.rounds, "added": len(confirmation.added), "failed": failed}
    return facts


def _print(evaluation: "Evaluation") -> None:
    from volopt.cli.trial_table import constant_params
    from volopt.selection import sentences

    shown = [*evaluation.members, *(trial for trial in evaluation.trials if not trial.in_set)]
    title = f"{evaluation.metric} of study {evaluation.study}; * cannot be told from the best"
    constant = constant_params([trial.params for trial in shown[:MAX_ROWS]])
    if constant:
        title += f"\nEach trial below has {words.params(constant)}"
    rows = [_row(trial, constant) for trial in shown[:MAX_ROWS]]
    print_table(COLUMNS, rows, title, folds=["parameters"], optional=OPTIONAL)
    if len(shown) > MAX_ROWS:
        say(f"{len(shown) - MAX_ROWS} more: --json lists all.")
    added = [trial for trial in shown if trial.confirmed]
    if added:
        values = ", ".join(f"trial {trial.number} {words.number(trial.value)}" for trial in added[:MAX_ROWS])
        say(f"Values include the seeds of --confirm; without them: {values}.")
    say("")
    for sentence in (
        sentences.about_set(evaluation),
        sentences.about_likely(evaluation),
        sentences.about_simplest(evaluation),
        sentences.about_expected(evaluation),
        *sentences.notes(evaluation),
    ):
        say(sentence)


def _row(trial: "EvaluatedTrial", constant: Collection[str]) -> tuple[object, ...]:
    from volopt.cli.trial_table import varied_text

    interval = None if trial.interval is None else " to ".join(map(words.number, trial.interval))
    return (
        f"{trial.number}{'*' if trial.in_set else ''}",
        trial.estimate,
        interval,
        f"{trial.p_best:.0%}",
        None if trial.regret is None else f"{trial.regret:.2g}",
        f"{trial.weights:,}",
        None if trial.seconds is None else f"{trial.seconds:.3g}",
        trial.seeds,
        varied_text(trial.params, constant),
    )


def _print_confirmation(confirmation: "Confirmation") -> None:
    if not confirmation.fits:
        say("Only one configuration is in the set, so there is nothing to confirm.")
        return
    count = len(confirmation.added)
    rounds = f"{confirmation.rounds} round{'s' * (confirmation.rounds != 1)}"
    say(f"Added {count} seed{'s' * (count != 1)} in {rounds}.")
    for fit in confirmation.failed:
        say(f"Seed {fit.seed} of trial {fit.trial} failed: {fit.reason}")
