"""CSV files as the source of a study."""

import os
from pathlib import Path

from cli.wrong_input.case import HUGE, STUDY, Case, Given
from cli.wrong_input.hints import COMMAS, DATES, ITSELF, WHICH

HEADER = "instrument,datetime,$close,$volume\n"
ROW = "SH600000,2010-01-04,1,1\n"
FILES = STUDY.replace("[training]", '[data.files]\nhistory = "a.csv"\ntest = "a.csv"\n[training]')


def csv(name: str, content: str | bytes, says: str, hint: str) -> Case:
    """A case of a CSV file with this content."""
    text = content.encode() if isinstance(content, str) else content
    return csv_file(name, lambda path: path.write_bytes(text), says, hint)


def csv_file(name: str, make: Given, says: str, hint: str) -> Case:
    """A case of a CSV file that ``make`` makes."""

    def given(place: Path) -> None:
        (place / "wrong.toml").write_text(FILES)
        make(place / "sample" / "a.csv")

    return Case(name, "run wrong.toml --data sample", 2, says, hint, given)


CSV_FILES = [
    csv_file(
        "no file",
        lambda path: path,
        "sample/a.csv is missing",
        "check that the directory is the right one and complete",
    ),
    csv_file(
        "a pipe", os.mkfifo, "sample/a.csv is not a file", "check that the directory is the right one and complete"
    ),
    csv_file(
        "a file elsewhere", lambda path: path.symlink_to("/etc/passwd"), "sample/a.csv leads out of sample", ITSELF
    ),
    csv_file(
        "a huge file",
        lambda path: [path.touch(), os.truncate(path, HUGE)],
        "sample/a.csv is larger than the limit of 20000000 bytes",
        WHICH,
    ),
    csv("an empty file", "", "a.csv is not a CSV table: No columns to parse from file", COMMAS),
    csv(
        "no UTF-8",
        b"\xff",
        "a.csv is not a CSV table: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        COMMAS,
    ),
    csv(
        "too many columns",
        "a," * 1000 + "a\n",
        "a.csv is not a CSV table: it has 1001 columns, more than the limit of 1000",
        COMMAS,
    ),
    csv(
        "a value too many",
        HEADER + ROW[:-1] + ",1\n",
        "a.csv is not a CSV table: line 2 has 5 values, the header has 4",
        COMMAS,
    ),
    csv("no volume", "instrument,datetime,$close\n", "a.csv has no column $volume", "there are: $close"),
    csv(
        "no days",
        "instrument,$close,$volume\n",
        "a.csv has no column datetime",
        "there are: instrument, $close, $volume",
    ),
    csv("a column twice", 'datetime,$close,"$close ",$volume\n', "a.csv has two columns $close", "remove one of them"),
    csv(
        "another instrument",
        HEADER + "SH600001,2010-01-04,1,1\n",
        "a.csv has no rows of instrument SH600000",
        "SH600001",
    ),
    csv(
        "a day that is none", HEADER + "SH600000,04.01.2010,1,1\n", "a.csv has '04.01.2010' where a date belongs", DATES
    ),
    csv("a day twice", HEADER + ROW * 2, "a.csv has the day 2010-01-04 twice", "keep one row a day"),
    csv(
        "a word for a number",
        HEADER + "SH600000,2010-01-04,many,1\n",
        "a.csv has 'many' in column $close",
        "write numbers, or leave cells empty",
    ),
]
