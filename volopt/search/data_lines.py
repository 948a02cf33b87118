"""Describe the data of a job in lines of text."""

from volopt.data.frame import Frame
from volopt.search.job import Job


def source_line(job: Job) -> str:
    """Return which data a job reads."""
    return f"Data {job.panel.source.provider}, read by {job.panel.source.reader}"


def data_lines(job: Job) -> list[str]:
    """Return the data of a study in lines: each doubtful day of one instrument, their number in a panel.

    For a panel also each instrument that was left out, with the reason.
    """
    if job.definition.data.instruments is None:
        return [*(line for frame in job.panel.frames for line in _frame(frame)), *_notes(job)]
    names = {series.name for series in job.dataset.series}
    frames = [frame for frame in job.panel.frames if frame.name in names]
    days = sum(len(frame.dates) for frame in frames)
    first, last = min(frame.dates[0] for frame in frames), max(frame.dates[-1] for frame in frames)
    doubts = sum(len(frame.quality.gaps) + len(frame.quality.outliers) for frame in frames)
    lines = [
        f"{len(frames)} instruments, {days} trade days, {first} to {last}",
        f"  {doubts} gaps and doubtful days; `volopt data check` lists them",
    ]
    return [*lines, *(f"  left out: {reason}" for reason in job.left_out.values()), *_notes(job)]


def _notes(job: Job) -> list[str]:
    return [f"  {note}" for note in job.panel.notes]


def _frame(frame: Frame) -> list[str]:
    about = f"{frame.name}: {len(frame.dates)} trade days, {frame.dates[0]} to {frame.dates[-1]}"
    return [about, *(f"  {line}" for line in frame.quality.lines())]
