"""Provider directories."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from cli.wrong_input.case import HUGE, Case, Given, pipe
from cli.wrong_input.hints import ANEW, DATES, ITSELF, QLIB, WHICH

CLOSE = "features/sh600000/close.day.bin"
VOLUME = "features/sh600000/volume.day.bin"


def provider(name: str, spoil: Given, says: str, hint: str) -> Case:
    """A case of a provider directory that ``spoil`` changes."""
    return Case(name, "run wrong.toml --data sample", 2, says, hint, lambda place: spoil(place / "sample"))


def changed(file: str, change: Callable[[bytes], bytes]) -> Given:
    """Change the bytes of a file of the provider."""

    def spoil(place: Path) -> None:
        (place / file).write_bytes(change((place / file).read_bytes()))

    return spoil


def linked(file: str, to: str) -> Given:
    """Put a link in place of a file or folder of the provider."""

    def spoil(place: Path) -> None:
        (place / file).rename(place / "was")
        (place / file).symlink_to(to)

    return spoil


PROVIDERS = [
    provider("no directory", shutil.rmtree, "the data directory sample does not exist", QLIB),
    provider(
        "no calendar",
        lambda place: shutil.rmtree(place / "calendars"),
        "sample is not a qlib provider directory: it has no calendars",
        QLIB,
    ),
    provider(
        "no instruments",
        lambda place: shutil.rmtree(place / "instruments"),
        "sample is not a qlib provider directory: it has no instruments",
        QLIB,
    ),
    provider(
        "an empty calendar", changed("calendars/day.txt", lambda _: b""), "sample/calendars/day.txt has no day", ANEW
    ),
    provider(
        "a calendar that is none",
        changed("calendars/day.txt", lambda _: b"yesterday\n"),
        "sample/calendars/day.txt has 'yesterday' where a date belongs",
        DATES,
    ),
    provider(
        "a calendar that steers the terminal",
        changed("calendars/day.txt", lambda _: b"\x1b[31mred\n"),
        "sample/calendars/day.txt has '\\x1b[31mred' where a date belongs",
        DATES,
    ),
    provider(
        "a calendar in disorder",
        changed("calendars/day.txt", lambda _: b"2010-01-05\n2010-01-04\n"),
        "sample/calendars/day.txt is not in ascending order: 2010-01-04 follows 2010-01-05",
        "sort its days",
    ),
    provider(
        "a calendar that is no text",
        changed("calendars/day.txt", lambda _: b"\xff"),
        "sample/calendars/day.txt is not UTF-8 text",
        WHICH,
    ),
    provider(
        "a huge calendar",
        lambda place: os.truncate(place / "calendars/day.txt", HUGE),
        "sample/calendars/day.txt is larger than the limit of 1000000 bytes",
        WHICH,
    ),
    provider(
        "a pipe for a calendar",
        lambda place: pipe(place / "calendars/day.txt"),
        "sample/calendars/day.txt is not a file",
        "check that the directory is the right one and complete",
    ),
    provider(
        "an instrument that is a path",
        changed("instruments/all.txt", lambda _: b"../x\t2010-01-04\t2010-01-05\n"),
        "sample/instruments/all.txt has an invalid line '../x\\t2010-01-04\\t2010-01-05'",
        "write NAME<tab>first day<tab>last day",
    ),
    provider(
        "no files of the instrument",
        lambda place: shutil.rmtree(place / "features/sh600000"),
        "sample/features/sh600000 cannot be read: No such file or directory",
        "check that it is complete",
    ),
    provider(
        "a field missing",
        lambda place: (place / CLOSE).unlink(),
        "SH600000 has no field $close in sample",
        "did you mean",
    ),
    provider(
        "a field cut off",
        changed(CLOSE, lambda content: content[:-3]),
        f"sample/{CLOSE} is broken: its size is 8793 bytes, not 4 bytes and 4 more a day",
        ANEW,
    ),
    provider(
        "an empty field",
        changed(CLOSE, lambda _: b""),
        f"sample/{CLOSE} is broken: its size is 0 bytes, not 4 bytes and 4 more a day",
        ANEW,
    ),
    provider(
        "a field longer than the calendar",
        changed(CLOSE, lambda content: content * 2),
        f"sample/{CLOSE} is larger than the limit of 8796 bytes",
        WHICH,
    ),
    provider(
        "a huge field",
        lambda place: os.truncate(place / CLOSE, HUGE),
        f"sample/{CLOSE} is larger than the limit of 8796 bytes",
        WHICH,
    ),
    provider(
        "a header that is no row",
        changed(CLOSE, lambda content: b"\x00\x00\x80\x7f" + content[4:]),
        f"sample/{CLOSE} is broken: its header inf is not a row of the calendar of 2198 days",
        ANEW,
    ),
    provider("a field that is a device", linked(CLOSE, "/dev/zero"), f"sample/{CLOSE} leads out of sample", ITSELF),
    provider(
        "fields elsewhere", linked("features/sh600000", "/"), "sample/features/sh600000 leads out of sample", ITSELF
    ),
    provider(
        "a feature that never moves",
        changed(CLOSE, lambda content: content[:4] + content[4:8] * (len(content) // 4 - 1)),
        "$close of SH600000 is 62.8443 on every trade day of the range",
        "choose another feature or range",
    ),
    provider(
        "a feature without values",
        changed(CLOSE, lambda content: content[:4] + b"\x00\x00\xc0\x7f" * (len(content) // 4 - 1)),
        "$close of SH600000 has no value on any trade day of the range",
        "choose another feature or range",
    ),
    provider(
        "no day with trade",
        changed(VOLUME, lambda content: content[:4] + bytes(len(content) - 4)),
        "SH600000 has no day with trade in the range",
        "choose another range",
    ),
]
