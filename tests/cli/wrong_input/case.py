"""One wrong input, and what stands in the directory that each begins with.

Each command runs in a directory of its own that holds ``sample`` (the synthetic provider), ``right.toml`` and
``wrong.toml`` (two good study files until a case changes one) and, for a case that needs it, a ``storage`` in which
``right`` was run.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builders import SAMPLE_DATA

STUDY = f"""
format = 1
name = "wrong"
{SAMPLE_DATA}[training]
epochs = 1
seeds = 1
[space]
cell = ["RNN", "LSTM"]
hidden_size = [5, 7]
[[phase]]
name = "width"
sampler = "grid"
grid = {{ cell = ["RNN"] }}
"""
HUGE = 10**10  # bytes of a file with nothing in it

Given = Callable[[Path], object]


def nothing(place: Path) -> None:
    """Leave everything as it is."""


@dataclass(frozen=True)
class Case:
    """A wrong input; ``says`` is a whole line of stderr without its "Error: " and full stop, ``hint`` a part of it."""

    name: str
    command: str
    code: int
    says: str
    hint: str
    given: Given = nothing
    stored: bool = False  # whether there is a storage


def pipe(path: Path) -> None:
    """Put a pipe in place of a file: reading it would wait for a writer."""
    path.unlink()
    os.mkfifo(path)
