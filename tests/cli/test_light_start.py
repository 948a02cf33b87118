"""What each command that reads a study imports: heavy packages only where it computes or draws with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hand_made import Shelf, World, content

HEAVY = {
    "alembic", "distributed", "lightgbm", "matplotlib", "optuna_dashboard", "pandas", "plotly", "pyarrow", "qlib",
    "scipy.stats", "sklearn", "statsmodels", "torch",
}  # fmt: skip
LOADS = {
    "--help": set(),
    "stauts": set(),
    "studies": set(),
    "status": set(),
    "status grd": set(),
    "trials grid": set(),
    "trials grid 0": set(),
    "findings": {"scipy.stats", "statsmodels", "pandas", "pyarrow"},  # tests the claims of the study
    "best grid": {"scipy.stats", "statsmodels", "pandas", "pyarrow", "matplotlib"},  # arch imports the last
    "compare grid 0 1": {"scipy.stats", "statsmodels", "pandas", "pyarrow"},
    "export grid": {"pandas", "pyarrow"},
    "plot grid history": {"plotly"},
    "plot grid importance": {"plotly", "scipy.stats", "sklearn", "pandas", "pyarrow"},
    "report grid": {"plotly", "scipy.stats", "sklearn", "statsmodels", "pandas", "pyarrow", "matplotlib"},
    "delete grid --yes": set(),
}
FAILS = {"stauts": 2, "status grd": 1}
SCRIPT = f"""
import sys
from volopt.cli.main import main
try:
    main()
finally:
    print(*{HEAVY} & sys.modules.keys(), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a study, until the last command deletes it."""
    path = tmp_path_factory.mktemp("run")
    shelf, world = Shelf(path / "storage"), World(seeds=8)
    definition = shelf.study("grid")
    for number, (cell, size) in enumerate((cell, size) for cell in ("RNN", "LSTM") for size in (5, 25, 125, 250) * 2):
        result = world.trial(cell=cell, hidden_size=size)
        shelf.trial(definition, content(result), value=1 / (1 + number), cell=cell, hidden_size=size)
    return path


@pytest.mark.parametrize("command", LOADS)
def test_a_command_that_reads_loads_what_it_computes_with(directory: Path, command: str) -> None:
    arguments = [sys.executable, "-c", SCRIPT, *command.split()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLOPT_")}
    run = subprocess.run(arguments, cwd=directory, capture_output=True, text=True, timeout=300, env=environment)
    assert run.returncode == FAILS.get(command, 0), run.stderr
    loaded = set(run.stderr.splitlines()[-1].split())
    assert loaded <= LOADS[command], run.stderr
