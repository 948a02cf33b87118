"""Print to any stdout and stderr: one that is not UTF-8, and one that nobody reads any more.

What cannot be printed must neither end a command nor change its exit code.
"""

import io
import os
import sys


class _Forgiving(io.TextIOWrapper):
    """Write text to a file descriptor, with "?" for each character that the encoding does not have.

    Once a program such as head has closed the other end, what follows goes nowhere.
    """

    buffer = None  # type: ignore[assignment]  # click would take it from an ASCII stream, and write UTF-8

    def write(self, text: str, /) -> int:
        """Write a text and return its length; raises OSError where the disk is full."""
        try:
            return super().write(text)
        except OSError as error:
            self._end(error)
            return len(text)

    def flush(self) -> None:
        """Write what was kept; raises OSError where the disk is full."""
        try:
            super().flush()
        except OSError as error:
            self._end(error)

    def _end(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise error


def replace_streams() -> None:
    """Let ``sys.stdout`` and ``sys.stderr`` accept every text, whatever their encoding and their reader."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed before volopt began
            continue
        try:
            binary = os.fdopen(stream.fileno(), "wb", closefd=False)
        except (OSError, ValueError):  # a stream of a test or an editor, which is no file
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
            continue
        stream.flush()
        setattr(sys, name, _Forgiving(binary, stream.encoding, "replace", line_buffering=stream.line_buffering))
