"""The best trials against each baseline: how many times the baseline's error they have, on valid and on test.

Skill is 1 − log_mse / the baseline's; it goes from 1 down without end, and −1000 happens. The ratio itself,
1 − skill, on a log axis shows halves and thousandfolds alike.
"""

from collections.abc import Mapping, Sequence

from optuna.trial import FrozenTrial

from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Mark, Points, ReferenceLine, Subplot
from volopt.figures.points import scored
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies import listing

APART = 0.22  # between cells at one baseline
MEANING = (
    "Below 1 a trial has less squared error of log(target) than the baseline: its skill, 1 − the ratio, is above 0. "
    "Large: the mean of the seeds' forecasts; small: each seed alone."
)


def chart(subject: StudyView) -> Chart:
    """Return a panel for each split, with the best trial of each cell."""
    scored(subject)
    best = _best(subject)
    names = list(subject.baselines)
    drawn = [_panel(best, names, split) for split in ("valid", "test")]
    if not any(isinstance(mark, Points) for panel in drawn for mark in panel.marks):
        raise NothingToPlotError(f"no trial of {subject.name} has a skill over a baseline", "run the study again")
    told = [
        f"{cell}: trial {trial.number}, {words.params({key: trial.params[key] for key in subject.definition.space})}"
        for cell, trial in best.items()
    ]
    return Chart(
        "The best trial of each cell against the baselines",
        drawn,
        subject.about,
        (*subject.notes, MEANING, *told, "The test split chose nothing."),
        columns=2,
        row_height=460,
    )


def _best(subject: StudyView) -> dict[str, FrozenTrial]:
    """Return the best COMPLETE trial of each cell."""
    found: dict[str, FrozenTrial] = {}
    for trial in subject.complete:
        found.setdefault(str(subject.values(trial)["cell"]), trial)
    return dict(sorted(found.items()))


def _panel(best: Mapping[str, FrozenTrial], names: Sequence[str], split: str) -> Subplot:
    marks: list[Mark] = [ReferenceLine(1.0, "as good as the baseline", colours.GREY)]
    for number, (cell, trial) in enumerate(best.items()):
        shift = APART * (number - (len(best) - 1) / 2)
        rows = listing.seeds(trial)
        for row in rows if len(rows) > 1 else []:
            marks += _points(row, f"{split}_skill_", names, shift, cell, f"seed {row['seed']}", large=False)
        whole = "its forecast" if len(rows) == 1 else f"mean of {len(rows)} seeds' forecasts"
        marks += _points(
            listing.metrics(trial), f"ensemble_{split}_skill_", names, shift, cell, f"{cell}, {whole}", large=True
        )
    ticks = [(float(at), name) for at, name in enumerate(names)]
    x = Axis("baseline", ticks=ticks, range=(-0.5, len(names) - 0.5))
    return Subplot(x, Axis(f"{split}_log_mse / the baseline's", "log"), marks, split)


def _points(
    scores: Mapping[str, float | None],
    prefix: str,
    names: Sequence[str],
    shift: float,
    cell: str,
    what: str,
    *,
    large: bool,
) -> list[Mark]:
    """Return a point for each baseline over which there is a skill."""
    known = {at: (name, skill) for at, name in enumerate(names) if (skill := scores.get(prefix + name)) is not None}
    ratios = {at: (name, 1 - skill) for at, (name, skill) in known.items() if skill < 1}
    if not ratios:
        return []
    hover = [f"{what}\n{name}: {ratio:.4g} times its error, skill {1 - ratio:.4g}" for name, ratio in ratios.values()]
    y = [ratio for _, ratio in ratios.values()]
    name = what if large else ""
    x = [at + shift for at in ratios]
    return [Points(x, y, name, colours.CELLS[cell], hover=hover, size=12.0 if large else 5.0)]
