"""What was read, in lines: of one instrument all that is doubtful, of a panel how much of it."""

from volopt.data.frame import Frame
from volopt.search.job import Job


def data_lines(job: Job) -> list[str]:
    """Return the lines that say what a study's data are; of a panel also what was left out, and why."""
    if job.definition.data.instruments is None:
        return [line for frame in job.panel.frames for line in _frame(frame)]
    kept = {series.name for series in job.dataset.series}
    frames = [frame for frame in job.panel.frames if frame.name in kept]
    days = sum(len(frame.dates) for frame in frames)
    first, last = min(frame.dates[0] for frame in frames), max(frame.dates[-1] for frame in frames)
    doubts = sum(len(frame.quality.gaps) + len(frame.quality.outliers) for frame in frames)
    told = f"{doubts} gaps and doubtful days; `volopt data check` shows them"
    lines = [f"{len(frames)} instruments, {days} trade days, {first} to {last}", f"  {told}"]
    return [*lines, *(f"  left out: {why}" for why in job.left_out.values())]


def _frame(frame: Frame) -> list[str]:
    about = f"{frame.name}: {len(frame.dates)} trade days, {frame.dates[0]} to {frame.dates[-1]}"
    return [about, *(f"  {line}" for line in frame.quality.lines())]
