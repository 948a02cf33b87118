"""A stdout or stderr that cannot take every character, or that nobody reads, changes no exit code."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import Volopt
from hand_made import Shelf, World, content
from small_runs import TWO_TRIALS
from volopt.cli.streams import replace_streams
from volopt.storage.database.connect import connect
from volopt.studies.listing import counts
from volopt.studies.study import find

TITLE = "成交量 R² naïve"
COLUMNS = "日期,代码,收盘,成交量\n"
COMMANDS = {
    "": 2,
    "run --help": 0,
    "studies": 0,
    "new mine": 0,
    "check missing": 2,
    "data import 价格.csv --to data --map date=日期 --map code=代码 --map close=收盘 --map volume=成交量": 0,
    "data check data": 0,
    "status": 0,
    "status small": 0,
    "status 研究": 1,
    "trials small": 0,
    "trials small 0": 0,
    "findings": 0,
    "compare small 0 1": 0,
    "plot small history": 0,
    "export small --out tables": 0,
    "report small": 0,
    "predict 研究": 2,
    "backtest 研究 --from 2016-01-01": 1,
    "delete small --yes": 0,
}


def make_study(directory: Path) -> None:
    """Store a study whose title has characters that few encodings have, and write a CSV file with such a header."""
    shelf, world = Shelf(directory / "storage"), World(seeds=2)
    title = "Hidden size and depth of RNN and LSTM, SH600000 volume"
    definition = shelf.study("small", text=(title, TITLE))
    for size in (5, 25):
        result = world.trial(cell="RNN", hidden_size=size)
        shelf.trial(definition, content(result), value=1 / size, cell="RNN", hidden_size=size)
    rows = (f"2020-01-{day:02},SH600000,{day}.5,{day * 100}\n" for day in range(6, 11))
    (directory / "价格.csv").write_text(COLUMNS + "".join(rows), encoding="utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk", "utf-8"])
def test_what_an_encoding_lacks_is_replaced_and_changes_no_exit_code(
    volopt: Volopt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str
) -> None:
    make_study(tmp_path)
    printed = tmp_path / "printed"
    for command, code in COMMANDS.items():
        with printed.open("w", encoding=encoding) as out, printed.open("a", encoding=encoding) as err:
            monkeypatch.setattr(sys, "stdout", out)
            monkeypatch.setattr(sys, "stderr", err)
            assert volopt(*command.split())[0] == code, command
        text = printed.read_text(encoding)
        if command == "status":
            assert TITLE.encode(encoding, "replace").decode(encoding) in text


def closed_pipe() -> int:
    """Return the end for writing of a pipe from which nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def run_process(directory: Path, arguments: str, stream: int, encoding: str = "utf-8") -> int:
    """Run ``volopt`` in a process with this stdout and stderr, and return its exit code."""
    command = [sys.executable, "-m", "volopt", *arguments.split()]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    try:
        return subprocess.run(
            command, cwd=directory, stdout=stream, stderr=stream, env=environment, timeout=300, check=False
        ).returncode
    finally:
        os.close(stream)


def test_a_run_that_nobody_reads_trains_to_its_end(tmp_path: Path, sample: Path) -> None:
    (tmp_path / "small.toml").write_text(TWO_TRIALS)
    arguments = f"run small.toml --data {sample} --workers 1 --pictures none"
    assert run_process(tmp_path, arguments, closed_pipe()) == 0
    storage = connect(f"sqlite:///{tmp_path}/storage/volopt.db")
    assert counts(find(storage, "small")[0])["complete"] == 2


def test_an_error_that_nobody_reads_keeps_its_exit_code(tmp_path: Path) -> None:
    assert run_process(tmp_path, "check missing --json", closed_pipe()) == 2


def test_a_process_obeys_the_encoding_of_the_environment(tmp_path: Path) -> None:
    make_study(tmp_path)
    printed = tmp_path / "printed"
    assert run_process(tmp_path, "status", os.open(printed, os.O_CREAT | os.O_WRONLY), "ascii") == 0
    assert TITLE.encode("ascii", "replace").decode() in printed.read_text("ascii")


def test_a_full_disk_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    script = f"{sys.executable} -m volopt studies > /dev/full"
    run = subprocess.run(script, shell=True, cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert (run.returncode, "No space left on device" in run.stderr, "Traceback" in run.stderr) == (1, True, False)


def test_streams_that_are_closed_from_the_start_change_no_exit_code(tmp_path: Path) -> None:
    script = f"{sys.executable} -m volopt check missing >&- 2>&-"
    assert subprocess.run(script, shell=True, cwd=tmp_path, timeout=300, check=False).returncode == 2


def test_a_stream_that_is_no_file_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    replace_streams()
    assert sys.stdout is stream
