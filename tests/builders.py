"""Small frames, definitions and datasets that tests build on; made by hand, so that every number is known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import optuna

from volopt.data.frame import Frame
from volopt.data.quality import Quality
from volopt.definition.load import read
from volopt.definition.schema import Definition
from volopt.storage.artifacts import Artifacts
from volopt.storage.run_record import DataSource
from volopt.training.task import Fit
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare

SOURCE = DataSource(provider="here", reader="native", synthetic=True, fingerprint="fingerprint")
Said = tuple[int, str, str]  # exit code, stdout, stderr


def weights(fit: Fit) -> dict[str, np.ndarray]:
    """Return the arrays of a fit's weights."""
    return {name: values for name, values in fit.arrays.items() if name.startswith("weights.")}


def attach(artifacts: Artifacts, trial: optuna.Trial, name: str, content: dict[str, Any]) -> None:
    """Attach JSON to a running trial."""
    for key, value in artifacts.put_json(name, content).items():
        trial.storage.set_trial_system_attr(trial._trial_id, key, value)


class Volopt(Protocol):
    """Runs ``volopt`` with arguments in an empty directory."""

    def __call__(self, *arguments: object) -> Said: ...


SAMPLE_DATA = """\
[data]
instrument = "SH600000"
features = ["$close", "$volume"]
target = "$volume"
train = ["2010-01-04", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-28"]
"""  # of a study file over the whole synthetic sample

STUDY = """
format = 1
name = "small"
seed = 0
[data]
instrument = "SH600000"
features = ["$close", "$volume"]
target = "$volume"
train = ["2020-01-01", "2020-03-31"]
valid = ["2020-04-01", "2020-04-30"]
test = ["2020-05-01", "2020-05-31"]
[model]
cell = "RNN"
hidden_size = 3
window = 4
[training]
epochs = 4
seeds = 2
retries = 1
[space]
cell = ["LSTM", "RNN"]
hidden_size = [3, 5]
window = { low = 2, high = 6 }
learning_rate = { low = 1e-4, high = 1e-1, log = true }
[[phase]]
name = "width"
sampler = "grid"
grid = { cell = ["RNN", "LSTM"], hidden_size = [3, 5] }
[[phase]]
name = "extend"
sampler = "random"
vary = ["window", "learning_rate"]
trials = 3
"""


def in_periods(text: str = STUDY) -> str:
    """Return a study file with three valid periods, the first two adjacent, in place of its one."""
    spans = '[["2020-03-01", "2020-03-15"], ["2020-03-16", "2020-03-31"], ["2020-04-05", "2020-04-30"]]'
    changed = text.replace('["2020-01-01", "2020-03-31"]', '["2020-01-01", "2020-02-29"]')
    return changed.replace('valid = ["2020-04-01", "2020-04-30"]', f"valid = {spans}")


def definition(text: str = STUDY, **tables: dict[str, Any]) -> Definition:
    """Return a small definition; ``tables`` replace keys of its tables, as in ``training={"epochs": 2}``."""
    found = read(text, "test")
    changed = {name: getattr(found, name).model_copy(update=values) for name, values in tables.items()}
    return found.model_copy(update=changed)


def frame(days: int = 152, seed: int = 0, columns: Sequence[str] = ("$close", "$volume")) -> Frame:
    """Return positive daily values from 2020-01-01 on, one row a calendar day."""
    generator = np.random.default_rng(seed)
    values = np.exp(np.cumsum(generator.normal(0, 0.1, (days, len(columns))), axis=0) + 3)
    dates = np.datetime64("2020-01-01") + np.arange(days)
    return Frame("SH600000", dates, tuple(columns), values, Quality(days, 0, 0, (), ()))


def static_dataset(count: int = 2, **tables: dict[str, Any]) -> Dataset:
    """Return the dataset of a definition, with ``tables`` changed, over series that only a static input forecasts.

    The first static input of a day is the logarithm of the next day's volume, and the second is noise.

    Args:
        count: of series; each has another variance.
        tables: replace keys of the definition's tables.
    """
    data = {"static": ("$close", "Abs($close)"), "transform": "log", "scaling": "standard"} | tables.pop("data", {})
    said = definition(**{"model": {"static": "branch"}} | tables, data=data)
    return prepare([_forecast_frame(number) for number in range(count)], said, "fingerprint")


def _forecast_frame(number: int) -> Frame:
    generator = np.random.default_rng(number)
    log = (number + 1) * generator.normal(size=153)
    made = frame(seed=number)
    values = np.column_stack([made.values[:, 0], np.exp(log[:-1])])
    static = np.column_stack([log[1:] / (number + 1), generator.normal(size=152)]).astype(np.float32)
    return replace(made, name=f"SH60000{number}", values=values, static=static)


def dataset(found: Definition | None = None, *, seed: int = 0) -> Dataset:
    """Return the dataset of a definition over ``frame``."""
    return prepare([frame(seed=seed)], found or definition(), "fingerprint")
