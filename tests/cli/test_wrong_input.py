"""What a user gets wrong ends in one sentence, a hint and an exit code, and leaves nothing half."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from builders import SAMPLE_DATA, Said, Volopt

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


def _field(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(provider: Path) -> None:
        path = provider / "features" / "sh600000" / f"{name}.day.bin"
        path.write_bytes(content(path.read_bytes()))

    return spoil


def _constant(values: bytes) -> bytes:
    return values[:4] + values[4:8] * (len(values) // 4 - 1)


def _missing(values: bytes) -> bytes:
    return values[:4] + b"\x00\x00\xc0\x7f" * (len(values) // 4 - 1)  # NaN


PROVIDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no directory": (shutil.rmtree, "sample"),
    "an empty directory": (lambda path: [shutil.rmtree(path), path.mkdir()], "calendars"),
    "no calendar": (lambda path: shutil.rmtree(path / "calendars"), "calendars"),
    "an empty calendar": (lambda path: (path / "calendars" / "day.txt").write_text(""), "day.txt"),
    "a calendar that is none": (lambda path: (path / "calendars" / "day.txt").write_text("yesterday\n"), "yesterday"),
    "no instruments": (lambda path: shutil.rmtree(path / "instruments"), "instruments"),
    "no features of the instrument": (lambda path: shutil.rmtree(path / "features" / "sh600000"), "sh600000"),
    "a field is missing": (lambda path: (path / "features" / "sh600000" / "close.day.bin").unlink(), "$close"),
    "a field is cut": (_field("close", lambda content: content[:-3]), "close.day.bin"),
    "a field is empty": (_field("close", lambda content: b""), "close.day.bin"),
    "a field longer than the calendar": (_field("close", lambda content: content * 2), "close.day.bin"),
    "a header that is no row": (
        _field("close", lambda content: b"\x00\x00\x80\x7f" + content[4:]),
        "close.day.bin",
    ),
    "a constant feature": (_field("close", _constant), "$close"),
    "a feature without values": (_field("close", _missing), "$close"),
    "no day with trade": (_field("volume", lambda content: content[:4] + bytes(len(content) - 4)), "no day with trade"),
}


@pytest.fixture
def provider(tmp_path: Path, sample: Path) -> Path:
    """A provider of the test's own, to spoil."""
    return Path(shutil.copytree(sample, tmp_path / "sample"))


def _assert_said(said: Said, code: int, *parts: str) -> None:
    assert said[0] == code, said
    assert said[2].startswith("Error: ") or said[2].startswith("Usage: ")
    assert "Hint: " in said[2] or "Try " in said[2]
    assert "Traceback" not in said[1] + said[2]
    for part in parts:
        assert part in said[2]


@pytest.mark.parametrize("case", PROVIDERS)
def test_a_wrong_provider(volopt: Volopt, provider: Path, tmp_path: Path, case: str) -> None:
    spoil, part = PROVIDERS[case]
    spoil(provider)
    said = volopt("run", "grid", "--data", provider, "--json")
    _assert_said(said, 2, part)
    assert json.loads(said[1]).keys() == {"error", "hint"}
    assert not (tmp_path / "storage" / "volopt.db").exists()
    assert not list(tmp_path.rglob("*.part"))


STUDIES: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "unknown instrument": (('"SH600000"', '"SH60000"'), ("SH60000", "did you mean SH600000")),
    "dates before the calendar": (("2010-01-04", "1990-01-04"), ("2010-01-04", "2018-12-28")),
    "dates after the calendar": (("2018-12-28", "2030-12-28"), ("2018-12-28",)),
    "overlapping splits": (("2015-09-01", "2015-08-01"), ("data.valid", "2015-08-31, where train ends")),
    "a split the wrong way round": (('["2015-09-01", "2017-12-31"]', '["2017-12-31", "2015-09-01"]'), ("valid",)),
    "too few rows for the window": (("[training]", "[model]\nwindow = 1400\n[training]"), ("train", "window of 1400")),
    "an expression that calls Python": (
        ('"$close", ', "\"Ref($close,((__import__)('os').system)('touch hacked'))\", "),
        ("features",),
    ),
    "an expression that looks into the future": (('"$close", ', '"Ref($close, -1)", '), ("future",)),
    "an unknown operator": (('"$close", ', '"Men($close, 3)", '), ("Mean",)),
    "an unknown field": (('"$close", ', '"$clse", '), ("$clse", "$close")),
    "no logarithm": (('target = "$volume"', 'target = "$close-$open"\ntransform = "log"'), ("no logarithm",)),
    "an unknown key": (("seeds = 1", "sedes = 1"), ('did you mean "seeds"',)),
    "a test metric as objective": (("[space]", '[objective]\nmetric = "test_mse"\n[space]'), ("test split",)),
    "a newer format": (("format = 1", "format = 2"), ("newer volopt",)),
    "no TOML": (("[data]", "[data"), ("line 4",)),
    "the baseline outside the space": (("hidden_size = [5, 7]", "hidden_size = [6, 7]"), ("hidden_size",)),
}


@pytest.mark.parametrize("case", STUDIES)
def test_a_wrong_study_file(volopt: Volopt, sample: Path, tmp_path: Path, case: str) -> None:
    (old, new), parts = STUDIES[case]
    assert old in STUDY
    (tmp_path / "wrong.toml").write_text(STUDY.replace(old, new, 1))
    _assert_said(volopt("run", "wrong.toml", "--data", sample), 2, *parts)
    assert not (tmp_path / "hacked").exists()
    assert not (tmp_path / "storage" / "volopt.db").exists()
    assert volopt("check", "wrong.toml", "--data", sample)[0] == 2


def test_the_study_file_itself_is_right(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "right.toml").write_text(STUDY)
    assert volopt("run", "right.toml", "--data", sample, "--workers", 1)[0] == 0


def test_five_mistakes_of_a_study_file_are_all_named(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    text = STUDY.replace("seeds = 1", "sedes = 1").replace("epochs = 1", 'epochs = "many"')
    text = text.replace("2015-09-01", "2015-08-01").replace('cell = ["RNN"] }', 'cell = ["GRU"] }')
    text = text.replace('"$close", ', '"$close(", ')
    (tmp_path / "wrong.toml").write_text(text)
    code, out, err = volopt("run", "wrong.toml", "--data", sample, "--json")
    assert code == 2
    assert "5 mistakes" in err
    assert err.count("  - ") == 5
    for part in ("sedes", "epochs", "where train ends", "GRU", "data.features"):
        assert part in err
        assert part in json.loads(out)["error"]


COMMANDS: dict[str, tuple[tuple[str, ...], int, tuple[str, ...]]] = {
    "unknown command": (("rnu", "grid"), 2, ('did you mean "run"',)),
    "no command's argument": (("run",), 2, ("STUDY",)),
    "unknown study": (("run", "gird"), 2, ('did you mean "grid"', "volopt studies")),
    "unknown phase": (("run", "grid", "--phase", "with"), 2, ('did you mean "width"',)),
    "no workers": (("run", "grid", "--workers", "0"), 2, ("--workers",)),
    "no epochs": (("run", "grid", "--epochs", "0"), 2, ("--epochs",)),
    "a word for a number": (("run", "grid", "--seeds", "three"), 2, ("--seeds",)),
    "unknown precision": (("run", "grid", "--precision", "low"), 2, ("--precision",)),
    "unknown device": (("run", "grid", "--device", "tpu"), 2, ("tpu",)),
    "a name that is none": (("run", "grid", "--name", "../grid"), 2, ("name",)),
    "a storage of another kind": (("run", "grid", "--storage", "mysql://me:secret@host/db"), 2, ("sqlite:///FILE",)),
    "a storage that is no URL": (("run", "grid", "--storage", "my.db"), 2, ("sqlite:///FILE",)),
    "a storage in memory": (("run", "grid", "--storage", "sqlite:///:memory:"), 2, ("sqlite:///FILE",)),
    "status without a storage": (("status",), 1, ("no database", "run a study")),
    "trials without a storage": (("trials", "grid"), 1, ("no database",)),
    "delete without a storage": (("delete", "grid", "--yes"), 1, ("no database",)),
    "a new study with no name for one": (("new", "../mine"), 2, ("name",)),
    "the published study without its files": (("run", "published"), 2, ("SH600000.csv",)),
    "data check of an unknown instrument": (("data", "check", "sample", "SH60000"), 2, ("did you mean SH600000",)),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_wrong_command_line(volopt: Volopt, provider: Path, tmp_path: Path, case: str) -> None:
    arguments, code, parts = COMMANDS[case]
    said = volopt(*arguments, *(["--data", provider] if arguments[0] == "run" and len(arguments) > 1 else []))
    _assert_said(said, code, *parts)
    assert "secret" not in said[1] + said[2]
    assert not (tmp_path / "storage" / "volopt.db").exists()


def test_cuda_where_there_is_none(volopt: Volopt, sample: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    _assert_said(volopt("run", "grid", "--data", sample, "--device", "cuda"), 2, "CUDA")


def test_the_database_of_another_program_is_left_as_it_is(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = path.read_bytes()
    for command in (("run", "grid", "--data", sample), ("status",), ("trials", "grid")):
        _assert_said(volopt(*command, "--storage", f"sqlite:///{path}"), 1, "another program")
    assert path.read_bytes() == before


def test_a_file_that_is_no_database(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("shopping list")
    said = volopt("run", "grid", "--data", sample, "--storage", f"sqlite:///{tmp_path}/notes.db")
    _assert_said(said, 1, "no SQLite database")
    assert (tmp_path / "notes.db").read_text() == "shopping list"


def test_a_database_of_a_newer_optuna(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    short = ("--data", sample, "--epochs", 1, "--seeds", 1, "--workers", 1)
    assert volopt("run", "loss_curves", *short)[0] == 0
    connection = sqlite3.connect(tmp_path / "storage" / "volopt.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v9.9.9'")
    connection.close()
    _assert_said(volopt("run", "loss_curves", *short), 1, "another version of Optuna")
    _assert_said(volopt("status"), 1, "another version of Optuna")


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user whom permissions bind: root they do not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_directories_without_permission(volopt: Volopt, provider: Path, tmp_path: Path) -> None:
    short = ("--data", provider, "--epochs", 1, "--seeds", 1, "--workers", 1)
    assert volopt("run", "loss_curves", *short)[0] == 0  # imports everything while we may read everything
    locked, secret = tmp_path / "locked", provider / "features"
    locked.mkdir()
    locked.chmod(0o555)
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    with nobody():
        _assert_said(volopt("run", "loss_curves", *short, "--storage", f"sqlite:///{locked}/my.db"), 1, "cannot write")
    assert list(locked.iterdir()) == []
    secret.chmod(0)
    with nobody():
        _assert_said(volopt("run", "loss_curves", *short), 2, "cannot be read: Permission denied")
        assert volopt("data", "check", provider)[0] == 1
    secret.chmod(0o755)
