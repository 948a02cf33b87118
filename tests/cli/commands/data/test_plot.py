"""``volopt data plot``."""

import json
from pathlib import Path

import pytest

from builders import Volopt
from volopt.cli.output import SYNTHETIC

CSV = 'datetime,"$close","$volume"\n' + "".join(f"2020-01-{day:02},{day},{day * 100}\n" for day in range(1, 20))


def test_the_figure_of_a_provider_is_a_page_named_by_the_instrument(volopt: Volopt, sample: Path) -> None:
    code, out, err = volopt("data", "plot", sample, "SH600000")
    assert (code, out, err) == (0, f"{SYNTHETIC}\nSH600000-market.html\n", "")
    assert Path("SH600000-market.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(("form", "starts"), [("png", b"\x89PNG"), ("svg", b"<"), ("json", b"{")])
def test_the_files_name_says_the_format(volopt: Volopt, sample: Path, form: str, starts: bytes) -> None:
    code, out, _ = volopt("data", "plot", sample, "SH600000", "--from", "2018-01-01", "--out", f"new/figure.{form}")
    assert (code, out.splitlines()[-1]) == (0, f"new/figure.{form}")
    assert Path(f"new/figure.{form}").read_bytes().startswith(starts)


def test_only_the_days_asked_for_are_drawn(volopt: Volopt, sample: Path) -> None:
    volopt("data", "plot", sample, "SH600000", "--from", "2018-01-01", "--to", "2018-03-31", "--out", "a.json")
    days = [day for day in json.loads(Path("a.json").read_text())["panels"][0]["marks"][0]["x"] if day]
    assert "2018-01-01" <= days[0] < "2018-01-09"
    assert "2018-03-23" < days[-1] <= "2018-03-31"


def test_a_csv_file_is_drawn_too(volopt: Volopt) -> None:
    Path("market.csv").write_text(CSV)
    code, out, _ = volopt("data", "plot", "market.csv", "SH600000", "--format", "json")
    assert (code, out) == (0, "SH600000-market.json\n")
    volume = json.loads(Path("SH600000-market.json").read_text())["panels"][1]["marks"][0]
    assert volume["y"] == [100.0 * day for day in range(1, 20)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "SH600000"), "the data directory nowhere does not exist"),
        (("SAMPLE", "SH60000"), "has no instrument SH60000"),
        (("SAMPLE", "SH600000", "--from", "2031-01-01"), "lies outside the calendar"),
        (("SAMPLE", "SH600000", "--from", "31.1.2018"), "31.1.2018"),
        (("SAMPLE", "SH600000", "--out", "a.gif"), "names no format"),
    ],
)
def test_wrong_arguments_are_errors(volopt: Volopt, sample: Path, arguments: tuple[str, ...], message: str) -> None:
    given = [sample if each == "SAMPLE" else each for each in arguments]
    code, _, err = volopt("data", "plot", *given)
    assert (code, message in err) == (2, True)
    assert not list(Path().glob("*.*"))


def test_a_file_that_cannot_be_written_is_an_error(volopt: Volopt, sample: Path) -> None:
    Path("file").touch()
    code, _, err = volopt("data", "plot", sample, "SH600000", "--out", "file/a.json")
    assert (code, "cannot write file/a.json" in err) == (1, True)
    assert "--storage" not in err
