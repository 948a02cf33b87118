"""Check that a long run stays small, quick and without errors while a dashboard polls it.

    python tests/bench/soak.py [--trials N] [--pictures budget]

The script runs 2,000 trials of one epoch with two workers into SQLite, with all that a run stores. Meanwhile it polls a
dashboard every second, as its pages do, and sometimes requests a picture and the report. It prints errors, the driver's
memory, the size of the database, and the overhead of a trial. It exits with 1 if a limit is exceeded.
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

MEMORY_LIMIT = 50.0  # MB of growth after the first tenth of the trials, when the driver has drawn pictures
DATABASE_LIMIT = 20.0  # MB, with the write-ahead log
WORKERS = 2
VOLOPT = [sys.executable, "-m", "volopt"]
EXPECTED = re.compile(r"wide: 0/\d+|wide \d+/\d+: trial \d+ COMPLETE, .*")  # on stderr of the run


@dataclass
class Watch:
    """Hold the measurements during the run."""

    memory: list[tuple[int, float]] = field(default_factory=list)  # MB of the driver, by trials done
    cpu: list[tuple[int, float]] = field(default_factory=list)  # seconds of the driver, by trials done
    clock: list[float] = field(default_factory=list)  # seconds, at the same moments
    database: float = 0.0  # MB, maximum
    slowest: dict[str, float] = field(default_factory=dict)  # seconds by kind of page
    polls: int = 0
    errors: list[str] = field(default_factory=list)


class Dashboard:
    """Poll as the dashboard's pages do: the list of studies, and the new trials of the study."""

    def __init__(self, url: str, watch: Watch) -> None:
        self._url, self._watch = url, watch
        self._finished = 0  # trials that the page has

    def poll(self) -> None:
        """Send the requests of every second, and sometimes more."""
        self._watch.polls += 1
        studies = json.loads(self._get("study list", "/api/studies") or b"{}").get("study_summaries", [])
        for number in [study["study_id"] for study in studies]:
            update: dict[str, Any] = json.loads(
                self._get("study", f"/api/studies/{number}?after={self._finished}") or b"{}"
            )
            new = update.get("trials", [])
            ended = [trial["state"] in ("Complete", "Pruned", "Fail") for trial in new]
            self._finished += ended.index(False) if False in ended else len(ended)
        if self._watch.polls % 10 == 0 and self._finished:
            self._get("picture", f"/pictures/tiny/{self._finished - 1}.png")
        if self._watch.polls % 60 == 0:
            self._get("report", "/report/tiny")
            self._get("whole study", f"/api/studies/{studies[0]['study_id']}?after=0")

    def _get(self, kind: str, path: str) -> bytes | None:
        start, content = time.monotonic(), None
        try:
            with urllib.request.urlopen(self._url + path, timeout=60) as answer:
                content = bytes(answer.read())
                if answer.status != 200:
                    raise OSError(f"status {answer.status}")
        except OSError as error:
            self._watch.errors.append(f"{path}: {error}")
        seconds = time.monotonic() - start
        self._watch.slowest[kind] = max(seconds, self._watch.slowest.get(kind, 0.0))
        return content


@contextmanager
def dashboard(folder: Path, watch: Watch) -> Iterator[Dashboard]:
    """Run a dashboard in its own process; each line on stderr is an error."""
    command = [*VOLOPT, "dashboard", "--read-only"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        try:
            url = re.match(r"Dashboard: (http://.*)/\n", server.stdout.readline())
            assert url, server.stderr.read()
            yield Dashboard(url[1], watch)
        finally:
            server.terminate()
        watch.errors += [f"dashboard: {line}" for line in server.stderr.read().splitlines()]


def megabytes(database: Path) -> float:
    """Return the size of the database with its write-ahead log."""
    return sum(path.stat().st_size for path in database.parent.glob("volopt.db*")) / 1e6


def soak(folder: Path, command: list[str]) -> tuple[Watch, float, int]:
    """Run the study while a dashboard polls it, and return the measurements, the seconds, and the exit code."""
    watch, log, database = Watch(), folder / "run.log", folder / "storage" / "volopt.db"
    start = time.monotonic()
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
            end = time.monotonic()
            page.poll()
    watch.errors += [f"run: {line}" for line in log.read_text().splitlines() if not EXPECTED.fullmatch(line)]
    return watch, end - start, run.returncode


def bare_seconds(folder: Path, data: Path) -> float:
    """Return the CPU seconds of one trial's fit in this process with one thread, the mean of 50."""
    import torch

    from volopt.search.job import RunOptions, prepare_job
    from volopt.training.fit import advance
    from volopt.training.task import tasks

    torch.set_num_threads(1)
    job = prepare_job(
        str(folder / "tiny.toml"), RunOptions(f"sqlite:///{folder}/bare/volopt.db", data=data, device="cpu")
    )
    fits = [tasks(job.definition, {"hidden_size": size}, "cpu", "highest")[0] for size in [3, 5] * 26]
    advance(job.dataset, fits[0], None, 1)
    advance(job.dataset, fits[1], None, 1)
    start = time.process_time()
    for fit in fits[2:]:
        advance(job.dataset, fit, None, 1)
    return (time.process_time() - start) / len(fits[2:])


def tables(database: Path) -> str:
    """Return the largest tables of the database, by the size of their columns."""
    connection = sqlite3.connect(database)
    sizes = []
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        length = " + ".join(f"COALESCE(LENGTH({column}), 0)" for column in columns)
        rows, size = connection.execute(f"SELECT COUNT(*), COALESCE(SUM({length}), 0) FROM {name}").fetchone()
        sizes.append((size / 1e6, name, rows))
    connection.close()
    return ", ".join(f"{name} {size:.1f} MB in {rows} rows" for size, name, rows in sorted(sizes, reverse=True)[:4])


def report(folder: Path, watch: Watch, seconds: float, trials: int, bare: float) -> bool:
    """Print the figures, and return whether every limit holds."""
    database = folder / "storage" / "volopt.db"
    done = (folder / "run.log").read_text().count("COMPLETE")
    at_tenth = next((size for count, size in watch.memory if count >= trials / 10), 0.0)
    peak = max((size for count, size in watch.memory if count >= trials / 10), default=0.0)
    last = max(poll for poll, (_, used) in enumerate(watch.cpu) if used)
    trials_seen = max(watch.cpu[last][0] - watch.cpu[0][0], 1)  # between the first poll and the last
    wall, cpu = (watch.clock[last] - watch.clock[0]) / trials_seen, (watch.cpu[last][1] - watch.cpu[0][1]) / trials_seen
    tenths = [max((size for count, size in watch.memory if count <= trials * n / 10), default=0) for n in range(1, 11)]
    artifacts = sum(path.stat().st_size for path in (folder / "storage" / "artifacts").rglob("*") if path.is_file())
    limits = {
        f"trials done: {done} of {trials}": done == trials,
        f"errors: {len(watch.errors)}, in {watch.polls} polls": not watch.errors,
        f"memory of the driver: {at_tenth:.0f} MB at a tenth, {peak:.0f} MB at most later": peak
        <= at_tenth + MEMORY_LIMIT,
        f"database: {watch.database:.1f} MB at most, {megabytes(database):.1f} MB at the end": watch.database
        <= DATABASE_LIMIT,
    }
    for line, holds in limits.items():
        print(line if holds else f"{line}  FAILED")
    print("memory by tenths of the trials:", *(f"{size:.0f}" for size in tenths), "MB")
    print(*watch.errors[:10], sep="\n", end="\n" if watch.errors else "")
    print(f"in the database: {tables(database)}; beside it {artifacts / 1e6:.0f} MB of artifacts")
    print(f"seconds: {seconds:.0f}, {1000 * wall:.0f} ms a trial after the start")
    print(f"training only: {1000 * bare:.1f} ms of CPU a trial")
    print(f"overhead a trial: {1000 * (wall - bare / WORKERS):.0f} ms of time, {1000 * cpu:.0f} ms of the driver's CPU")
    print("slowest response:", ", ".join(f"{kind} {slowest:.2f} s" for kind, slowest in watch.slowest.items()))
    return all(limits.values())


def main(trials: int, pictures: str) -> int:
    """Run the soak test, and print its figures."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--pictures", default="all", help="as of `volopt run`; the first costs 40 MB, once")
    sys.exit(main(**vars(parser.parse_args())))
