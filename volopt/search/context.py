"""The context of a run: what decides its fits, and where they are stored."""

import math
from dataclasses import dataclass, field

from volopt.baselines.baselines import Baselines, fit_baselines
from volopt.definition.schema import Definition
from volopt.search import checkpoints
from volopt.search.plan import fit_seconds
from volopt.storage import array_store
from volopt.storage.array_store import ArrayStore
from volopt.storage.artifacts import Artifacts
from volopt.studies.space import Params
from volopt.training import allocator
from volopt.training.task import Task, tasks
from volopt.windows.dataset import Dataset


@dataclass(frozen=True)
class RunContext:
    """Hold the definition, the data and the settings of a run."""

    definition: Definition
    dataset: Dataset
    artifacts: Artifacts
    device: str = "cpu"
    precision: str = "highest"
    max_pack: int = 1  # fits that are trained together, at most
    timeout: float = math.inf  # seconds after which no new trial begins
    checkpoint_seconds: float = checkpoints.SECONDS
    _baselines: dict[int, Baselines] = field(default_factory=dict, init=False, repr=False, compare=False)  # by window

    @property
    def packed(self) -> bool:
        """Return whether fits are trained in packs."""
        return self.max_pack > 1

    @property
    def fits(self) -> ArrayStore:
        """Return the store of finished fits."""
        return array_store.fits(self.artifacts.directory)

    def tasks(self, params: Params) -> list[Task]:
        """Return the fits of a trial, one a seed and valid period."""
        periods = len(self.dataset.periods)
        return tasks(self.definition, params, self.device, self.precision, packed=self.packed, periods=periods)

    def key(self, task: Task) -> str:
        """Return the key under which a finished fit is stored."""
        dataset = self.dataset.periods[task.period]
        return task.key((dataset.fingerprint, dataset.recipe))

    def baselines(self, window: int) -> Baselines:
        """Return the baselines on the days that a window has to forecast, without their forecasts, which are stored."""
        if window not in self._baselines:
            store = array_store.baselines(self.artifacts.directory)
            allocator.release()  # what training freed: a panel's baselines take as much
            lags = self.definition.model.window
            self._baselines[window] = fit_baselines(self.dataset, window, lags, store).without_forecasts()
            allocator.release()
        return self._baselines[window]

    def cost(self, params: Params) -> float:
        """Return the estimated CPU seconds of one fit, the mean over the valid periods."""
        days = [period.days("train", self.definition.max_window()) for period in self.dataset.periods]
        return fit_seconds(self.definition, params, sum(days) / len(days))
