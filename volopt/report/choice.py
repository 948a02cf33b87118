"""Show which trials may be the best, and how sure that is."""

import shlex
from collections.abc import Iterator

from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.report.blocks import MAX_ROWS, Block, SourceBlock, TableBlock, TextBlock
from volopt.selection import sentences
from volopt.selection.evaluation import EvaluatedTrial

COLUMNS = (
    "trial",
    "95 % interval",
    "in the set",
    "best in draws",
    "expected regret",
    "weights",
    "seconds a fit",
    "seeds",
)


def choice(view: StudyView) -> Iterator[Block]:
    """Return the sentences of ``volopt best``, and its table."""
    if not view.complete:
        yield TextBlock("No trial is COMPLETE yet, so there is nothing to choose from.")
        return
    evaluation = view.evaluation
    yield TextBlock(
        " ".join([*sentences.summary(evaluation), sentences.about_simplest(evaluation), *sentences.notes(evaluation)])
    )
    shown = [*evaluation.members, *(trial for trial in evaluation.trials if not trial.in_set)]
    columns = (COLUMNS[0], view.metric, *COLUMNS[1:], "parameters")
    yield TableBlock("Trials that cannot be told from the best come first", columns, list(map(_row, shown[:MAX_ROWS])))
    yield TextBlock(
        "A bootstrap over seeds and valid days draws each trial's value anew. The set is a model confidence set "
        "(Hansen, Lunde and Nason 2011) of 90 %. The expected regret is how much worse than the best of a draw a trial "
        "is, on average."
    )
    if evaluation.fits_to_confirm:
        yield TextBlock("More seeds of the set's trials tell more:")
        yield SourceBlock(f"volopt best {shlex.quote(view.name)} --confirm {evaluation.fits_to_confirm}")


def _row(trial: EvaluatedTrial) -> tuple[object, ...]:
    return (
        str(trial.number),
        trial.estimate,
        None if trial.interval is None else " … ".join(map(words.number, trial.interval)),
        "yes" if trial.in_set else "no",
        f"{trial.p_best:.0%}",
        trial.regret,
        trial.weights,
        trial.seconds,
        trial.seeds,
        words.params(trial.params),
    )
