"""Draw train and valid loss by epoch, of the likely best trial or of the requested ones."""

from collections.abc import Sequence

from volopt.figures.chart import Chart
from volopt.figures.shown_trials import shown_trials
from volopt.figures.study_view import StudyView
from volopt.figures.subplots import loss_curves, shown_period

TIMING = "train_mse is measured before each epoch's weight update, valid_mse after it."
PERIODS = "The curves are those of the last valid period; `volopt export` writes those of every period."
STOPPED = "Seeds end at different epochs: mean and range cover the seeds that are still training."


def chart(view: StudyView, trials: Sequence[int] = ()) -> Chart:
    """Return a subplot for each trial."""
    shown, notes = shown_trials(view, trials)
    keeps_best = view.definition.training.early_stopping != "none"
    stopped = any(len({len(seed.curves.train_mse) for seed in each.file.seeds}) > 1 for each in shown)
    return Chart(
        "Learning curves" if trials else "Learning curves of the likely best trial",
        [
            loss_curves(
                each.file.seeds, each.title + shown_period(each.file.seeds, view.definition), keeps_best=keeps_best
            )
            for each in shown
        ],
        notes=(*notes, *([PERIODS] if view.has_periods else []), TIMING, *([STOPPED] if stopped else [])),
        columns=min(2, len(shown)),
    )
