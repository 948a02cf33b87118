"""Train and valid loss by epoch, of the best trial or of those asked for."""

from collections.abc import Sequence

from volopt.figures import panels
from volopt.figures.chart import Chart
from volopt.figures.shown_trials import ShownTrial, chosen
from volopt.figures.study_view import StudyView


def chart(subject: StudyView, trials: Sequence[int] = ()) -> Chart:
    """Return a panel for each trial."""
    found, notes = chosen(subject, trials)
    keeps_best = subject.definition.training.early_stopping != "none"
    drawn = [panels.curves(each.traces.curves, each.title, keeps_best=keeps_best) for each in found]
    timing = "train_mse is from before the epoch's update of the weights, valid_mse from after it."
    return Chart(
        "Learning curves" if trials else "Learning curves of the best trial",
        drawn,
        subject.about,
        (*subject.notes, *notes, timing, *_stopped(found)),
        columns=min(2, len(drawn)),
    )


def _stopped(found: Sequence[ShownTrial]) -> tuple[str, ...]:
    ends = any(len({len(seed.train_mse) for seed in each.traces.curves}) > 1 for each in found)
    return ("Seeds end at different epochs: mean and range are those of the seeds still training.",) if ends else ()
