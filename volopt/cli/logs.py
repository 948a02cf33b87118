"""What ``volopt run`` does, in words: warnings always, everything with ``-v``, the last of it for an error report."""

import logging
from collections import deque

from rich.console import Console
from rich.text import Text

KEPT = 200  # lines for an error report

recent: deque[str] = deque(maxlen=KEPT)


class _RecentLogHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        recent.append(self.format(record))


class _ConsoleLogHandler(logging.Handler):
    """Prints where a progress bar may be running."""

    def __init__(self, console: Console, level: int) -> None:
        super().__init__(level)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the line above the bar."""
        self._console.print(Text(self.format(record)), soft_wrap=True)


def tell(console: Console, *, verbose: bool) -> None:
    """Print what volopt logs on ``console``, and keep the last of it in ``recent``."""
    log = logging.getLogger("volopt")
    log.setLevel(logging.INFO)
    log.propagate = False
    shown = _ConsoleLogHandler(console, logging.INFO if verbose else logging.WARNING)
    shown.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    kept = _RecentLogHandler()
    kept.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    log.handlers = [shown, kept]
