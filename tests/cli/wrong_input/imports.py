"""Files of vendors to import."""

import gzip
import os
import shutil
from pathlib import Path

from cli.wrong_input.case import HUGE, Case, Given
from cli.wrong_input.hints import WHICH

HEADER = "date,open,high,low,close,volume\n"
ROW = "2020-01-02,1,1,1,1,1\n"
KINDS = "give a CSV file, its gzip or zip, Excel (.xlsx), or Parquet"
ELSEWHERE = "name another directory"


def written(name: str, content: str | bytes, says: str, hint: str, more: str = "") -> Case:
    """A case of a file with this content, and more arguments."""
    text = content.encode() if isinstance(content, str) else content
    return made(name, lambda path: path.write_bytes(text), says, hint, more)


def made(name: str, make: Given, says: str, hint: str, more: str = "") -> Case:
    """A case of a file that ``make`` makes."""
    to = "" if "--to" in more else " --to mine"
    return Case(name, f"data import A.csv{to} {more}", 2, says, hint, lambda place: make(place / "A.csv"))


def right(name: str, more: str, says: str, hint: str) -> Case:
    """A case of a file in which nothing is wrong."""
    return written(name, HEADER + ROW, says, hint, more)


def killed(path: Path) -> None:
    """Leave what an import leaves that was killed between its two renames."""
    work = path.with_name(".sample.staging")
    work.mkdir()
    shutil.move(path.with_name("sample"), work / "old")


IMPORTS = [
    made("no file to import", lambda path: path, "A.csv is missing", KINDS),
    made("a pipe to import", os.mkfifo, "A.csv is not a file", KINDS),
    made("a directory to import", Path.mkdir, "A.csv is not a file", KINDS),
    made(
        "a huge file to import",
        lambda path: [path.touch(), os.truncate(path, HUGE)],
        "A.csv is larger than the limit of 200000000 bytes",
        KINDS,
    ),
    written("an empty file to import", "", "A.csv is not a table: it is empty", KINDS),
    written("a header to import", HEADER, "A.csv has no row with a date and a number", WHICH),
    written("a picture to import", b"\x89PNG\r\n\x1a\n\x00\x00", "A.csv is not text", KINDS),
    written(
        "a spreadsheet to import",
        b"PK\x03\x04\x14\x00",
        "A.csv is a zip that cannot be unpacked: File is not a zip file",
        "unpack it first",
    ),
    written(
        "half a gzip to import",
        gzip.compress(HEADER.encode())[:-9],
        "A.csv is a broken gzip file: Compressed file ended before the end-of-stream marker was reached",
        "download it again",
    ),
    written(
        "a gzip that unpacks without end",
        gzip.compress(bytes(21_000_000)) * 10,
        "A.csv unpacks to more than the limit of 200000000 bytes",
        KINDS,
    ),
    written(
        "half a Parquet file to import",
        b"PAR1",
        "A.csv is not a readable Parquet file",
        "download it again",
    ),
    written(
        "thousands commas without quotes",
        HEADER + "2020-01-02,1,1,1,1,1,234\n" * 2,
        "A.csv is not a table: a line has a different number of values than the first: 2020-01-02,1,1,1,1,1,234",
        KINDS,
    ),
    written(
        "an open quote",
        HEADER + '2020-01-02,1,1,1,1,"1\n' + ROW,
        "A.csv is not a table: a quote is not closed, or a quoted value has line breaks",
        KINDS,
    ),
    written(
        "no volume to import",
        "date,close\n2020-01-02,1\n",
        "A.csv has no column for volume",
        "name it with --map volume=COLUMN; its columns are: date, close",
    ),
    written(
        "two columns for one thing",
        "date,close,Close,volume\n2020-01-02,1,2,1\n",
        "A.csv has two columns for close, 'close' and 'Close'",
        "rename or remove one of them",
    ),
    written(
        "names that steer the terminal",
        "\x1b[31mdate,close,volume\n2020-01-02,1,1\n",
        "A.csv has no column for date",
        "its columns are: \\x1b[31mdate, close, volume",
    ),
    written(
        "dates of another kind",
        HEADER + "Monday,1,1,1,1,1\n",
        "A.csv has no readable date in column 'date': it has 'Monday'",
        "write days as 2010-01-04",
    ),
    written(
        "dates that may be two",
        HEADER + "1/2/2020,1,1,1,1,1\n",
        "A.csv has dates such as 1/2/2020, which may begin with the day or the month: 2020-02-01 or 2020-01-02",
        "--dates day-first or --dates month-first",
    ),
    written(
        "numbers of another kind",
        "date;close;volume\n2020-01-02;one;1\n",
        "A.csv has no readable close in column 'close': it has 'one'",
        "write numbers as 1,234.5",
    ),
    written(
        "a code that is a path",
        "date,code,close,volume\n2020-01-02,../x,1,1\n",
        "A.csv has '../x' where the code of an instrument belongs",
        "write codes with letters, digits and ^._=-",
    ),
    written(
        "a day twice to import",
        HEADER + ROW + ROW.replace(",1\n", ",2\n"),
        "A has different rows on 1 of its days, first on 2020-01-02",
        "--on-duplicate last keeps the last row of each",
        "--on-duplicate error",
    ),
    written(
        "rows of minutes",
        HEADER + "".join(ROW.replace(",1\n", f",{minute}\n") for minute in range(99)),
        "A has several rows a day (rows: 99, days: 1)",
        "give daily rows, one a day",
    ),
    right(
        "a name that is a path to import",
        "--instrument ../x",
        "--instrument ../x is not an instrument name",
        "write letters",
    ),
    right(
        "a unit that is none",
        "--volume-unit bushels",
        "--volume-unit bushels is not a unit",
        "write shares, lots, thousands or a number of shares",
    ),
    right("a unit below 0", "--volume-unit -1", "--volume-unit -1 is not a unit", "a number of shares"),
    right("a map to nowhere", "--map close", "--map close names no column", "write it as --map close=COLUMN"),
    right(
        "a map of nothing known",
        "--map clos=x",
        "--map clos=x: clos is not a field",
        "did you mean close?",
    ),
    right("a map given twice", "--map close=x --map close=y", "--map gives close twice", "remove one of them"),
    right("a map to an unknown column", "--map close=clos", "A.csv has no column 'clos'", "did you mean close?"),
    right(
        "an import into the sample",
        "--to sample",
        "sample is a synthetic sample: real and generated rows must not mix",
        "name another directory with --to",
    ),
    right("an import into a file", "--to right.toml", "right.toml is not a directory", "name a directory with --to"),
    right(
        "an import below a file",
        "--to right.toml/x",
        "right.toml/x cannot be written: File exists",
        ELSEWHERE,
    ),
    right(
        "an import into something else",
        "--to .",
        ". exists and is not a qlib provider directory",
        "name another directory with --to",
    ),
    right(
        "an import into a name too long",
        f"--to {'x' * 300}",
        f"{'x' * 300} cannot be written: File name too long",
        ELSEWHERE,
    ),
    Case(
        "a directory that an import left in the middle",
        "data plot sample SH600000",
        2,
        "the data directory sample does not exist",
        "a process was killed while it replaced it: the next import or download restores it from .sample.staging/old",
        lambda place: killed(place / "A.csv"),
    ),
]
