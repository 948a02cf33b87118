"""Where a hint leads: the commands that it names, and the wrong command with the options that it names.

A hint names what to write in capitals, or not at all; ``VALUES`` and ``ARGUMENTS`` are what a user might write.
"""

import re
import shlex
from collections.abc import Iterator

ANEW = "elsewhere"  # where nothing is yet
VALUES = {
    "--dates": "day-first",
    "--format": "html",
    "--from": "2018-01-01",
    "--instrument": "SH600000",
    "--name": "other",
    "--on-duplicate": "last",
    "--out": ANEW,
    "--storage": f"sqlite:///{ANEW}/my.db",
    "--to": ANEW,
    "--until": "2017-12-29",
    "--url": "sample.zip",
}
FLAGS = {"--force"}
ARGUMENTS = {
    "volopt data import": f"good.csv --to {ANEW}",
    "volopt data sample": ANEW,
    "volopt new": ANEW,
    "volopt refit": f"right --out {ANEW}",
}
GOOD_CSV = "date,close,volume\n2020-01-02,1,1\n"  # good.csv
_COMMAND = re.compile(r"['`](volopt [^'`]+)['`]")
_OPTION = re.compile(r"(remove )?(?<![\w-])(--[a-z-]+)(?: (\w+=COLUMN))?")


def next_steps(command: str, hint: str) -> Iterator[list[str]]:
    """Yield the words of each command line after ``volopt``."""
    for named in _COMMAND.findall(hint):
        words = shlex.split(f"{named} {ARGUMENTS.get(named, '')}".replace("NAME", ANEW))
        yield _quick(words[1:])
    for removed, option, mapped in _OPTION.findall(_COMMAND.sub("", hint)):
        words = _without(shlex.split(command), option)
        value = mapped.replace("COLUMN", "volume") or VALUES.get(option)
        if not removed:
            words += [option] if option in FLAGS else [option, value]
        yield _quick(words)


def _without(words: list[str], option: str) -> list[str]:
    if option not in words:
        return words
    place = words.index(option)
    return words[:place] + words[place + (1 if option in FLAGS else 2) :]


def _quick(words: list[str]) -> list[str]:
    """Return a command that trains nothing."""
    return [*words, "--dry-run"] if words[0] == "run" and "--help" not in words else words
