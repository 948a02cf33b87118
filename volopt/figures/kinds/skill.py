"""Draw the best trials against each baseline: the ratio of their errors on valid and test.

Skill is 1 − log_mse / the baseline's log_mse. It has no lower bound, and −1000 happens. The ratio itself, 1 − skill,
shows halves and thousandfolds equally well on a log axis.
"""

from collections.abc import Mapping, Sequence

from optuna.trial import FrozenTrial

from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Mark, Points, ReferenceLine, Subplot
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies import listing

CELL_DISTANCE = 0.22  # between cells at one baseline
MAX_NARROW = 6  # baselines whose names have room in half of the width
MEANING = (
    "Below 1, the squared error of log(target) is smaller than the baseline's: skill, which is 1 − the ratio, is "
    "above 0. Large: the mean of the seeds' forecasts; small: each seed alone."
)


def chart(view: StudyView) -> Chart:
    """Return a subplot for each split, with the best trial of each cell."""
    scored_trials(view)
    best = _best_by_cell(view)
    subplots = [_subplot(best, list(view.baselines), split) for split in ("valid", "test")]
    if not any(isinstance(mark, Points) for subplot in subplots for mark in subplot.marks):
        raise NothingToPlotError(f"no trial of {view.name} has a skill over a baseline", "run the study again")
    params = [f"{cell}: trial {trial.number}, {words.params(view.space_values(trial))}" for cell, trial in best.items()]
    return Chart(
        "The best trial of each cell against the baselines",
        subplots,
        notes=(MEANING, *params, "The test split was not used for selection."),
        columns=2 if len(view.baselines) <= MAX_NARROW else 1,
        row_height=460,
    )


def _best_by_cell(view: StudyView) -> dict[str, FrozenTrial]:
    best: dict[str, FrozenTrial] = {}
    for trial in view.complete:
        best.setdefault(str(view.values(trial)["cell"]), trial)
    return dict(sorted(best.items()))


def _subplot(best: Mapping[str, FrozenTrial], baselines: Sequence[str], split: str) -> Subplot:
    marks: list[Mark] = [ReferenceLine(1.0, "as good as the baseline", colours.GREY)]
    for i, (cell, trial) in enumerate(best.items()):
        x = {name: at + CELL_DISTANCE * (i - (len(best) - 1) / 2) for at, name in enumerate(baselines)}
        seeds = listing.seeds(trial)
        for seed in seeds if len(seeds) > 1 else []:
            marks += _points(seed, f"{split}_skill_", x, cell, f"seed {seed['seed']}", large=False)
        forecast = "its forecast" if len(seeds) == 1 else f"mean of {len(seeds)} seeds' forecasts"
        scores, name = listing.metrics(trial), f"{cell}, {forecast}"
        marks += _points(scores, f"ensemble_{split}_skill_", x, cell, name, large=True)
    ticks = [(float(at), name) for at, name in enumerate(baselines)]
    axis = Axis("baseline", ticks=ticks, range=(-0.5, len(baselines) - 0.5))
    return Subplot(axis, Axis(f"{split}_log_mse / the baseline's", "log"), marks, split)


def _points(
    scores: Mapping[str, float | None], prefix: str, x: Mapping[str, float], cell: str, name: str, *, large: bool
) -> list[Mark]:
    """Return a point for each baseline with a known skill below 1; ``x`` gives the position of each baseline."""
    skills = {baseline: scores.get(prefix + baseline) for baseline in x}
    ratios = {baseline: 1 - skill for baseline, skill in skills.items() if skill is not None and skill < 1}
    if not ratios:
        return []
    hover = [
        f"{name}\n{baseline}: {ratio:.4g} times its error, skill {1 - ratio:.4g}" for baseline, ratio in ratios.items()
    ]
    positions, size = [x[baseline] for baseline in ratios], 12.0 if large else 5.0
    legend = name if large else ""
    return [Points(positions, list(ratios.values()), legend, colours.CELLS[cell], hover=hover, size=size)]
