"""Draw the rank of each trial over pairs of parameters."""

from volopt.figures.axes import parameter_pairs, varying_parameters
from volopt.figures.chart import Chart, ColourScale, Points, Subplot
from volopt.figures.scored_trials import scored_trials, worst_first
from volopt.figures.study_view import StudyView


def chart(view: StudyView) -> Chart:
    """Return the pairs of the most important parameters; trials of the same value share a rank."""
    from scipy.stats import rankdata

    trials = worst_first(view, scored_trials(view))
    pairs = parameter_pairs(view, varying_parameters(view, trials))
    sign = -1 if view.maximizes else 1
    ranks = rankdata([sign * trial.value for trial in trials]).tolist()
    hover = [f"rank {rank:g} of {len(trials)}\n{trial.text}" for rank, trial in zip(ranks, trials, strict=True)]
    return Chart(
        f"Rank by {view.metric} over two parameters",
        [
            Subplot(x.axis, y.axis, [Points(x.positions(trials), y.positions(trials), values=ranks, hover=hover)])
            for x, y in pairs
        ],
        notes=["Where trials have the same position, the best lies on top."],
        columns=min(3, len(pairs)),
        scale=ColourScale("rank, 1 is the best", 1, len(trials)),
        row_height=340,
    )
