"""A study in a directory, driven over real storage and real, tiny networks; and a trainer that fails on purpose."""

import functools
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from builders import STUDY, dataset
from volopt.baselines.baselines import Baselines, baselines
from volopt.data.frame import DataSource
from volopt.definition.schema import Definition
from volopt.executors.serial import SerialTrainer
from volopt.search.driver import Driver, RunContext
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset

SOURCE = DataSource("here", "native", True, "fingerprint")


def pruned_by(pruner: str) -> str:
    """Return a study file with a longer phase that a pruner watches over."""
    return STUDY.replace("trials = 3", f'trials = 12\npruner = "{pruner}"').replace("epochs = 4", "epochs = 20")


class Bench:
    """A study in a directory, driven as often as a test likes, each time as a new process would find it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.windows: list[int] = []  # that baselines were asked for
        self.url = f"sqlite:///{directory}/volopt.db"

    def drive(
        self,
        found: Definition,
        wrap: Callable[[SerialTrainer], Any] = lambda trainer: trainer,
        kind: type[Driver] = Driver,
        **said: Any,
    ) -> Driver:
        data = dataset(found)
        study = studies.open_or_create(connect(self.url, write=True, create=True), found, SOURCE)
        studies.repair(study)
        artifacts = self.directory / "artifacts"
        shop = RunContext(
            data,
            wrap(SerialTrainer(data)),
            array_store.fits(artifacts),
            Artifacts(artifacts),
            functools.partial(self._baselines, data),
            lambda params: 1.0,
            **said,
        )
        driver = kind(study, found, studies.ledger(study, found), shop)
        driver.run(found.phases)
        return driver

    def _baselines(self, data: Dataset, window: int) -> Baselines:
        self.windows.append(window)
        return baselines(data, window, 4, array_store.baselines(self.directory / "artifacts"))

    @property
    def study(self) -> optuna.Study:
        return optuna.load_study(study_name="small", storage=connect(self.url))

    def states(self) -> list[str]:
        return [trial.state.name for trial in self.study.trials]

    def states_on_disk(self) -> list[Path]:
        """The states of fits on their way."""
        return sorted((self.directory / "artifacts" / "states").rglob("*.safetensors"))

    def results(self) -> list[tuple[dict[str, Any], float | None]]:
        return [(t.params, t.value) for t in self.study.trials if t.state == TrialState.COMPLETE]


class Faulty:
    """Trains as the trainer it wraps, but for what ``fault`` says of a task and its count so far."""

    workers = 1

    def __init__(self, trainer: SerialTrainer, fault: Callable[[Task, int], BaseException | None]) -> None:
        self._trainer, self._fault, self._submitted = trainer, fault, 0

    def submit(self, task: Task, state: State | None, until: int) -> Future[Progress]:
        error = self._fault(task, self._submitted)
        self._submitted += 1
        if error is not None and not isinstance(error, Exception):
            raise error
        if error is None:
            return self._trainer.submit(task, state, until)
        future: Future[Progress] = Future()
        future.set_exception(error)
        return future

    def close(self) -> None:
        self._trainer.close()
