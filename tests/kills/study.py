"""The study that is run under kills, and the command that runs it."""

import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NAME = "chaos"
STUDY = """\
format = 1
name = "chaos"
[data]
instrument = "SH600000"
features = ["$close", "$volume"]
target = "$volume"
train = ["2010-01-04", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-28"]
[training]
epochs = {epochs}
seeds = 2
[space]
cell = ["LSTM", "RNN"]
hidden_size = [3, 5, 8, 24]
num_layers = [1, 2]
learning_rate = {{ low = 1e-3, high = 1e-1, log = true }}
[[phase]]
name = "points"
sampler = "grid"
grid = {{ cell = ["LSTM", "RNN"], hidden_size = {sizes}, num_layers = [1, 2] }}
{long}[[phase]]
name = "extend"
sampler = "tpe"
vary = ["cell", "hidden_size", "learning_rate"]
trials = {trials}
pruner = "median"
"""
LONG = """\
[[phase]]
name = "long"
sampler = "grid"
grid = { cell = ["LSTM"], hidden_size = [24], num_layers = [1, 2] }
"""  # fits that take longer than the seconds after which a run keeps how far it has come
GRIDS, SEARCH = ("points", "long"), "extend"  # the phases


@dataclass(frozen=True)
class Size:
    """How long the study is."""

    epochs: int = 120
    sizes: Sequence[int] = (3, 5, 8)
    trials: int = 20
    long: bool = True  # whether there are long fits

    @property
    def points(self) -> int:
        """The points of the grids."""
        return 4 * len(self.sizes) + 2 * self.long

    def study(self) -> str:
        """The study file."""
        long = LONG if self.long else ""
        return STUDY.format(epochs=self.epochs, sizes=list(self.sizes), trials=self.trials, long=long)


@dataclass(frozen=True)
class Place:
    """Where a study is run: what a command says of it."""

    directory: Path  # of the study file, and of artifacts
    storage: str
    data: Path
    size: Size

    @property
    def artifacts(self) -> Path:
        """The directory of artifacts, with what was kept of fits below it."""
        return self.directory / "artifacts"

    def command(self, name: str) -> list[str]:
        """The command that runs the study, and goes on with it, under a name."""
        path = self.directory / "chaos.toml"
        path.write_text(self.size.study())
        where = ["--data", str(self.data), "--storage", self.storage]
        where += [] if self.storage.startswith("sqlite:") else ["--artifacts", str(self.artifacts)]
        said = ["--name", name, "--workers", "2", "--device", "cpu", "--pictures", "none", "-v"]
        return [sys.executable, "-m", "volopt", "run", str(path), *said, *where]

    def states(self) -> dict[Path, int]:
        """When each state of a fit on its way was kept."""
        found = {}
        for path in self.artifacts.glob("states/*/*.safetensors"):
            with suppress(FileNotFoundError):  # dropped just now
                found[path] = path.stat().st_mtime_ns
        return found

    def forget_fits(self) -> None:
        """Remove what was kept of fits, finished or not, so that the next study trains all of them."""
        for path in self.artifacts.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
