"""Does a long run stay small, quick and without error while someone watches?

    python tests/bench/soak.py [--trials N] [--pictures budget]

Runs 2,000 trials of one epoch with two workers into SQLite, with all that a run leaves, while a dashboard is
asked every second as its pages do, and now and then for a picture and the report. Prints errors, the driver's memory,
the size of the database, and what a trial costs beside its training; ends with 1 where a limit is broken.
"""

import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from many_trials import TINY
from processes import cpu_seconds, memory, until

MEMORY_LIMIT = 50.0  # MB that the driver may grow after the first tenth, by which it has drawn pictures
DATABASE_LIMIT = 20.0  # MB, with the write-ahead log
WORKERS = 2
VOLOPT = [sys.executable, "-m", "volopt"]
EXPECTED = re.compile(r"wide: 0/\d+|wide \d+/\d+: trial \d+ COMPLETE, .*")  # on stderr of the run


@dataclass
class Watch:
    """What was seen while the run went on."""

    memory: list[tuple[int, float]] = field(default_factory=list)  # MB of the driver, by trials done
    cpu: list[tuple[int, float]] = field(default_factory=list)  # seconds of the driver, by trials done
    clock: list[float] = field(default_factory=list)  # seconds, at the same moments
    database: float = 0.0  # MB, the most
    slowest: dict[str, float] = field(default_factory=dict)  # seconds by kind of page
    polls: int = 0
    errors: list[str] = field(default_factory=list)


class Dashboard:
    """Asks as the dashboard's pages do: the list of studies, and of the study what is new."""

    def __init__(self, url: str, watch: Watch) -> None:
        self._url, self._watch = url, watch
        self._finished = 0  # trials that the page has

    def poll(self) -> None:
        """Ask what a page asks every second, and now and then for more."""
        self._watch.polls += 1
        studies = json.loads(self._get("study list", "/api/studies") or b"{}").get("study_summaries", [])
        for number in [each["study_id"] for each in studies]:
            found: dict[str, Any] = json.loads(
                self._get("study", f"/api/studies/{number}?after={self._finished}") or b"{}"
            )
            new = found.get("trials", [])
            ended = [trial["state"] in ("Complete", "Pruned", "Fail") for trial in new]
            self._finished += ended.index(False) if False in ended else len(ended)
        if self._watch.polls % 10 == 0 and self._finished:
            self._get("picture", f"/pictures/tiny/{self._finished - 1}.png")
        if self._watch.polls % 60 == 0:
            self._get("report", "/report/tiny")
            self._get("whole study", f"/api/studies/{studies[0]['study_id']}?after=0")

    def _get(self, kind: str, path: str) -> bytes | None:
        began, content = time.monotonic(), None
        try:
            with urllib.request.urlopen(self._url + path, timeout=60) as answer:
                content = bytes(answer.read())
                if answer.status != 200:
                    raise OSError(f"status {answer.status}")
        except OSError as error:
            self._watch.errors.append(f"{path}: {error}")
        took = time.monotonic() - began
        self._watch.slowest[kind] = max(took, self._watch.slowest.get(kind, 0.0))
        return content


@contextmanager
def dashboard(folder: Path, watch: Watch) -> Iterator[Dashboard]:
    """A dashboard in a process of its own; whatever it says on stderr is an error."""
    command = [*VOLOPT, "dashboard", "--read-only"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        try:
            found = re.match(r"Dashboard: (http://.*)/dashboard", server.stdout.readline())
            assert found, server.stderr.read()
            yield Dashboard(found[1], watch)
        finally:
            server.terminate()
        watch.errors += [f"dashboard: {line}" for line in server.stderr.read().splitlines()]


def megabytes(database: Path) -> float:
    """The size of the database with its write-ahead log."""
    return sum(path.stat().st_size for path in database.parent.glob("volopt.db*")) / 1e6


def soak(folder: Path, command: list[str]) -> tuple[Watch, float, int]:
    """Run the study while it is watched, and return what was seen, the seconds, and the exit code."""
    watch, log, database = Watch(), folder / "run.log", folder / "storage" / "volopt.db"
    began = time.monotonic()
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=stderr) as run,
    ):
        until(lambda: "COMPLETE" in log.read_text() or run.poll() is not None, 120)
        with dashboard(folder, watch) as page:
            while run.poll() is None:
                due = time.monotonic() + 1
                page.poll()
                done = log.read_text().count("COMPLETE")
                watch.memory.append((done, memory(run.pid)))
                watch.cpu.append((done, cpu_seconds(run.pid)))
                watch.clock.append(time.monotonic())
                watch.database = max(watch.database, megabytes(database))
                until(lambda: run.poll() is not None, due - time.monotonic())
            ended = time.monotonic()
            page.poll()
    watch.errors += [f"run: {line}" for line in log.read_text().splitlines() if not EXPECTED.fullmatch(line)]
    return watch, ended - began, run.returncode


def bare_seconds(folder: Path, data: Path) -> float:
    """CPU seconds of training one trial: its fit alone, in this process with one thread, the mean of 50."""
    import torch

    from volopt.search.job import RunOptions, prepare_job
    from volopt.training.fit import advance
    from volopt.training.task import tasks

    torch.set_num_threads(1)
    job = prepare_job(
        str(folder / "tiny.toml"), RunOptions(f"sqlite:///{folder}/bare/volopt.db", data=data, device="cpu")
    )
    fits = [tasks(job.definition, {"hidden_size": size}, "cpu", "highest")[0] for size in [3, 5] * 26]
    advance(fits[0], job.dataset, None, 1)
    advance(fits[1], job.dataset, None, 1)
    began = time.process_time()
    for fit in fits[2:]:
        advance(fit, job.dataset, None, 1)
    return (time.process_time() - began) / len(fits[2:])


def tables(database: Path) -> str:
    """The largest parts of the database, by what their columns hold."""
    connection = sqlite3.connect(database)
    sizes = []
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [each[1] for each in connection.execute(f"PRAGMA table_info({name})")]
        held = " + ".join(f"COALESCE(LENGTH({column}), 0)" for column in columns)
        rows, size = connection.execute(f"SELECT COUNT(*), COALESCE(SUM({held}), 0) FROM {name}").fetchone()
        sizes.append((size / 1e6, name, rows))
    connection.close()
    return ", ".join(f"{name} {size:.1f} MB in {rows} rows" for size, name, rows in sorted(sizes, reverse=True)[:4])


def report(folder: Path, watch: Watch, seconds: float, trials: int, bare: float) -> bool:
    """Print the figures, and return whether every limit holds."""
    database = folder / "storage" / "volopt.db"
    done = (folder / "run.log").read_text().count("COMPLETE")
    at_tenth = next((size for count, size in watch.memory if count >= trials / 10), 0.0)
    most = max((size for count, size in watch.memory if count >= trials / 10), default=0.0)
    end = max(at for at, (_, used) in enumerate(watch.cpu) if used)
    counted = max(watch.cpu[end][0] - watch.cpu[0][0], 1)  # trials between the first look and the last
    wall, cpu = (watch.clock[end] - watch.clock[0]) / counted, (watch.cpu[end][1] - watch.cpu[0][1]) / counted
    tenths = [max((size for count, size in watch.memory if count <= trials * n / 10), default=0) for n in range(1, 11)]
    artifacts = sum(path.stat().st_size for path in (folder / "storage" / "artifacts").rglob("*") if path.is_file())
    limits = {
        f"trials done: {done} of {trials}": done == trials,
        f"errors: {len(watch.errors)}, in {watch.polls} polls": not watch.errors,
        f"memory of the driver: {at_tenth:.0f} MB at a tenth, {most:.0f} MB at most after it": most
        <= at_tenth + MEMORY_LIMIT,
        f"database: {watch.database:.1f} MB at most, {megabytes(database):.1f} MB at the end": watch.database
        <= DATABASE_LIMIT,
    }
    for line, holds in limits.items():
        print(line if holds else f"{line}  FAILED")
    print("memory by tenths of the trials:", *(f"{size:.0f}" for size in tenths), "MB")
    print(*watch.errors[:10], sep="\n", end="\n" if watch.errors else "")
    print(f"in the database: {tables(database)}; beside it {artifacts / 1e6:.0f} MB of artifacts")
    print(f"seconds: {seconds:.0f}, {1000 * wall:.0f} ms a trial once it trains")
    print(f"training alone: {1000 * bare:.1f} ms of CPU a trial")
    print(f"overhead a trial: {1000 * (wall - bare / WORKERS):.0f} ms of time, {1000 * cpu:.0f} ms of the driver's CPU")
    print("slowest answer:", ", ".join(f"{kind} {took:.2f} s" for kind, took in watch.slowest.items()))
    return all(limits.values())


def main(trials: int, pictures: str) -> int:
    """Soak, and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="volopt-soak-") as name:
        folder = Path(name)
        data = folder / "sample"
        (folder / "tiny.toml").write_text(TINY)
        subprocess.run([*VOLOPT, "data", "sample", str(data)], check=True, stdout=subprocess.DEVNULL)
        command = [*VOLOPT, "run", "tiny.toml", "--trials", str(trials), "--workers", str(WORKERS), "--data", str(data)]
        command += ["--pictures", pictures]
        print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        bare = bare_seconds(folder, data)
        watch, seconds, code = soak(folder, command)
        holds = report(folder, watch, seconds, trials, bare)
        if code:
            print(f"the run ended with {code}:", *(folder / "run.log").read_text().splitlines()[-5:], sep="\n")
        return 0 if holds and code == 0 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--pictures", default="all", help="as of `volopt run`; the first costs 40 MB, once")
    sys.exit(main(**vars(parser.parse_args())))
