"""How does time grow with the trials of a study?

    python tests/bench/scale.py [--most 100000] [--asks 5] [--out FIGURE.png]

Studies of 100, 1,000, … trials with all that volopt stores of one are written into SQLite in bulk. Then a study is
opened as a resumed run does, trials are asked for and told (grid of 100,000 points, random, TPE), beside plain Optuna
with its own cache, GridSampler and TPESampler on the same file; a median pruner is asked; and `volopt status` and
`volopt trials` are run. Seconds are CPU seconds of the process, medians over the asks. Prints a table, and draws it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import optuna
from optuna.samplers import GridSampler, TPESampler

sys.path.append(str(Path(__file__).parents[1]))

from many_trials import drawn, fill, loss, wide
from volopt.definition import load
from volopt.search.asking import asker
from volopt.search.samplers.pruners import pruner
from volopt.storage.database.connect import connect
from volopt.storage.database.trial_cache import together
from volopt.studies import study as studies
from volopt.studies.attributes import PHASE
from volopt.studies.space import distributions

SLOW = 20_000  # trials from which on plain Optuna is asked once
COLORS = {"grid": "#1b6ca8", "random": "#2e8b57", "tpe": "#c44e52", "pruner": "#7a5195", "status": "#555555"}
COMMAND = """
import resource, sys
from volopt.cli.main import main
try:
    main()
finally:
    print(*resource.getrusage(resource.RUSAGE_SELF)[:3], file=sys.stderr)
"""
Figures = dict[str, float]


def seconds(call: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def filled(folder: Path, kind: str, count: int) -> tuple[Path, Any]:
    """A database with one study of so many trials, and its definition; ``kind`` is grid or random."""
    path = folder / f"{kind}{count}.db"
    definition = load.read(wide(kind, trials=10**6), "bench")
    points = islice(definition.phases[0].points(definition), count) if kind == "grid" else drawn(definition, count)
    with closing(connect(f"sqlite:///{path}", write=True, create=True)) as storage:
        fill(storage, definition, points)
    return path, definition


def ours(path: Path, definition: Any, sampler: str, asks: int) -> Figures:
    """Seconds of volopt: opening, asking, telling, and asking the median pruner."""
    found: dict[str, list[float]] = {"ask": [], "tell": [], "prune": []}
    if sampler != "grid":
        phase = definition.phases[0].model_copy(update={"sampler": sampler})
        definition = definition.model_copy(update={"phases": (phase,)})
    phase = definition.phases[0]
    with closing(connect(f"sqlite:///{path}", write=True)) as storage:
        began = time.process_time()
        study, _ = studies.find(storage, definition.name)
        studies.repair(study)
        ledger = studies.ledger(study, definition)
        asking = asker(phase, definition, study, ledger, lambda params: 1.0)
        study.pruner = pruner("median", 10, 100, phase.name)
        opened = time.process_time() - began
        for _ in range(asks + 1):
            began = time.process_time()
            with together(study._storage):
                trial = asking.ask()
                assert trial is not None
                trial.set_user_attr(PHASE, phase.name)
            asked = time.process_time()
            ledger.start(phase.name, trial.params)
            trial.report(1.0, 20)
            found["ask"].append(asked - began)
            found["prune"].append(seconds(trial.should_prune))
            found["tell"].append(seconds(partial(study.tell, trial, loss(trial.params))))
            ledger.finish(phase.name, trial.params, complete=True)
    return {"open": opened} | {name: median(each[1:]) for name, each in found.items()}  # the first ask warms up


def plain(path: Path, definition: Any, sampler: str, asks: int) -> Figures:
    """Seconds of Optuna alone, with its own storage and samplers."""
    space = distributions(definition)
    study = optuna.load_study(study_name=definition.name, storage=f"sqlite:///{path}")
    grid = {key: list(values) for key, values in definition.phases[0].grid.items()}
    study.sampler = GridSampler(grid) if sampler == "grid" else TPESampler(seed=0)
    opened = seconds(lambda: study.get_trials(deepcopy=False))
    asked, told = [], []
    for _ in range(asks):
        began = time.process_time()
        trial = study.ask(space)
        asked.append(time.process_time() - began)
        told.append(seconds(partial(study.tell, trial, loss(trial.params))))
    return {"open": opened, "ask": median(asked), "tell": median(told)}


def command(path: Path, *arguments: str) -> tuple[float, float]:
    """CPU seconds and MB of a volopt command with all that it imports."""
    said = [sys.executable, "-c", COMMAND, *arguments, "--storage", f"sqlite:///{path}"]
    told = subprocess.run(said, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True).stderr.split()
    return float(told[-3]) + float(told[-2]), float(told[-1]) / 1000


def measure(folder: Path, count: int, asks: int) -> Figures:
    """All figures of studies of so many trials."""
    found: Figures = {"trials": count}
    for kind in ("random", "grid"):
        path, definition = filled(folder, kind, min(count, 100_000 - asks - 2) if kind == "grid" else count)
        if kind == "random":
            for name, arguments in (("status", ("status", "wide")), ("trials", ("trials", "wide", "--json"))):
                found[f"{name} s"], found[f"{name} MB"] = command(path, *arguments)
        for sampler in ("grid",) if kind == "grid" else ("random", "tpe"):
            each = ours(path, definition, sampler, asks)
            found |= {f"{sampler} {name}": value for name, value in each.items()}
            if sampler != "random":
                each = apart(path, sampler, asks if count < SLOW else 1)
                found |= {f"optuna {sampler} {name}": value for name, value in each.items()}
        for file in folder.glob(f"{path.name}*"):
            file.unlink()
    return found


def apart(path: Path, sampler: str, asks: int) -> Figures:
    """Figures of plain Optuna, from a process of its own: it takes gigabytes."""
    said = [sys.executable, __file__, "--plain", str(path), "--sampler", sampler, "--asks", str(asks)]
    found: Figures = json.loads(subprocess.run(said, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


ROWS = {  # label: figure, in ms but for those in s or MB
    "ask, grid (ms)": "grid ask", "ask, random (ms)": "random ask", "ask, TPE (ms)": "tpe ask",
    "ask, Optuna's GridSampler (ms)": "optuna grid ask", "ask, Optuna's TPE (ms)": "optuna tpe ask",
    "tell (ms)": "grid tell", "tell, Optuna's GridSampler (ms)": "optuna grid tell",
    "median pruner, a report (ms)": "random prune", "open a study (s)": "random open",
    "open, Optuna (s)": "optuna tpe open", "`status` (s)": "status s", "`status` (MB)": "status MB",
    "`trials --json` (s)": "trials s",
    "`trials --json` (MB)": "trials MB",
}  # fmt: skip


def table(found: list[Figures]) -> str:
    """The figures as Markdown, a column for each number of trials."""
    lines = ["| |" + "".join(f" {int(each['trials']):,} |" for each in found), "|---|" + "---:|" * len(found)]
    for label, name in ROWS.items():
        if name in found[0]:
            factor = 1000 if "(ms)" in label else 1
            lines.append(f"| {label} |" + "".join(f" {each[name] * factor:.4g} |" for each in found))
    return "\n".join(lines)


def draw(found: list[Figures], path: Path) -> None:
    """Draw how time grows, on logarithmic axes: asking at the left, whole commands at the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    at = [each["trials"] for each in found]
    asks = {
        "grid": ("grid ask", "grid", "-o"), "random": ("random ask", "random", "-o"), "TPE": ("tpe ask", "tpe", "-o"),
        "Optuna's GridSampler": ("optuna grid ask", "grid", "--s"), "Optuna's TPE": ("optuna tpe ask", "tpe", "--s"),
        "median pruner": ("random prune", "pruner", ":^"),
    }  # fmt: skip
    wholes = {
        "open a study": ("random open", "grid", "-o"), "open it, Optuna": ("optuna tpe open", "grid", "--s"),
        "volopt status": ("status s", "status", "-o"), "volopt trials --json": ("trials s", "tpe", "-o"),
    }  # fmt: skip
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    for axis, lines, factor in ((left, asks, 1000), (right, wholes, 1)):
        for label, (name, color, style) in lines.items():
            axis.loglog(at, [each[name] * factor for each in found], style, color=COLORS[color], label=label)
        axis.set_xlabel("trials in the study")
        axis.grid(alpha=0.3, which="major")
        axis.legend(fontsize=9)
    left.axhline(50, color="black", linewidth=0.8, alpha=0.5)
    left.annotate("50 ms", (at[0], 50), xytext=(2, 3), textcoords="offset points", fontsize=9)
    left.set(ylabel="CPU ms", title="Asking for a trial")
    right.set(ylabel="CPU s", title="Reading a whole study")
    figure.savefig(path, dpi=120)


def main(most: int, asks: int, out: Path | None) -> None:
    """Measure, print, draw."""
    found = []
    with tempfile.TemporaryDirectory(prefix="volopt-scale-") as name:
        for count in [number for number in (100, 1_000, 10_000, 100_000) if number <= most]:
            found.append(measure(Path(name), count, asks))
            print(f"\n{table(found)}", flush=True)
            if out:
                draw(found, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=100_000, help="trials of the longest study")
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a file for the figure")
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sampler", help=argparse.SUPPRESS)
    said = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if said.plain:
        kind = "grid" if said.sampler == "grid" else "random"
        print(json.dumps(plain(said.plain, load.read(wide(kind, trials=10**6), "bench"), said.sampler, said.asks)))
    else:
        main(said.most, said.asks, said.out)
