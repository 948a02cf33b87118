"""What ``volopt data download`` shows while it works, on stderr: a bar on a terminal, a few lines otherwise."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from volopt.data.download.download import CHECKING, CLEARING, LOADING, UNPACKING

UNITS = {UNPACKING: "files", CHECKING: "instruments"}
STEP = 10_000_000  # bytes between two lines, or a tenth of all where that is more


class TransferProgress:
    """One bar after the other, each of a stage."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._stage = ""
        self._bar: Progress | None = None
        self._told = 0  # bytes when the last line was printed

    def __enter__(self) -> "TransferProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show how much of a stage is done."""
        if stage != self._stage:
            self._stop()
            self._stage = stage
            self._start()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, total=total)
        elif stage == LOADING:
            self._tell_bytes(done, total)
        elif not done and total:
            self._line(f"{stage} {total} {UNITS[stage]}")

    def _start(self) -> None:
        if self._console.is_terminal:
            name = (TextColumn("{task.description:9}"), BarColumn())
            left = (TextColumn("left"), TimeRemainingColumn())
            columns = {
                LOADING: (*name, DownloadColumn(), TransferSpeedColumn(), *left),
                CLEARING: name,  # seconds where there are many files, or nothing
            }.get(self._stage, (*name, MofNCompleteColumn(), *left))
            self._bar = Progress(*columns, console=self._console, transient=self._stage == CLEARING)
            self._bar.add_task(self._stage, total=None)
            self._bar.start()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None

    def _tell_bytes(self, done: int, total: int | None) -> None:
        if not done or done < self._told or done == total or done - self._told >= max(STEP, (total or 0) // 10):
            self._told = done
            of = "" if total is None else f" of {total / 1e6:.1f}"
            self._line(f"{self._stage}: {done / 1e6:.1f}{of} MB")

    def _line(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)
