"""Measure how time and memory of a panel study grow with its instruments; 800 × 4,000 days must fit in 2 GB.

    python tests/bench/panel.py [--static S] [--instruments N …] [--days D] [--out FILE.png]

The script writes synthetic providers of 10, 100 and 800 instruments with 4,000 days in a temporary directory. It runs
the network of the shipped panel study with S static inputs on each, in its own process: first a trial of one seed and
one epoch, then one of two seeds in two workers, which reuses the stored data and baselines. It prints the CPU seconds
and the peak memory of each stage, how time grows from each number of instruments to the next, and the largest process
against 2 GB. The static inputs are every so many of those of ``panel_whole.toml``: own volume and prices, long means,
calendar and cross-section, which needs 5 instruments. ``--static 0`` has none, and begins with one instrument.

The first call of a stage imports its libraries, which is most of the time of a few instruments. Almost all of the time
of the script is for 800 instruments; ``--instruments 10 100`` skips these. Linux only.
"""

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from volopt.data.bins import write_provider
from volopt.search import trial_results

LIMIT = 2 * 2**30  # bytes
MEGA = 2**20
STAGES = ("read", "prepare", "baselines", "fit", "score", "keep")
WHOLE = Path(__file__).with_name("panel_whole.toml")
SEED = 0
PERSISTENCE = (0.998, 0.95, 0.6, 0.0)  # of log volume: regimes, weeks, days, single days
SPREAD = (0.8, 0.4, 0.2, 0.25)  # their standard deviations, those of a real stock in volopt.data.sample
LISTED_LATER = 0.25  # of the instruments, over the first four years
SUSPENDED = 0.02  # of the days
HOLIDAYS = ((2, 1), (10, 1))  # month and first day of a week without sessions

STUDY = """\
format = 1
name = "panel"
[data]
instruments = "all"
features = ["$volume", "Log($close/Ref($close, 1))", "Log($high/$low)", "Log($days_to_next)"]
static = {static}
target = "$volume"
transform = "log"
anchor = "window_mean"
scaling = "standard"
train = ["{spans[0]}", "{spans[1]}"]
valid = ["{spans[2]}", "{spans[3]}"]
test = ["{spans[4]}", "{spans[5]}"]
[model]
cell = "LSTM"
hidden_size = 32
window = 20
{branch}[training]
epochs = 1
learning_rate = 0.002
batch_size = 512
optimizer = "adamw"
weight_decay = 0.01
seeds = 1
{robust}[space]
window = [20, 40]
[[phase]]
name = "networks"
sampler = "grid"
grid = {{ window = [20] }}
[objective]
metric = "valid_log_r2"
direction = "maximize"
"""


def market(directory: Path, instruments: int, days: int) -> None:
    """Write a provider of stocks with realistic persistence of volume, listed on different days."""
    random = np.random.default_rng(SEED)
    calendar = sessions(days)
    shape = days, instruments
    log = sum(
        spread * autoregressive(random, shape, persistence)
        for spread, persistence in zip(SPREAD, PERSISTENCE, strict=True)
    ) + random.normal(16, 1, instruments)
    change = 0.02 * random.standard_t(3, shape)  # with days beyond a limit of 10 %
    close = 10 * np.exp(np.cumsum(change - change.mean(axis=0), axis=0))
    opened = close * np.exp(0.005 * random.standard_normal(shape))
    above, below = (np.maximum(0.01 * random.exponential(size=shape) - 0.002, 0) for _ in range(2))
    high, low = np.maximum(close, opened) * np.exp(above), np.minimum(close, opened) * np.exp(-below)
    volume = np.where(random.random(shape) < SUSPENDED, 0.0, np.exp(log))
    later = random.random(instruments) < LISTED_LATER
    first = np.where(later, random.integers(0, 1000, instruments), 0) * days // 4000
    columns = {"open": opened, "close": close, "high": high, "low": low, "volume": volume}
    tables = {
        f"SH{600000 + i}": pd.DataFrame({name: values[start:, i] for name, values in columns.items()}, calendar[start:])
        for i, start in enumerate(first.tolist())
    }
    write_provider(directory, calendar, tables, synthetic={"generator": "tests/bench/panel.py"})


def sessions(days: int) -> pd.DatetimeIndex:
    """Return so many weekdays from 2008 on, except those of two weeks of holidays a year."""
    weekdays = pd.bdate_range("2008-01-01", periods=days + days // 20 + 20)
    holiday = [(weekdays.month == month) & (weekdays.day >= day) & (weekdays.day < day + 7) for month, day in HOLIDAYS]
    return weekdays[~np.any(holiday, axis=0)][:days]


def autoregressive(random: np.random.Generator, shape: tuple[int, int], persistence: float) -> np.ndarray:
    """Return standard AR(1) series with this coefficient, one in each column."""
    series = random.standard_normal(shape)
    for day in range(1, len(series)):
        series[day] = persistence * series[day - 1] + np.sqrt(1 - persistence**2) * series[day]
    return series


def study(days: int, static: int) -> str:
    """Return the study file: the first 5/8 of the days are train, then 1/4 valid, then 1/8 test."""
    calendar = sessions(days)
    ends = [0, days * 5 // 8, days * 7 // 8, days]
    spans = [f"{day:%Y-%m-%d}" for a, b in pairwise(ends) for day in (calendar[a], calendar[b - 1])]
    whole = tomllib.loads(WHOLE.read_text())["data"]["static"]
    whole.remove("$next_weekday")  # which stands for five
    inputs = [whole[number * len(whole) // static] for number in range(static)]
    branch = 'static = "branch"\ndropout = 0.3\n' if static else ""
    robust = 'loss = "huber"\nhuber_delta = 1.75\nschedule = "onecycle"\ngradient_clip = 1.0\n' if static else ""
    return STUDY.format(spans=spans, static=json.dumps(inputs, indent=1), branch=branch, robust=robust)


class Stages:
    """Hold CPU seconds and peak memory of the stages of a run, in this process and in its workers."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.baselines = defaultdict[str, float](float)  # CPU seconds of each
        self.peak = dict.fromkeys((*STAGES, "other", "worker"), 0)

    def watch(self, owner: Any, name: str, stage: str) -> None:
        """Measure each call of ``owner.name``."""
        inner: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(inner)
        def measured(*args: Any, **kwargs: Any) -> Any:
            self.note("other")
            Path("/proc/self/clear_refs").write_text("5")  # resets the peak
            start = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[stage] += time.process_time() - start
                self.note(stage)

        setattr(owner, name, measured)

    def watch_baselines(self) -> None:
        """Measure fit and forecast of each baseline."""
        from volopt.baselines import methods, pooled

        for name, baseline in methods.BASELINES.items():
            if (fit := baseline.fit) is not None:
                methods.BASELINES[name] = baseline._replace(fit=self._timed(name, fit))
        for name, model in pooled.MODELS.items():
            fit, predict = (self._timed(name, function) for function in (model.fit, model.predict))
            pooled.MODELS[name] = model._replace(fit=fit, predict=predict)

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function, and time it and the function that it may return."""

        def timed(*args: Any) -> Any:
            start = time.process_time()
            result = function(*args)
            self.baselines[name] += time.process_time() - start
            return self._timed(name, result) if callable(result) else result

        return timed

    def watch_workers(self, trainer: Any) -> None:
        """Note the workers' memory before they end."""
        inner: Callable[[Any], None] = trainer.close

        def close(pool: Any) -> None:
            for worker in pool._processes:
                if worker._process is not None:
                    self.note("worker", str(worker._process.pid))
            inner(pool)

        trainer.close = close

    def note(self, stage: str, process: str = "self") -> None:
        """Note the peak memory of a process."""
        status = Path(f"/proc/{process}/status").read_text()
        self.peak[stage] = max(self.peak[stage], int(status.split("VmHWM:")[1].split()[0]) * 1024)


def measure(home: Path, data: Path, workers: int) -> dict[str, Any]:
    """Run the study in ``home`` in this process and return its stages, JSON-able."""
    from volopt.executors.processes import ProcessTrainer
    from volopt.executors.trainer import SerialTrainer
    from volopt.search import context, job
    from volopt.search.run import run
    from volopt.storage.artifacts import Artifacts

    stages = Stages()
    watched = (job, "read_data"), (job, "prepare"), (context, "fit_baselines"), (SerialTrainer, "submit")
    for (owner, name), stage in zip(
        (*watched, (trial_results, "trial_file"), (Artifacts, "put_json")), STAGES, strict=True
    ):
        stages.watch(owner, name, stage)
    stages.watch_baselines()
    stages.watch_workers(ProcessTrainer)
    options = {"data": data, "workers": workers, "device": "cpu", "name": f"workers-{workers}", "seeds": workers}
    prepared = job.prepare_job(str(home / "panel.toml"), job.RunOptions(f"sqlite:///{home}/volopt.db", **options))
    facts = run(prepared)
    stages.note("other")
    days = sum(len(series.dates) for series in prepared.dataset.series)
    measured = {"seconds": stages.seconds, "baselines": stages.baselines, "peak": stages.peak}
    return {"days": days, "complete": facts["complete"], **measured}


def measure_in_process(home: Path, instruments: int, days: int, static: int) -> list[dict[str, Any]]:
    """Return the measurements with one worker and with two, each taken in its own process."""
    home.mkdir()
    market(home / "market", instruments, days)
    (home / "panel.toml").write_text(study(days, static))
    rows = []
    for workers in ("1", "2"):
        command = [sys.executable, __file__, "--measure", str(home), "--workers", workers]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rows.append(json.loads(output.splitlines()[-1]) | {"instruments": instruments})
        assert rows[-1]["complete"] == 1
    return rows


def print_row(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Print seconds and megabytes of the runs with one and with two workers."""
    seconds = [f"{one['seconds'][stage]:.1f}" for stage in STAGES]
    peak = [f"{one['peak'][stage] / MEGA:.0f}" for stage in STAGES]
    stages = [f"{a} s, {b}" for a, b in zip(seconds, peak, strict=True)]
    again = f"{driver_peak(two) / MEGA:.0f} + {two['peak']['worker'] / MEGA:.0f}"
    print(f"| {one['instruments']} | {one['days']} | {' | '.join(stages)} | {again} |", flush=True)


def driver_peak(row: dict[str, Any]) -> int:
    """Return the peak of the process that runs the study, in bytes."""
    return max(peak for stage, peak in row["peak"].items() if stage != "worker")


def largest(row: dict[str, Any]) -> int:
    """Return the peak of the largest process, in bytes."""
    return max(row["peak"].values())


def print_growth(rows: Sequence[dict[str, Any]]) -> None:
    """Print how each stage's seconds and the days grow with the number of instruments."""
    for small, big in pairwise(rows):
        days = big["days"] / small["days"]
        growth = [f"{stage} ×{big['seconds'][stage] / max(small['seconds'][stage], 1e-3):.1f}" for stage in STAGES]
        print(f"{small['instruments']} to {big['instruments']} instruments, days ×{days:.1f}: {', '.join(growth)}")


def draw(rows: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw seconds and memory over the number of instruments, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    numbers = [row["instruments"] for row in rows]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    for stage in STAGES:
        left.plot(numbers, [max(row["seconds"][stage], 1e-3) for row in rows], marker="o", label=stage)
    start = rows[0]["seconds"]["fit"]
    left.plot(numbers, [start * n / numbers[0] for n in numbers], "k:", linewidth=1, label="proportional")
    left.set(title="Time of each stage, one epoch", xlabel="instruments", ylabel="CPU seconds")
    right.plot(numbers, [largest(row) / MEGA for row in rows], marker="o", label="one process")
    right.plot(numbers, [driver_peak(pair) / MEGA for pair in pairs], marker="s", label="driver of two workers")
    right.plot(numbers, [pair["peak"]["worker"] / MEGA for pair in pairs], marker="^", label="larger worker")
    right.axhline(LIMIT / MEGA, color="black", linestyle="--", linewidth=1, label="2 GB")
    right.set(title="Peak of memory", xlabel="instruments", ylabel="MB")
    ticks = [256, 512, 1024, 2048]
    right.set_yscale("log")
    right.set_yticks(ticks, [str(tick) for tick in ticks], minor=False)
    right.minorticks_off()
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xticks(numbers, [str(n) for n in numbers], minor=False)
        axes.xaxis.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    left.set_yscale("log")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--static", type=int, default=60)
    parser.add_argument("--instruments", type=int, nargs="+")
    parser.add_argument("--days", type=int, default=4000)
    parser.add_argument("--out", type=Path, help="PNG")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.measure / "market", arguments.workers)))
        return
    columns = [*(f"{stage}, MB" for stage in STAGES), "two workers: driver + larger worker, MB"]
    print(f"| instruments | days | {' | '.join(columns)} |\n|{'---:|' * (2 + len(columns))}")
    rows, pairs = list[dict[str, Any]](), list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as directory:
        for number in arguments.instruments or ([10, 100, 800] if arguments.static else [1, 10, 100, 800]):
            one, two = measure_in_process(Path(directory, str(number)), number, arguments.days, arguments.static)
            print_row(one, two)
            rows.append(one)
            pairs.append(two)
            if arguments.out:
                draw(rows, pairs, arguments.out)
    print_growth(rows)
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in rows[-1]["baselines"].items())
    print(f"CPU seconds of the baselines of {rows[-1]['instruments']} instruments: {seconds}")
    size = f"{rows[-1]['instruments']} instruments × {arguments.days} days"
    for name, peak in (("one process", largest(rows[-1])), ("largest of two workers and driver", largest(pairs[-1]))):
        print(f"{size}, {name}: {peak / MEGA:.0f} MB, {peak / LIMIT:.2f} of 2 GB (goal at most 1.00)")


if __name__ == "__main__":
    main()
