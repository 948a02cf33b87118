"""``volopt data import``; its wrong input is in cli/wrong_input/imports.py."""

import json
from pathlib import Path
from typing import Any

import pytest

from builders import Volopt

HEADER = "Date,Open,High,Low,Close,Volume,Note\n"


def row(day: int, close: float = 2, volume: int = 30) -> str:
    return f"2020-01-{day:02},{close},{close},{close},{close},{volume},x\n"


@pytest.fixture
def aapl() -> str:
    """A file with three days, one of them twice with differing values, an empty row and a suspended day."""
    Path("AAPL.csv").write_text(HEADER + row(2) + row(3) + row(3, 3) + "2020-01-06,,,,,,\n" + row(7, 3, 0))
    return "AAPL.csv"


def test_it_prints_what_it_imported_dropped_and_doubts(volopt: Volopt, aapl: str) -> None:
    code, out, err = volopt("data", "import", aapl, "--to", "mine")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "AAPL.csv: 5 rows",
        "  imported: date (Date), open (Open), high (High), low (Low), close (Close), volume (Volume)",
        "  ignored: Note",
        "  instrument from the name of the file",
        "  volume taken as shares",
        "  prices unchanged, factor 1",
        "AAPL: 3 days from 2020-01-02 to 2020-01-07, 1 without trade",
        "  dropped: empty rows: 1 (2020-01-06)",
        "  dropped: earlier rows of days with different rows: 1 (2020-01-03)",
        "  doubted: days with different rows (last one kept): 1 (2020-01-03)",
        "Wrote mine: now 3 days from 2020-01-02 to 2020-01-07",
        "Next: volopt data check mine AAPL",
    ]


def test_the_next_command_that_it_prints_works(volopt: Volopt, aapl: str) -> None:
    _, out, _ = volopt("data", "import", aapl, "--to", "mine")
    code, out, _ = volopt(*out.splitlines()[-1].split()[2:])
    assert code == 0
    assert "mine: 3 days from 2020-01-02 to 2020-01-07" in out


def test_json_has_the_same_facts(volopt: Volopt, aapl: str) -> None:
    code, out, _ = volopt("data", "import", aapl, "--to", "mine", "--json")
    facts: dict[str, Any] = json.loads(out)
    assert code == 0
    assert facts.keys() == {"directory", "files", "instruments", "calendar"}
    (file,) = facts["files"]
    assert (file["rows"], file["columns"]["volume"], file["ignored"]) == (5, "Volume", ["Note"])
    (instrument,) = facts["instruments"]
    assert (instrument["name"], instrument["days"], instrument["added"], instrument["known"]) == ("AAPL", 3, 3, 0)
    assert instrument["dropped"][0] == {"what": "empty rows", "count": 1, "examples": ["2020-01-06"]}


def test_an_import_of_newer_rows_prints_how_many_are_new(volopt: Volopt, aapl: str) -> None:
    volopt("data", "import", aapl, "--to", "mine")
    Path(aapl).write_text(HEADER + row(7, 3, 0) + row(8, 3))
    _, out, _ = volopt("data", "import", aapl, "--to", "mine")
    assert "AAPL: 2 days from 2020-01-07 to 2020-01-08, 1 without trade; 1 of them new" in out
    assert "Wrote mine: now 4 days from 2020-01-02 to 2020-01-08" in out


def test_options_complete_the_file(volopt: Volopt) -> None:
    Path("x y.txt").write_text("Tag\tSchluss\tStueck\n1/2/2020\t2\t3\n")
    columns = ("--map", "date=Tag", "--map", "close=Schluss", "--map", "volume=Stueck")
    choices = ("--instrument", "sh.600000", "--volume-unit", "lots", "--dates", "day-first")
    code, out, _ = volopt("data", "import", "x y.txt", "--to", "mine", *columns, *choices)
    assert code == 0
    assert "imported: date (Tag), close (Schluss), volume (Stueck)" in out
    assert "volume times 100" in out
    assert "SH600000: 1 day from 2020-02-01 to 2020-02-01" in out


def test_similar_files_share_their_lines_and_many_instruments_are_a_table(volopt: Volopt) -> None:
    names = [f"S{number}.csv" for number in range(12)]
    for name in names:
        Path(name).write_text(HEADER + row(2) + row(2) + row(3))
    code, out, _ = volopt("data", "import", *names, "--to", "mine")
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "S0.csv and 11 more like it: 36 rows"
    assert "12 instruments; --json describes each" in lines
    assert "  dropped: identical duplicates: 12" in lines
    table = lines[lines.index("  dropped: identical duplicates: 12") + 1 :]
    assert table[0].split() == ["instrument", "from", "to", "days", "new", "without", "trade", "dropped", "doubts"]
    assert table[1].split() == ["S0", "2020-01-02", "2020-01-03", "2", "2", "0", "1", "0"]
    assert len(table) == 1 + 12 + 2


def test_names_and_values_that_steer_a_terminal_are_escaped(volopt: Volopt) -> None:
    Path("A.csv").write_text("date,close,volume,\x1b[31mred\n2020-01-02,1,\x1b[31m,\n2020-01-03,1,1,\n")
    _, out, _ = volopt("data", "import", "A.csv", "--to", "mine", "--skip-bad")
    assert "\x1b" not in out
    assert "ignored: \\x1b[31mred" in out


def test_a_directory_that_a_killed_import_moved_aside_is_restored(volopt: Volopt, aapl: str) -> None:
    volopt("data", "import", aapl, "--to", "mine")
    Path(".mine.staging").mkdir()
    Path("mine").rename(".mine.staging/old")
    Path("B.csv").write_text(HEADER + row(9))
    code, _, _ = volopt("data", "import", "B.csv", "--to", "mine")
    assert code == 0
    assert sorted(path.name for path in Path("mine/features").iterdir()) == ["aapl", "b"]
    assert not Path(".mine.staging").exists()
