"""Wrong files, options and directories: an exit code, one sentence, nothing written, and a hint that leads on.

Each case is tried twice: as it is, and after what its hint says, with more arguments or other content.
"""

import io
import shlex
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from builders import Volopt

HEADER = "date,open,close,volume"
RIGHT = "\n".join([HEADER, *(f"2020-01-{day:02},1.5,2.25,{1000 + day}" for day in (2, 3, 6, 7))])
DAYS = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2020-01-06", periods=120)]


@dataclass(frozen=True)
class Case:
    """A wrong import, and what mends it: more arguments, or other content."""

    name: str
    content: str | bytes
    says: str
    hint: str
    given: str = ""  # arguments
    then: str = ""  # arguments that the hint names
    mended: str | bytes = ""  # content that the hint asks for


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows])


def daily(cells: Callable[[int], str], header: str = HEADER, count: int = 120) -> str:
    """Return a table of many days; ``cells`` gives the others of a row."""
    return table(*(f"{day},{cells(number)}" for number, day in enumerate(DAYS[:count])), header=header)


def packed(**files: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in files.items():
            file.writestr(f"{name}.csv", content)
    return archive.getvalue()


def sheet(*rows: Sequence[object]) -> bytes:
    book = io.BytesIO()
    pd.DataFrame(rows).to_excel(book, header=False, index=False)
    return book.getvalue()


def parquet(**columns: object) -> bytes:
    return bytes(pd.DataFrame(columns).to_parquet())


def no_content() -> list[Case]:
    kinds = "give a CSV file, its gzip or zip, Excel (.xlsx), or Parquet"
    contents: dict[str, tuple[str | bytes, str]] = {
        "nothing": ("", "A.csv is not a table: it is empty"),
        "blank lines": ("\n \n\n", "A.csv is not a table: it is empty"),
        "no names": (",,,\n,,,\n", "A.csv is not a table: it has no names of columns"),
        "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "A.csv is not text"),
        "zeros": (bytes(99), "A.csv is not text"),
        "half a UTF-16": ("date,close".encode("utf-16") + b"\x00", "A.csv is not text"),
        "an open quote": (
            table('2020-01-02,1,1,"1', "2020-01-03,1,1,1"),
            "A.csv is not a table: a quote is not closed",
        ),
        "a line break in a value": (
            table('2020-01-02,1,1,"1\n"', "2020-01-03,1,1,2"),
            "a quoted value has line breaks",
        ),
        "commas without quotes": (table(*["2020-01-02,1,1,1,234"] * 3), "a different number of values than the first"),
        "many columns": (",".join("a" * 1001), "A.csv has 1001 columns, more than the limit of 1000"),
    }
    return [Case(name, content, says, kinds, mended=RIGHT) for name, (content, says) in contents.items()]


def not_readable() -> list[Case]:
    both = packed(a=RIGHT, b=RIGHT)
    broken = {
        "an old spreadsheet": (
            b"\xd0\xcf\x11\xe0",
            "A.csv is an old spreadsheet (.xls)",
            "save its table as CSV or .xlsx",
        ),
        "a broken zip": (b"PK\x03\x04 and no more", "A.csv is a zip that cannot be unpacked", "unpack it first"),
        "a cut zip": (both[:-30], "A.csv is a zip that cannot be unpacked", "unpack it first"),
        "a zip of two files": (both, "A.csv is a zip with 2 files, not one: a.csv, b.csv", "unpack it and name those"),
        "a zip of none": (packed(), "A.csv is a zip with 0 files, not one: none", "unpack it and name those"),
        "a broken gzip": (b"\x1f\x8b and no more", "A.csv is a broken gzip file", "download it again"),
        "half a Parquet file": (b"PAR1 and no more", "A.csv is not a readable Parquet file", "download it again"),
        "an empty workbook": (sheet(), "A.csv has no sheet with a table", "check that it is the right file"),
    }
    return [Case(name, *case, mended=RIGHT) for name, case in broken.items()]


def missing_columns() -> list[Case]:
    cases = []
    for field in ("date", "close", "volume"):
        other = RIGHT.replace(field, "other")
        says, hint = f"A.csv has no column for {field}", f"name it with --map {field}=COLUMN; its columns are: "
        cases.append(Case(f"no {field}", other, says, hint, then=f"--map {field}=other"))
        lines = [line.split(",") for line in other.splitlines()]
        cases.append(Case(f"no {field} in Excel", sheet(*lines), says, hint, then=f"--map {field}=other"))
        frame = pd.read_csv(io.StringIO(other))
        cases.append(Case(f"no {field} in Parquet", frame.to_parquet() or b"", says, hint, then=f"--map {field}=other"))
        wrong = f"--map {field}=othr"
        cases.append(
            Case(f"no othr of {field}", other, "A.csv has no column 'othr'", "did you mean other?", wrong,
                 mended=other.replace("other", "othr"))
        )  # fmt: skip
    for field in ("date", "code", "open", "close", "volume", "factor"):
        header = f"{HEADER},code,factor".replace(f"{field}", f"{field},{field.upper()}")
        row = header.replace("date", "2020-01-02").replace("DATE", "2020-01-02")
        row = ",".join("ABC" if cell.lower() == "code" else "1" if cell.isalpha() else cell for cell in row.split(","))
        says = f"A.csv has two columns for {field}, '{field}' and '{field.upper()}'"
        hint = "rename or remove one of them"
        cases.append(
            Case(f"two {field}", table(row, header=header), says, hint,
                 mended=table(row, header=header.replace(field.upper(), "other")))
        )  # fmt: skip
    twice = RIGHT.replace("open", "close")
    cases.append(Case("a mapped name twice", twice, "A.csv has 'close' more than once", "rename or remove the others",
                      "--map close=close", mended=RIGHT))  # fmt: skip
    page = "<!DOCTYPE html>\n<html><body>Too many requests</body></html>"
    says = "A.csv has no column for date"
    cases.append(Case("a web page", page, says, "its columns are: <!DOCTYPE html>", mended=RIGHT))
    cases.append(Case("columns between blanks", RIGHT.replace(",", "   "), "A.csv separates its columns by blanks",
                      "separate them by commas, semicolons or tabs", mended=RIGHT))  # fmt: skip
    cases.append(Case("JSON", '{"date": ["2020-01-02"]}', says, "its columns are: {", mended=RIGHT))
    cases.append(Case("a list in Parquet", parquet(date=["2020-01-02"], close=[[1]], volume=[1], last=[1]),
                      "A.csv has a column of list", "name another column", then="--map close=last"))  # fmt: skip
    return cases


def options() -> list[Case]:
    """Wrong options of a right file."""
    return [
        Case(f"{given or 'nothing'} as an option", RIGHT, says, hint, given, then)
        for given, says, hint, then in [
            ("--map close", "--map close names no column", "write it as --map close=COLUMN", "--map close=close"),
            ("--map clse=close", "--map clse=close: clse is not a field", "did you mean close?", "--map close=close"),
            ("--map amount=close", "amount is not a field", "there are: date, code", "--map close=close"),
            ("--map close=a --map close=b", "--map gives close twice", "remove one of them", "--map close=open"),
            ("--instrument ../x", "--instrument ../x is not an instrument name", "write letters", "--instrument x"),
            ("--instrument ''", "--instrument  is not an instrument name", "write letters", "--instrument x"),
            (f"--instrument {'x' * 61}", "is not an instrument name", "write letters", "--instrument x"),
            ("--instrument 'a{b'", "--instrument a{b is not an instrument name", "write letters", "--instrument a&b"),
            ("--volume-unit tons", "--volume-unit tons is not a unit", "write shares, lots", "--volume-unit lots"),
            ("--volume-unit 0", "--volume-unit 0 is not a unit", "or a number of shares", "--volume-unit 10"),
            ("--volume-unit -1", "--volume-unit -1 is not a unit", "or a number of shares", "--volume-unit 1"),
            ("--volume-unit nan", "--volume-unit nan is not a unit", "a number of shares", "--volume-unit thousands"),
            ("--dates first", "'first' is not one of 'day-first', 'month-first'", "", "--dates day-first"),
            ("--decimal x", "'x' is not one of '.', ','", "", "--decimal ,"),
            ("--on-duplicate first", "'first' is not one of 'last', 'error'", "", "--on-duplicate error"),
            ("--timezone Kolkata", "--timezone Kolkata is not a time zone", "Asia/Kolkata", "--timezone Asia/Kolkata"),
            ("--timezone ''", "is not a time zone", "there are: ", "--timezone UTC"),
            ("--timezone ../UTC", "--timezone ../UTC is not a time zone", "UTC", "--timezone UTC"),
            ("--encoding utf9", "--encoding utf9 is not an encoding", "such as utf-8, gbk", "--encoding utf-8"),
            ("--encoding hex", "--encoding hex is not an encoding", "such as utf-8, gbk", "--encoding cp1252"),
            ("--encoding utf-32", "is not text in the encoding utf-32", "--encoding, or none", "--encoding utf-8"),
            ("--header 0", "0 is not in the range x>=1", "", "--header 1"),
            ("--header one", "'one' is not a valid integer", "", "--header 1"),
            ("--header 99", "A.csv has no names on line 99", "give --header a line from 1 to 5", "--header 1"),
            ("--header 3", "A.csv has no column for date", "--map date=COLUMN", "--header 1"),
        ]
    ]  # fmt: skip


def dates() -> list[Case]:
    cases = []
    for name, text in {
        "words": "Monday", "weeks": "2020-W01", "months": "2020-01", "quarters": "2020Q1", "years": "2020",
        "an age": "1850-01-02", "no day": "2020-02-30", "minutes": "202001021530",
    }.items():  # fmt: skip
        says = f"A.csv has no readable date in column 'date': it has '{text}'"
        cases.append(Case(name, table(f"{text},1,1,1"), says, "write days as 2010-01-04", mended=RIGHT))
    says = "A.csv has no readable date in column 'date': it has '43832'"
    hint = "these may be Excel's numbers of days"
    cases.append(Case("days of Excel", table("43832,1,1,1", "43833,1,1,1"), says, hint, mended=RIGHT))
    swapped = daily(lambda n: "1,1,1").replace("2020-01-", "2020-13-")
    says = "of 120 values in column 'date' that are no days"
    cases.append(Case("days that do not exist", swapped, says, "--skip-bad leaves them out", then="--skip-bad"))
    total = daily(lambda n: "1,1,1").replace("2020-01-07", "Total").replace("2020-01-08", "Mean")
    cases.append(Case("sums between days", total, "has 2 of 120 values in column 'date'", "correct 'Total', 'Mean'",
                      then="--skip-bad"))  # fmt: skip
    for mark in "/-":
        day = f"1{mark}2{mark}2020"
        says = f"A.csv has dates such as {day}, which may begin with the day or the month: 2020-02-01 or 2020-01-02"
        hint = "choose --dates day-first or --dates month-first"
        for order in ("day-first", "month-first"):
            cases.append(Case(f"{day}, {order}", table(f"{day},1,1,1"), says, hint, then=f"--dates {order}"))
    years = table("01.02.03,1,1,1")
    says = "which may begin with the day or the year: 2003-02-01 or 2001-02-03"
    cases.append(Case("years of two digits", years, says, "choose --dates day-first", then="--dates day-first"))
    cases.append(Case("years of two digits, mended", years, says, "or write years with four digits",
                      mended=years.replace("01.02.03", "01.02.2003")))  # fmt: skip
    return cases


def numbers() -> list[Case]:
    cases = []
    columns = ["open", "close", "volume", "factor", "adj close"]
    header = ",".join(["date", *columns])

    def row(column: str, text: str, number: int) -> str:
        return ",".join(text if name == column and number < 3 else str(100 + number) for name in columns)

    for column in columns:
        role = column.replace("adj", "adjusted")
        for name, text in {"words": "high", "fractions": "1/2"}.items():
            none = table(f"2020-01-02,{row(column, text, 0)}", header=header)
            says = f"A.csv has no readable {role} in column '{column}': it has '{text}'"
            hint = f"name another column with --map {role.replace(' ', '_')}=COLUMN"
            cases.append(Case(f"{name} of {role}", none, says, hint, mended=none.replace(text, "1")))
            some = daily(lambda n, column=column, text=text: row(column, text, n), header)  # type: ignore[misc]  # mypy infers no lambda with defaults
            says = f"A.csv has 3 of 120 values in column '{column}' that are no numbers"
            cases.append(Case(f"some {name} of {role}", some, says, "--skip-bad leaves them out", then="--skip-bad"))
    for name, text in {
        "a unit": "3.2lakh",
        "infinity": "inf",
        "two points": "12.345.6",
        "a percentage": "1200%",
    }.items():
        one = daily(lambda n, text=text: f"1,1,{text if n == 9 else 100 + n}")  # type: ignore[misc]  # mypy infers no lambda with defaults
        says = "A.csv has 1 of 120 values in column 'volume' that are no numbers, which may be its largest"
        cases.append(Case(f"{name} among the largest", one, says, f"correct '{text}'; --skip-bad", then="--skip-bad"))
    for decimal in (".", ","):
        for separator, close, volume in (
            (",", "1.5", "450.645"), (",", '"30,160"', "1"), ("\t", "30,160", "450,645"), (";", "30.160", "1"),
            (";", "1.5", "450.645"), ("|", "1", "450,645"), ("|", "1", "450.645"),
        ):  # fmt: skip
            content = separator.join(["date", "close", "volume"]) + f"\n2020-01-02{separator}{close}{separator}{volume}"
            says, hint = "which may be ", "choose --decimal . or --decimal ,"
            name = f"{close} and {volume} after {separator!r} with {decimal}"
            cases.append(Case(name, content, says, hint, then=f"--decimal {decimal}"))
    return cases


def codes() -> list[Case]:
    header = f"{HEADER},code,name"
    hint = "or name their column with --map code=COLUMN"
    return [
        Case(f"the code {code}", table(f"2020-01-02,1,1,1,{code},ABC", header=header),
             f"A.csv has {says!r} where the code of an instrument belongs", hint, then="--map code=name")
        for code, says in {
            "../x": "../x", ".": ".", "/etc/passwd": "/etc/passwd", '"{""a"": 1}"': '{"a": 1}', "[1]": "[1]",
            "a\\b": "a\\b", "<b>": "<b>", "a;b": "a;b", "x" * 61: "x" * 57 + "...",
        }.items()
    ]  # fmt: skip


def doubles() -> list[Case]:
    merged = table("2020-01-02,1,1,1,KO", "2020-01-03,1,1,1,", header=f"{HEADER},code")
    says, hint = "A.csv has 1 of 2 rows without a code", "--skip-bad leaves the others out"
    cases = [Case("codes of merged cells", merged, says, hint, then="--skip-bad")]
    two = table("2020-01-02,1,1,1,2", header=f"{HEADER},Volume (USD)")
    says, hint = "A.csv has two columns for volume, 'volume' and 'Volume (USD)'", "or choose with --map volume=COLUMN"
    cases.append(Case("volume in two units", two, says, hint, then="--map volume=volume"))
    for column, values in {"Name": "AB", "Sector": "XYZ", "Side": "12"}.items():
        rows = [f"{day},1,{place + 1},{place + 5},{value}" for day in DAYS for place, value in enumerate(values)]
        content = table(*rows, header=f"{HEADER},{column}")
        says = "A.csv has 120 of its 120 days more than once with differing values, first 2020-01-06 of A"
        cases.append(Case(f"{len(values)} of {column}", content, says, f"--map code={column} makes each an instrument",
                          then=f"--map code={column}"))  # fmt: skip
        cases.append(Case(f"{len(values)} of {column}, one kept", content, says, "--skip-bad keeps the last row",
                          then="--skip-bad"))  # fmt: skip
    for times in (("09:00", "21:00"), ("09:30", "13:00", "15:00")):
        rows = [f"{day} {time},1,{place + 1},9" for day in DAYS for place, time in enumerate(times)]
        cases.append(Case(f"{len(times)} sessions a day", table(*rows), "days more than once with differing values",
                          "the rows of a day differ in their time", then="--skip-bad"))  # fmt: skip
    rows = [f"{day},1,{place},9" for day in DAYS for place in (1, 2)]
    cases.append(Case("two rows a day", table(*rows), "days more than once", "give one row a day", then="--skip-bad"))
    minutes = table(*(f"2020-01-02,1,{minute},1" for minute in range(1, 60)))
    cases.append(
        Case(
            "rows of minutes", minutes, "A has several rows a day (rows: 59, days: 1)", "give daily rows", mended=RIGHT
        )
    )
    twice = f"{RIGHT}\n2020-01-02,1,9,9"
    cases.append(Case("a day twice", twice, "A has different rows on 1 of its days, first on 2020-01-02",
                      "--on-duplicate last", "--on-duplicate error", "--on-duplicate last"))  # fmt: skip
    return cases


def no_days() -> list[Case]:
    says, hint = "A.csv has no row with a date and a number", "check that it is the right file"
    contents = {"a header": HEADER, "empty rows": table("2020-01-02,,,")}
    return [Case(name, content, says, hint, mended=RIGHT) for name, content in contents.items()]


CASES = [
    *(*no_content(), *not_readable(), *missing_columns(), *options(), *dates(), *numbers(), *codes(), *doubles()),
    *no_days(),
]


def run(volopt: Volopt, arguments: str) -> tuple[int, str, str]:
    return volopt("data", "import", "A.csv", "--to", "mine", *shlex.split(arguments))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wrong_import_is_told_and_its_hint_leads_on(volopt: Volopt, case: Case) -> None:
    path = Path("A.csv")
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    code, out, err = run(volopt, case.given)
    assert (code, out) == (2, "")
    assert case.says in err
    assert case.hint in err.partition("Hint: ")[2] or not case.hint
    assert "Traceback" not in err
    assert [each.name for each in Path().iterdir()] == ["A.csv"]
    if case.mended:
        path.write_bytes(case.mended if isinstance(case.mended, bytes) else case.mended.encode())
    code, _, err = run(volopt, case.then if case.then or not case.mended else case.given)
    assert code == 0, err


def test_there_are_many_and_none_stands_there_twice() -> None:
    assert len(CASES) >= 120
    assert len({case.name for case in CASES}) == len(CASES)


DIRECTORIES: dict[str, tuple[str, str | None, str, int]] = {
    "no directory": ("", None, "Problem: the data directory mine does not exist", 1),
    "no calendar": ("calendars", None, "is not a qlib provider directory: it has no calendars", 1),
    "no list": ("instruments", None, "is not a qlib provider directory: it has no instruments", 1),
    "no series": ("features", None, "is not a qlib provider directory: it has no features", 1),
    "an empty calendar": ("calendars/day.txt", "", "has no day", 1),
    "a calendar of words": ("calendars/day.txt", "Monday\n", "has 'Monday' where a date belongs", 1),
    "a calendar out of order": ("calendars/day.txt", "2020-01-03\n2020-01-02\n", "is not in ascending order", 1),
    "a line without days": ("instruments/all.txt", "A\n", "has an invalid line 'A'", 1),
    "a name that is none": ("instruments/all.txt", "A{\t2020-01-02\t2020-01-03\n", "has an invalid line", 1),
    "half a spelling": ("instruments/all.txt", "M%2\t2020-01-02\t2020-01-03\n", "has an invalid line 'M%2", 1),
    "a spelling of a letter": ("instruments/all.txt", "%41\t2020-01-02\t2020-01-03\n", "has an invalid line '%41", 1),
    "no instrument": ("instruments/all.txt", "", "Problem: mine lists no instrument", 1),
    "another instrument": (
        "instruments/all.txt",
        "B\t2020-01-02\t2020-01-03\n",
        "B: mine/features/b cannot be read",
        1,
    ),
    "a broken series": ("features/a/volume.day.bin", "abc", "is broken: its size is 3 bytes", 1),
    "no volume": ("features/a/volume.day.bin", None, "A: $volume has no file", 1),
}


@pytest.mark.parametrize("case", DIRECTORIES.values(), ids=list(DIRECTORIES))
def test_a_wrong_directory_is_told_by_check(volopt: Volopt, case: tuple[str, str | None, str, int]) -> None:
    name, content, says, exit_code = case
    Path("A.csv").write_text(RIGHT)
    assert run(volopt, "")[0] == 0
    target = Path("mine", name)
    if content is not None:
        target.write_text(content)
    else:
        target.rename("elsewhere")
    code, out, err = volopt("data", "check", "mine")
    assert code == exit_code
    assert says in out
    assert err == ""


def test_check_doubts_what_import_doubts(volopt: Volopt) -> None:
    sundays = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2020-01-06", periods=60) - pd.Timedelta(days=1)]
    Path("A.csv").write_text(table(*(f"{day},1,1,1" for day in sundays)))
    assert "doubted: days on a Saturday or Sunday" in run(volopt, "")[1]
    code, out, _ = volopt("data", "check", "mine")
    assert code == 0
    assert (
        "Doubt: A: days on a Saturday or Sunday (of another time zone? import with --timezone): 12 (2020-01-05," in out
    )


def test_standard_input(volopt: Volopt, monkeypatch: pytest.MonkeyPatch) -> None:
    for content, more, says in (
        ("", "--instrument A", "standard input is not a table: it is empty"),
        (RIGHT, "", "standard input has no code column"),
        (RIGHT, "--instrument A", ""),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        code, out, err = volopt("data", "import", "-", "--to", "mine", *more.split())
        assert (code, says in err) == (2 if says else 0, True)
    assert out.startswith("standard input: 4 rows")
