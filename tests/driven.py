"""A study in a directory, driven over real storage and real, tiny networks; and a trainer that fails on purpose."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from builders import SOURCE, STUDY, dataset
from volopt.baselines.baselines import Baselines
from volopt.definition.schema import Definition
from volopt.executors.trainer import SerialTrainer
from volopt.search.callbacks import Callback
from volopt.search.context import RunContext
from volopt.search.driver import Driver
from volopt.search.interrupts import Interrupts
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.space import Params
from volopt.training.task import Fit, State, Task


def pruned_by(pruner: str) -> str:
    """Return a study file with a longer phase that a pruner watches over."""
    return STUDY.replace("trials = 3", f'trials = 12\npruner = "{pruner}"').replace("epochs = 4", "epochs = 20")


class Context(RunContext):
    """Note for which windows baselines are asked, and give all fits the same cost."""

    def baselines(self, window: int) -> Baselines:
        windows = self.artifacts.directory / "windows.txt"
        with windows.open("a") as file:
            print(window, file=file)
        return super().baselines(window)

    def cost(self, params: Params) -> float:
        return 1.0


class Bench:
    """A study in a directory, driven as often as a test likes, each time as a new process would find it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = f"sqlite:///{directory}/volopt.db"

    def drive(
        self,
        found: Definition,
        wrap: Callable[[SerialTrainer], Any] = lambda trainer: trainer,
        kind: type[Driver] = Driver,
        callbacks: Sequence[Callback] = (),
        interrupts: Interrupts | None = None,
        **settings: Any,
    ) -> Driver:
        data = dataset(found)
        study = studies.open_or_create(connect(self.url, write=True, create=True), found, SOURCE)
        studies.repair(study)
        context = Context(found, data, Artifacts(self.directory / "artifacts"), **settings)
        context.artifacts.prepare()
        trainer = wrap(SerialTrainer(data))
        driver = kind(study, studies.ledger(study, found), context, trainer, callbacks, interrupts)
        driver.run(found.phases)
        return driver

    @property
    def windows(self) -> list[int]:
        """The windows for which baselines were asked."""
        return [int(line) for line in (self.directory / "artifacts" / "windows.txt").read_text().split()]

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

    def __init__(self, trainer: Any, fault: Callable[[Task, int], BaseException | None], workers: int = 1) -> None:
        self._trainer, self._fault, self.workers, self._submitted = trainer, fault, workers, 0

    def submit(self, task: Task, state: State | None, until: int) -> Future[State | Fit]:
        error = self._fault(task, self._submitted)
        self._submitted += 1
        if error is not None and not isinstance(error, Exception):
            raise error
        if error is None:
            return self._trainer.submit(task, state, until)
        future: Future[State | Fit] = Future()
        future.set_exception(error)
        return future

    def close(self) -> None:
        self._trainer.close()
