"""Show the progress of long commands on stderr: a live bar on a terminal, a few lines otherwise."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from rich import progress as bars
from rich.console import Console
from rich.table import Column
from rich.text import Text

from volopt.figures import words

if TYPE_CHECKING:
    from volopt.forecast.walk_forward.run import RefitStep
    from volopt.search.confirm import Confirmation


SILENCE_SECONDS = 30.0  # after so long without a line, a reader of a pipe or a log file gets one


class TextNow(bars.ProgressColumn):
    """Show what a function returns when the bar is drawn."""

    def __init__(self, text: Callable[[], str]) -> None:
        super().__init__(Column(no_wrap=True))
        self._text = text

    def render(self, task: bars.Task) -> Text:
        """Return the text."""
        return Text(self._text())


class ProgressDisplay:
    """Show one bar at a time, or print lines where there is no terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self._bar = bars.Progress(console=self.console, disable=True)
        self._printed_at = 0.0
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._bar.stop()

    def _begin(self, task: str, *columns: bars.ProgressColumn, transient: bool = False, **fields: Any) -> None:
        """Replace the bar by one of a new task."""
        self._bar.stop()
        disable = not self.console.is_terminal
        self._bar = bars.Progress(*columns, console=self.console, transient=transient, disable=disable)
        self._task = self._bar.add_task(task, **fields)
        self._bar.start()

    def _begin_training(self, task: str, *counts: bars.ProgressColumn, **fields: Any) -> None:
        """Replace the bar by one of a task that takes minutes or hours."""
        times = bars.TimeElapsedColumn(), bars.TextColumn("left"), bars.TimeRemainingColumn()
        self._begin(task, bars.TextColumn("[bold]{task.description}"), bars.BarColumn(), *counts, *times, **fields)

    def _print(self, line: str) -> None:
        if not self.console.is_terminal:
            self._printed_at = time.monotonic()
            self.console.print(line, highlight=False, soft_wrap=True)

    def _break_silence(self, line: Callable[[], str], seconds: float = SILENCE_SECONDS) -> None:
        """Without a terminal, print a line whenever there was none for some seconds, until this display ends."""

        def watch() -> None:
            while not self._ended.wait(self._printed_at + seconds - time.monotonic()):
                if time.monotonic() >= self._printed_at + seconds:
                    self._print(line())

        if not self.console.is_terminal:
            self._printed_at = time.monotonic()
            threading.Thread(target=watch, name="progress", daemon=True).start()


class FitProgress(ProgressDisplay):
    """Show how many fits are done; without a terminal, print a line for each period."""

    def __call__(self, steps: "Sequence[RefitStep]") -> "Callable[[RefitStep], None]":
        """Start with the steps to fit, and return the function to call after each finished one."""
        self._left = Counter(step.period for step in steps)
        self._begin_training("fitting", bars.MofNCompleteColumn(), bars.TextColumn("fits"), total=len(steps))
        return self._done

    def _done(self, step: "RefitStep") -> None:
        self._bar.advance(self._task)
        self._left[step.period] -= 1
        if not self._left[step.period]:
            done = list(self._left.values()).count(0)
            self._print(words.forecast_period(step.period.first, step.period.last, done, len(self._left)))


class ConfirmProgress(ProgressDisplay):
    """Show how many fits were spent; without a terminal, print a line for each seed that they added."""

    def __init__(self, fits: int) -> None:
        super().__init__()
        self._fits, self._added = fits, 0

    def __enter__(self) -> Self:
        self._begin_training("confirming", bars.MofNCompleteColumn(), bars.TextColumn("fits"), total=self._fits)
        return self

    def __call__(self, confirmation: "Confirmation") -> None:
        """Show one more fit."""
        self._bar.update(self._task, completed=confirmation.fits)
        for seed in confirmation.added[self._added :]:
            self._print(
                f"fit {confirmation.fits}/{self._fits}: seed {seed.seed} of trial {seed.trial}, {seed.value:.5g}"
            )
        self._added = len(confirmation.added)
