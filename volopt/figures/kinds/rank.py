"""Draw the rank of each trial over pairs of parameters."""

from volopt.figures.chart import Chart, ColourScale, Points, Subplot
from volopt.figures.parameter_pairs import MAX_PAIRS, ParameterPair, parameter_pairs
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import StudyView


def chart(view: StudyView) -> Chart:
    """Return pairs of parameters that varied together, a grid's values as cells; trials of the same value share a rank.

    The trials of all phases are ranked together.
    """
    from scipy.stats import rankdata

    trials = scored_trials(view)
    pairs = parameter_pairs(view, trials)[:MAX_PAIRS]
    sign = -1 if view.maximizes else 1
    ranked = rankdata([sign * trial.value for trial in trials]).tolist()
    ranks = dict(zip((trial.number for trial in trials), ranked, strict=True))
    subplots = [_subplot(pair, [ranks[trial.number] for trial in pair.trials], len(trials)) for pair in pairs]
    notes = ["Pairs are of parameters that varied together. Where trials have the same position, the best lies on top."]
    if any(pair.is_grid for pair in pairs):
        notes.append("A cell has the rank of its best trial.")
    return Chart(
        f"Rank by {view.metric} over two parameters",
        subplots,
        notes=[" ".join(notes)],
        columns=min(3, len(pairs)),
        scale=ColourScale("rank, 1 is the best", 1, len(trials)),
        row_height=340,
    )


def _subplot(pair: ParameterPair, ranks: list[float], count: int) -> Subplot:
    if pair.is_grid:
        return pair.cells(ranks, min)
    texts = [f"rank {rank:g} of {count}\n{trial.text}" for rank, trial in zip(ranks, pair.trials, strict=True)]
    x, y = pair.x.positions(pair.trials), pair.y.positions(pair.trials)
    return pair.subplot([Points(x, y, values=ranks, hover=texts)])
