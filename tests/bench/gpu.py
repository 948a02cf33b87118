"""Check and measure what volopt computes on a GPU, and print a JSON object with a row for each step.

    python tests/bench/gpu.py [--device auto|cpu|cuda] [--short] [--data DIR] [STEP ...]

DIR is a qlib provider with SH600000 (default: the synthetic sample). Each step runs in a process of its own with a time
limit, so that a step that fails, hangs or runs out of memory is a row of the JSON and the others go on; the whole takes
at most 6 minutes on a large GPU. It needs torch, numpy, pandas, pydantic, optuna, sqlalchemy and safetensors. On a CPU,
and with --short, fits are few and short: this shows that the steps work, and measures nothing.

Steps:
  device       names the device and the versions
  agreement    trains a grid of 8 fits on the device and on the CPU
  determinism  trains the same fits twice, one by one and in a pack
  packs        trains trials of `search` (up to 64 units) and the largest networks of `grid`, packed and one by one
  graphs       trains a pack with CUDA graphs and without
  profile      lists the kernels of an epoch of a pack
  memory       trains a network that is too large for the memory, then one that fits, and packs that have to shrink
  refit        refits a configuration, stores its bundle, and predicts with it
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import packed
import torch

from volopt.data.panel import read_data
from volopt.data.sample import write_sample
from volopt.executors.machine import cores, resolve
from volopt.executors.processes import local_trainer
from volopt.executors.trainer import SerialTrainer
from volopt.forecast import bundle
from volopt.forecast.configuration import Configuration, RefitSource
from volopt.forecast.predict import predict_days
from volopt.forecast.refit import refit
from volopt.forecast.walk_forward.run import RefitContext, RefitStep
from volopt.forecast.walk_forward.step import fit_period
from volopt.packs.cuda_graphs import GraphRecorder
from volopt.packs.pack import Pack
from volopt.packs.shape import PackCapacity, shape_of
from volopt.packs.timing import PackTiming
from volopt.packs.trainer import PackTrainer
from volopt.search.job import Job
from volopt.storage.array_store import walk_forward_fits
from volopt.training.device import computing
from volopt.training.fit import advance, every_split
from volopt.training.task import Fit, Task

Facts = dict[str, Any]

UNITS = (5, 16, 32, 64)
ROUNDING = 1e-4  # relative difference of a loss after an epoch: float32 has 6e-8, and an epoch adds up
TOO_LARGE: Facts = {"cell": "LSTM", "hidden_size": 4096, "num_layers": 100}  # 54 GB of weights
CPU_ADDRESSES = 2**30  # bytes beyond those in use that the step `memory` leaves on a CPU
GPU_MEMORY = 0.03  # of a GPU's memory that it leaves
MB = 2**20


@dataclass(frozen=True)
class Setting:
    """Hold where and how much the steps train."""

    device: str
    short: bool
    data: Path
    folder: Path  # for files

    def job(self, study: str) -> Job:
        """Return a shipped study, ready to run."""
        return packed.job(study, self.data, self.folder)

    def fits(self, job: Job, epochs: int, seeds: int = 1, device: str | None = None, **params: Any) -> list[Task]:
        """Return fits of one configuration, a short one of few epochs."""
        return packed.fits(job, params, device or self.device, 3 if self.short else epochs, seeds)

    def clear(self) -> None:
        """Count memory from here on."""
        if self.on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)

    @property
    def on_gpu(self) -> bool:
        """Return whether the device is a GPU."""
        return self.device != "cpu"

    @property
    def peak_mb(self) -> float | None:
        """Return the most memory of the GPU since ``clear``."""
        return round(torch.cuda.max_memory_allocated(self.device) / MB, 1) if self.on_gpu else None


def device(setting: Setting) -> Facts:
    """Name the device and the versions."""
    facts: Facts = {"torch": torch.__version__, "python": sys.version.split()[0], "numpy": np.__version__}
    if setting.on_gpu:
        properties = torch.cuda.get_device_properties(setting.device)
        facts |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(), "name": properties.name}
        facts |= {"memory_mb": properties.total_memory // MB, "multiprocessors": properties.multi_processor_count}
    return facts | {"cores": cores(), "cpu": torch.backends.cpu.get_cpu_capability()}


def agreement(setting: Setting) -> Facts:
    """Compare the losses of the device with those of the CPU, after one epoch and after 100."""
    job, rows = setting.job("grid"), list[Facts]()
    points: list[Facts] = [{"cell": cell, "hidden_size": units} for cell in ("RNN", "LSTM") for units in UNITS]
    trainer = local_trainer(job.dataset, 1 if setting.short else min(cores(), 8))
    on_cpu = [setting.fits(job, 100, seeds=3, device="cpu", **point) for point in points]
    once = [replace(fits[0], epochs=1) for fits in on_cpu]
    futures = [[trainer.submit(fit, None, fit.epochs) for fit in fits] for fits in (*on_cpu, once)]
    for number, point in enumerate(points):
        fit = setting.fits(job, 100, **point)[0]
        first, last = (_loss(advance(job.dataset, each, None, each.epochs)) for each in (replace(fit, epochs=1), fit))
        cpu_first, *cpu = (_loss(future.result()) for future in (futures[-1][number], *futures[number]))
        rows.append(
            point
            | {"difference_1": first / cpu_first - 1, "difference": last / cpu[0] - 1, "epochs": fit.epochs}
            | {"spread_of_seeds": (max(cpu) - min(cpu)) / float(np.mean(cpu))}
        )
    trainer.close()
    largest = max(abs(row["difference_1"]) for row in rows)
    spread = all(abs(row["difference"]) <= row["spread_of_seeds"] for row in rows)
    return {"fits": rows, "within_rounding_at_1": largest <= ROUNDING, "within_the_spread_of_seeds": spread}


def _loss(fit: Any) -> float:
    assert isinstance(fit, Fit)
    return float(fit.metrics["valid_mse"])


def determinism(setting: Setting) -> Facts:
    """Train the same fits twice, one by one and in a pack, and compare all their arrays bit for bit."""
    job, rows = setting.job("grid"), {}
    for cell in ("RNN", "LSTM", "GRU"):
        fits = setting.fits(job, 20, seeds=4, cell=cell, hidden_size=32)
        alone = [advance(job.dataset, fits[0], None, fits[0].epochs) for _ in range(2)]
        together = [_packed(job, fits)[0] for _ in range(2)]
        rows[cell] = {"one_by_one": _equal(*alone), "packed": _equal(*together)}
    return {"bit_for_bit": rows}


def _packed(job: Job, fits: Sequence[Task]) -> list[Any]:
    trainer = PackTrainer(job.dataset, len(fits), PackTiming(measures=False))
    try:
        return [future.result() for future in [trainer.submit(fit, None, fit.epochs) for fit in fits]]
    finally:
        trainer.close()


def _equal(a: Any, b: Any) -> bool:
    return a.arrays.keys() == b.arrays.keys() and all(
        np.array_equal(values, b.arrays[name], equal_nan=True) for name, values in a.arrays.items()
    )


def packs(setting: Setting) -> Facts:
    """Measure fits a second, packed in several sizes and one by one."""
    count, sizes, epochs = (5, (4,), 1) if setting.short else (500, (8, 64, 256), 50)
    search, grid, generator = setting.job("search"), setting.job("grid"), random.Random(0)
    trials = [
        packed.fits(search, packed.random_params(generator), setting.device, epochs)
        for _ in range(count // packed.SEEDS)
    ]
    rows = [_speeds(setting, "search, up to 64 units", [fit for fits in trials for fit in fits], search, sizes)]
    for name, params in list(packed.LARGEST.items())[: 1 if setting.short else None]:
        rows.append(_speeds(setting, f"grid, {name}", packed.fits(grid, params, setting.device, epochs), grid, (5,)))
    return {"epochs": epochs, "rows": rows}


def _speeds(setting: Setting, name: str, fits: Sequence[Task], job: Job, sizes: Sequence[int]) -> Facts:
    sample = random.Random(0).sample(list(fits), min(packed.MAX_ONE_BY_ONE, len(fits)))
    packed.train_one_by_one(sample[:1], job)  # libraries start
    one = packed.per_second(lambda: packed.train_one_by_one(sample, job), time.perf_counter)
    row: Facts = {"name": name, "fits": len(fits), "one_by_one_per_second": one, "packs": []}
    for measures, size in [*((False, size) for size in sizes), (True, sizes[-1])]:
        setting.clear()
        train = partial(packed.train_packed, fits[: 4 * size], job, PackTiming(measures=measures), size)
        speed = packed.per_second(train, time.perf_counter)
        pack = {"size": size, "option": "auto" if measures else str(size), "per_second": speed, "ratio": speed / one}
        row["packs"].append(pack | {"peak_mb": setting.peak_mb})
    return row


def graphs(setting: Setting) -> Facts:
    """Measure an epoch of a pack with CUDA graphs and without."""
    facts: Facts = {"recorded": setting.on_gpu}
    for cell in ("LSTM",) if setting.short else ("RNN", "LSTM", "GRU"):
        with _pack(setting, cell) as pack:
            replayed = _seconds(setting, pack.train_one_epoch)
        with _without_graphs(), _pack(setting, cell) as pack:
            launched = _seconds(setting, pack.train_one_epoch)
        facts[cell] = {"replayed_ms": 1000 * replayed, "launched_ms": 1000 * launched, "ratio": launched / replayed}
    return facts


@contextmanager
def _pack(setting: Setting, cell: str) -> Iterator[Pack]:
    """Yield a pack of fits of 32 units, after its first epoch."""
    job = setting.job("search")
    dataset = job.dataset.periods[0]
    params = {"cell": cell, "hidden_size": 32, "window": 20, "batch_size": 256, "static": "none"}
    fits = setting.fits(job, 100, seeds=4 if setting.short else 64, **params)
    data = every_split(dataset, 20, setting.device)
    shape = shape_of(fits[0], data)
    assert shape is not None
    made: list[Pack] = []

    def begin() -> None:
        made.append(Pack(shape, PackCapacity.of(fits), dataset, data))
        for fit in fits:
            made[0].put(fit, data, None)
        made[0].train_one_epoch()

    computing(begin, setting.device)
    yield made[0]


@contextmanager
def _without_graphs() -> Iterator[None]:
    record = GraphRecorder.record
    GraphRecorder.record = lambda self, function, example: function  # type: ignore[method-assign]  # as on a CPU
    try:
        yield
    finally:
        GraphRecorder.record = record  # type: ignore[method-assign]  # what it was


def _seconds(setting: Setting, work: Callable[[], object], repeats: int = 3) -> float:
    def timed() -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        if setting.on_gpu:
            torch.cuda.synchronize(setting.device)
        return (time.perf_counter() - start) / repeats

    return computing(timed, setting.device)


def profile(setting: Setting) -> Facts:
    """List the kernels that take most of an epoch of a pack of LSTMs, without CUDA graphs."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    activities += [torch.profiler.ProfilerActivity.CUDA] if setting.on_gpu else []
    with _without_graphs(), _pack(setting, "LSTM") as pack, torch.profiler.profile(activities=activities) as profiler:
        _seconds(setting, pack.train_one_epoch, repeats=1)
    kernels = [
        {"name": event.key[:80], "calls": event.count, "ms": _kernel_us(event, setting) / 1000}
        for event in profiler.key_averages()
        if _kernel_us(event, setting) > 0
    ]
    kernels.sort(key=lambda kernel: -kernel["ms"])
    total, calls = (sum(kernel[name] for kernel in kernels) for name in ("ms", "calls"))
    return {"members": len(pack.active), "ms": total, "calls": calls, "kernels": kernels[:15]}


def _kernel_us(event: Any, setting: Setting) -> float:
    if not setting.on_gpu:
        return float(event.self_cpu_time_total)
    return float(event.self_device_time_total) if "cuda" in str(event.device_type).lower() else 0.0


def memory(setting: Setting) -> Facts:
    """Train a network that is too large, then one that fits; then packs that do not fit as they are."""
    job = setting.job("grid")
    _limit_memory(setting)
    trainer = SerialTrainer(job.dataset)
    large, small = setting.fits(job, 3, **TOO_LARGE)[0], setting.fits(job, 3, cell="RNN", hidden_size=5)[0]
    error = trainer.submit(large, None, large.epochs).exception()
    fit = trainer.submit(small, None, small.epochs).result()
    facts: Facts = {"too_large": f"{type(error).__name__}: {error}", "next_valid_mse": _loss(fit)}
    if setting.on_gpu:  # a CPU lends memory that it does not have
        setting.clear()
        fits = _packed(job, setting.fits(job, 3, seeds=64, cell="LSTM", hidden_size=250))
        facts["packs"] = {"fits": len(fits), "finite": all(np.isfinite(_loss(each)) for each in fits)}
        facts["packs"]["peak_mb"] = setting.peak_mb
    return facts


def _limit_memory(setting: Setting) -> None:
    if setting.on_gpu:
        torch.cuda.set_per_process_memory_fraction(GPU_MEMORY, setting.device)
        return
    import resource

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + CPU_ADDRESSES, resource.RLIM_INFINITY))


def refit_and_predict(setting: Setting) -> Facts:
    """Refit a configuration on the device and on the CPU, store both bundles, and predict with them."""
    job, forecasts = setting.job("grid"), {}
    params = {key: value for key, value in job.definition.defaults().items() if key in job.definition.space}
    params |= {"cell": "LSTM", "hidden_size": 25}
    panel = read_data(job.definition, setting.data, setting.folder / "frames", after_test=True)
    configuration = Configuration("grid", 0, "0", job.definition, params, 3 if setting.short else 50)
    source = RefitSource(configuration, panel, setting.folder)
    until = date.fromordinal(panel.frames[0].dates[0].item().toordinal() + 300)  # too early to calibrate intervals
    for name in {setting.device, "cpu"}:
        folder = setting.folder / name.replace(":", "")
        context = RefitContext(
            name, "highest", walk_forward_fits(folder), lambda data: SerialTrainer(data, fit_period), lambda _: _ignore
        )
        bundle.write(refit(source, until, context).bundle, folder / "bundle", more={}, force=False)
        said = predict_days(bundle.read(folder / "bundle"), setting.data, until, until, 5, [], 0.8)
        forecasts[name] = np.array([each.forecast for each in said.predictions])
    difference = float(np.max(np.abs(forecasts[setting.device] / forecasts["cpu"] - 1)))
    return {"forecasts": forecasts[setting.device].tolist(), "largest_difference_from_cpu": difference}


def _ignore(step: RefitStep) -> None:
    """Do nothing after a finished step."""


CPU_PATIENCE = 5  # how many times as long a step may take on a CPU, which other programs may share
STEPS: dict[str, tuple[Callable[[Setting], Facts], float]] = {  # and the seconds that it may take on a GPU
    "device": (device, 20),
    "agreement": (agreement, 70),
    "determinism": (determinism, 30),
    "packs": (packs, 110),
    "graphs": (graphs, 30),
    "profile": (profile, 30),
    "memory": (memory, 30),
    "refit": (refit_and_predict, 30),
}


def limit_of(name: str, device: str) -> float:
    """Return the seconds that a step may take."""
    return STEPS[name][1] * (CPU_PATIENCE if device == "cpu" else 1)


def run_step(name: str, limit: float, arguments: Sequence[str]) -> Facts:
    """Run a step in a process of its own, and return its facts, or why it has none; always with its seconds."""
    start = time.monotonic()
    command = [sys.executable, __file__, "--only", name, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return {"failed": f"it took more than {limit:.0f} s", "seconds": limit}
    seconds = round(time.monotonic() - start, 1)
    if process.returncode != 0:
        return {"failed": f"exit code {process.returncode}", "last_lines": err.splitlines()[-5:], "seconds": seconds}
    facts: Facts = json.loads(out)
    return facts | {"seconds": seconds}


def main(names: Sequence[str], device: str, arguments: Sequence[str]) -> None:
    """Run the steps, say which one runs, and print the JSON."""
    rows = {}
    for name in names:
        limit = limit_of(name, device)
        print(f"{name} (at most {limit:.0f} s) ...", file=sys.stderr, flush=True)
        rows[name] = run_step(name, limit, arguments)
        failed = rows[name].get("failed")
        print(f"  {failed or 'done'}, {rows[name]['seconds']} s", file=sys.stderr, flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", choices=[[], *STEPS], help="only these; default: all")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--short", action="store_true", help="few and short fits, which measure nothing")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    chosen = resolve(given.device)
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or Path(folder) / "sample"
        if given.only:
            setting = Setting(chosen, given.short or chosen == "cpu", data, Path(folder))
            if given.data is None:
                write_sample(data)
            print(json.dumps(STEPS[given.only][0](setting)))
        else:
            if given.data is None:
                write_sample(data)
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
            options = ["--device", chosen, "--data", str(data), *(["--short"] if given.short else [])]
            main(given.steps or list(STEPS), chosen, options)
