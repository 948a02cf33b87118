"""When each trial ran, and how it ended."""

from datetime import datetime

from optuna.trial import FrozenTrial

from volopt.figures import colours
from volopt.figures.axes import trial_axis
from volopt.figures.chart import Axis, Chart, Mark, Points, Subplot, TimeSpans
from volopt.figures.points import nothing
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.attributes import REASON

SHORT = 1 / 400  # of the whole time: a bar would not be seen


def chart(subject: StudyView) -> Chart:
    """Return a bar a trial from its start to its end; of one that runs, to the last start or end of any trial."""
    started = [trial for trial in subject.trials if trial.datetime_start is not None]
    if not started:
        raise nothing(subject)
    times = [time for trial in started for time in (trial.datetime_start, trial.datetime_complete) if time]
    earliest, latest = min(times), max(times)
    if earliest == latest:
        raise NothingToPlotError(f"the first trial of {subject.name} has only begun", "wait until it has ended")
    marks: list[Mark] = []
    for state, colour in colours.STATES.items():
        some = [trial for trial in started if trial.state.name == state]
        if some:
            marks += _marks(some, state, colour, earliest, latest)
    waiting = len(subject.trials) - len(started)
    notes = [f"{waiting} of {len(subject.trials)} trials are WAITING."] if waiting else []
    if any(trial.datetime_complete is None for trial in started):
        notes.append(f"What is RUNNING is drawn up to the last start or end of a trial, {latest:%Y-%m-%d %H:%M:%S}.")
    return Chart(
        "When each trial ran",
        [Subplot(Axis("time of day where the trials ran", "date"), trial_axis(started[-1].number), marks)],
        subtitle=subject.about,
        notes=(*subject.notes, *notes),
        row_height=min(max(300, 12 * len(started)), 800),
    )


def _marks(trials: list[FrozenTrial], state: str, colour: str, earliest: datetime, latest: datetime) -> list[Mark]:
    """Return the bars of one state, and points for those that are too short to be seen."""
    rows = [(trial, trial.datetime_start or latest, trial.datetime_complete or latest) for trial in trials]
    short = [(trial, start) for trial, start, end in rows if end - start <= SHORT * (latest - earliest)]
    bars = TimeSpans(
        [trial.number for trial in trials],
        [start.isoformat() for _, start, _ in rows],
        [end.isoformat() for _, _, end in rows],
        state,
        colour,
        [_text(trial) for trial in trials],
    )
    if not short:
        return [bars]
    starts, numbers = [start.isoformat() for _, start in short], [trial.number for trial, _ in short]
    return [bars, Points(starts, numbers, colour=colour, hover=[_text(trial) for trial, _ in short])]


def _text(trial: FrozenTrial) -> str:
    lasted = f" after {trial.duration.total_seconds():.1f} s" if trial.duration else ""
    return f"trial {trial.number} {trial.state.name}{lasted}\n{trial.user_attrs.get(REASON, '')}".rstrip()
