"""Show the progress of ``volopt data download``."""

from rich import progress as bars

from volopt.cli.progress import ProgressDisplay
from volopt.data.download.download import CHECKING, CLEARING, DOWNLOADING, UNPACKING

UNITS = {UNPACKING: "files", CHECKING: "instruments"}
LINE_BYTES = 10_000_000  # between two lines; a tenth of a larger file


class TransferProgress(ProgressDisplay):
    """Show one bar a stage; without a terminal, print a few lines."""

    _stage = ""
    _printed = 0  # bytes when the last line was printed

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show how much of a stage is done."""
        if stage != self._stage:
            self._stage = stage
            counts: list[bars.ProgressColumn] = [bars.MofNCompleteColumn()]
            if stage == DOWNLOADING:
                counts = [bars.DownloadColumn(), bars.TransferSpeedColumn()]
            clearing = stage == CLEARING  # many files take seconds
            left = [] if clearing else [*counts, bars.TextColumn("left"), bars.TimeRemainingColumn()]
            name = bars.TextColumn("{task.description:11}"), bars.BarColumn()
            self._begin(stage, *name, *left, transient=clearing, total=None)
        self._bar.update(self._task, completed=done, total=total)
        if stage == DOWNLOADING:
            self._print_bytes(done, total)
        elif not done and total:
            self._print(f"{stage} {total} {UNITS[stage]}")

    def _print_bytes(self, done: int, total: int | None) -> None:
        if not done or done == total or done - self._printed >= max(LINE_BYTES, (total or 0) // 10):
            self._printed = done
            size = f"{done / 1e6:.1f}" if total is None else f"{done / 1e6:.1f} of {total / 1e6:.1f}"
            self._print(f"{self._stage}: {size} MB")
