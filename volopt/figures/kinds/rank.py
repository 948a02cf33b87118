"""Which pairs of values rank first: the trials over each two parameters, coloured by rank."""

from scipy.stats import rankdata

from volopt.figures.axes import pairs, varying
from volopt.figures.chart import Chart, ColourScale, Points, Subplot
from volopt.figures.importances import ranked
from volopt.figures.points import scored, worst_first
from volopt.figures.study_view import StudyView


def chart(subject: StudyView) -> Chart:
    """Return the pairs of the most important parameters; trials of one value share a rank."""
    trials = worst_first(subject, scored(subject))
    chosen = varying(subject, trials)
    together = pairs(subject, chosen, ranked(subject, [parameter.name for parameter in chosen]))
    sign = -1 if subject.definition.objective.direction == "maximize" else 1
    ranks = rankdata([sign * trial.value for trial in trials]).tolist()
    hover = [f"rank {rank:g} of {len(trials)}\n{trial.text}" for rank, trial in zip(ranks, trials, strict=True)]
    metric = subject.definition.objective.metric
    return Chart(
        f"Rank by {metric} over two parameters",
        [Subplot(x.axis, y.axis, [Points(x.of(trials), y.of(trials), values=ranks, hover=hover)]) for x, y in together],
        subtitle=subject.about,
        notes=(*subject.notes, "Where trials share a place, the best lies on top."),
        columns=min(3, len(together)),
        scale=ColourScale("rank, 1 is the best", 1, len(trials)),
        row_height=340,
    )
