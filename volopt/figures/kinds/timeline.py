"""Draw when each trial ran, and how it ended."""

from datetime import datetime

from optuna.trial import FrozenTrial

from volopt.figures import colours
from volopt.figures.axes import trial_axis
from volopt.figures.chart import Axis, Chart, Mark, Points, Subplot, TimeSpans
from volopt.figures.scored_trials import no_scored_trial
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.attributes import REASON

MIN_BAR = 1 / 400  # share of the whole time: a shorter bar would be invisible


def chart(view: StudyView) -> Chart:
    """Return a bar for each trial from start to end; a running trial ends at the last known time of the study."""
    started = [trial for trial in view.trials if trial.datetime_start is not None]
    if not started:
        raise no_scored_trial(view)
    times = [time for trial in started for time in (trial.datetime_start, trial.datetime_complete) if time]
    earliest, latest = min(times), max(times)
    if earliest == latest:
        raise NothingToPlotError(f"the first trial of {view.name} has only begun", "wait until it has ended")
    marks: list[Mark] = []
    for state, colour in colours.STATES.items():
        in_state = [trial for trial in started if trial.state.name == state]
        if in_state:
            marks += _marks(in_state, state, colour, earliest, latest)
    waiting = len(view.trials) - len(started)
    notes = [f"{waiting} of {len(view.trials)} trials are WAITING."] if waiting else []
    if any(trial.datetime_complete is None for trial in started):
        notes.append(f"RUNNING trials are drawn up to the last start or end of a trial, {latest:%Y-%m-%d %H:%M:%S}.")
    return Chart(
        "When each trial ran",
        [Subplot(Axis("time of day where the trials ran", "date"), trial_axis(started[-1].number), marks)],
        notes=notes,
        row_height=min(max(300, 12 * len(started)), 800),
    )


def _marks(trials: list[FrozenTrial], state: str, colour: str, earliest: datetime, latest: datetime) -> list[Mark]:
    """Return the bars of one state, and points for bars that are too short to see."""
    spans = [(trial, trial.datetime_start or latest, trial.datetime_complete or latest) for trial in trials]
    short = [(trial, start) for trial, start, end in spans if end - start <= MIN_BAR * (latest - earliest)]
    marks: list[Mark] = [
        TimeSpans(
            [trial.number for trial in trials],
            [start.isoformat() for _, start, _ in spans],
            [end.isoformat() for _, _, end in spans],
            state,
            colour,
            [_text(trial) for trial in trials],
        )
    ]
    if short:
        starts, numbers = [start.isoformat() for _, start in short], [trial.number for trial, _ in short]
        marks.append(Points(starts, numbers, colour=colour, hover=[_text(trial) for trial, _ in short]))
    return marks


def _text(trial: FrozenTrial) -> str:
    duration = f" after {trial.duration.total_seconds():.1f} s" if trial.duration else ""
    return f"trial {trial.number} {trial.state.name}{duration}\n{trial.user_attrs.get(REASON, '')}".rstrip()
