"""Print to any stdout and stderr: one that is not UTF-8, and one that nobody reads any more.

What cannot be printed must neither end a command nor change its exit code.
"""

import io
import os
import sys
from typing import Any


class _Unread(io.FileIO):
    """Write to a file descriptor, and to nowhere once a program such as head has closed its other end."""

    def write(self, data: Any, /) -> int:
        """Write bytes and return how many.

        Raises:
            OSError: they cannot be written for another reason, such as a full disk. What follows goes nowhere.
        """
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise
            return super().write(data)


class _Replacing(io.TextIOWrapper):
    """Write text, with "?" for each character that the encoding does not have."""

    buffer = None  # type: ignore[assignment]  # click would take it from an ASCII stream, and write UTF-8


def replace_streams() -> None:
    """Let ``sys.stdout`` and ``sys.stderr`` accept every text, whatever their encoding and their reader."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed before volopt began
            continue
        try:
            raw = _Unread(stream.fileno(), "w", closefd=False)
        except (OSError, ValueError):  # a stream of a test or an editor, which is no file
            stream.reconfigure(errors="replace")
            continue
        stream.flush()
        buffered = io.BufferedWriter(raw)
        text = _Replacing(buffered, stream.encoding, "replace", line_buffering=stream.line_buffering)
        setattr(sys, name, text)
