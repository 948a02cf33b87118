"""What a user gets wrong ends in one sentence, a hint and an exit code, and leaves nothing half."""

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from builders import Said, Volopt
from cli.wrong_input.case import STUDY, Case
from cli.wrong_input.next_steps import ANEW, GOOD_CSV, next_steps
from cli.wrong_input.table import CASES, DATA
from small_runs import run
from volopt.definition.plain_text import is_plain

# A command that fails may leave what the next one reads faster, and what SQLite keeps beside a database that is open.
KEPT = ("artifacts/frames", "locks", "volopt.db-shm", "volopt.db-wal")


TRIED: set[str] = set()  # hints


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A directory with the database and the artifacts of one run of ``right``."""
    directory = tmp_path_factory.mktemp("ran")
    run(STUDY.replace('"wrong"', '"right"'), directory, sample)
    (directory / "small.toml").unlink()
    return directory


@pytest.fixture
def place(tmp_path: Path, sample: Path) -> Path:
    """The directory that a case begins with."""
    shutil.copytree(sample, tmp_path / "sample")
    (tmp_path / "right.toml").write_text(STUDY.replace('"wrong"', '"right"'))
    (tmp_path / "wrong.toml").write_text(STUDY)
    return tmp_path


def _files(place: Path) -> dict[str, object]:
    """Every file below a place with what would tell a change, but for what may be kept."""
    found = {str(path.relative_to(place)): path.lstat() for path in sorted(place.rglob("*"))}
    kept = {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items() if not any(k in name for k in KEPT)}
    return {name: told for name, told in kept.items() if not (place / name).is_dir()}


def _lines(stderr: str) -> list[str]:
    shown = (line.removeprefix("Error: ").removeprefix("  - ").removesuffix(".") for line in stderr.splitlines())
    return list(shown)


def _assert_said(said: Said, case: Case) -> None:
    code, out, err = said
    assert code == case.code, said
    assert case.says in _lines(err), err
    assert case.hint in err.partition("Hint: ")[2] or (case.hint.startswith("Try ") and case.hint in err), err
    assert "Traceback" not in out + err
    assert "secret" not in out + err
    assert all(map(is_plain, (out + err).splitlines()))


def _assert_leads_on(volopt: Volopt, place: Path, case: Case, err: str) -> None:
    """Do what the hint says; each hint is tried once, because many cases have the same."""
    hint = err.partition("Hint: ")[2] or "".join(line for line in err.splitlines() if line.startswith("Try "))
    if hint in TRIED:
        return
    TRIED.add(hint)
    (place / "good.csv").write_text(GOOD_CSV)
    for step in next_steps(case.command, hint):
        shutil.rmtree(place / ANEW, ignore_errors=True)
        _, _, told = volopt(*step)
        assert case.says not in _lines(told), (hint, step)
        assert "Usage: " not in told, (hint, step)
        assert "Traceback" not in told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wrong_input_is_told_with_a_hint_and_an_exit_code_and_leaves_nothing_half(
    volopt: Volopt, place: Path, request: pytest.FixtureRequest, case: Case
) -> None:
    if case.stored:
        shutil.copytree(request.getfixturevalue("ran"), place / "storage")
    case.given(place)
    before = _files(place)
    said = volopt(*shlex.split(case.command))
    _assert_said(said, case)
    assert _files(place) == before
    _assert_leads_on(volopt, place, case, said[2])


@pytest.mark.parametrize("case", DATA, ids=lambda case: case.name)
def test_check_says_what_run_says_and_json_has_it_too(volopt: Volopt, place: Path, case: Case) -> None:
    case.given(place)
    said = volopt(*shlex.split(case.command.replace("run ", "check ")), "--json")
    _assert_said(said, case)
    told = json.loads(said[1])
    assert case.says in told["error"]
    assert case.hint in told["hint"]


def test_the_table_is_long_and_no_case_stands_there_twice() -> None:
    assert len(CASES) >= 100
    assert len({(case.command, case.says, case.name) for case in CASES}) == len(CASES)


def test_the_study_files_themselves_are_right(volopt: Volopt, place: Path) -> None:
    for name in ("right.toml", "wrong.toml"):
        assert volopt("check", name, "--data", "sample")[0] == 0


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


def test_cuda_where_there_is_none(volopt: Volopt, place: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    says = "--device cuda needs a CUDA device, and PyTorch sees none"
    case = Case("cuda", "run right.toml --data sample --device cuda", 2, says, "use --device cpu or auto")
    _assert_said(volopt(*shlex.split(case.command)), case)


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


def test_directories_without_permission(volopt: Volopt, place: Path) -> None:
    short = ("--data", place / "sample", "--workers", 1, "--pictures", "none")
    assert volopt("run", "right.toml", *short)[0] == 0  # imports everything while we may read everything
    locked, secret = place / "locked", place / "sample" / "features"
    locked.mkdir()
    locked.chmod(0o555)
    for parent in (place, *place.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o055)
    with nobody():
        code, _, err = volopt("run", "right.toml", *short, "--storage", f"sqlite:///{locked}/my.db")
        assert (code, "cannot write in" in err, "Permission denied" in err, "Hint: " in err) == (1, True, True, True)
    assert list(locked.iterdir()) == []
    for path in (place / "right.toml", secret):
        mode = path.stat().st_mode
        path.chmod(0)
        with nobody():
            code, _, err = volopt("run", "right.toml", *short)
            assert (code, "cannot be read: Permission denied" in err, "Hint: " in err) == (2, True, True), err
        path.chmod(mode)
    secret.chmod(0)
    with nobody():
        assert volopt("data", "check", place / "sample")[0] == 1
    secret.chmod(0o755)
