"""Load what is refitted: one trial of a stored study, and the data behind the study or newer ones."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import optuna

from volopt.baselines.methods import baselines_of
from volopt.data.panel import Panel, read_data
from volopt.data.sample import stored_directory
from volopt.definition.schema import Definition, Scalar
from volopt.errors import StudyError, UsageError
from volopt.forecast.walk_forward.step import MarketData
from volopt.selection.choice import choose
from volopt.storage.artifacts import Artifacts, artifacts_of, study_artifacts
from volopt.storage.database.connect import connect
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.best_trial import best_baseline
from volopt.training.task import Task, tasks


@dataclass(frozen=True)
class Configuration:
    """Hold a trial of a study and what decides how it is trained again.

    ``epochs`` are those of the trial. With early stopping they are the mean of the best epochs of the trial's seeds,
    because a refit learns from every day and has none left to stop by; with several valid periods, those of the last.
    """

    study: str
    trial: int
    asked: str  # how the user named the trial
    definition: Definition
    params: Mapping[str, Scalar]
    epochs: int
    promised: Mapping[str, float | None] = field(default_factory=dict)  # skill over each baseline on the valid days
    baseline: str | None = None  # the best one by the valid days

    @property
    def window(self) -> int:
        """Return the input days."""
        return int((self.definition.defaults() | dict(self.params))["window"])

    @property
    def selection_days(self) -> tuple[date, date]:
        """Return the first and last day with a part in selecting the configuration: those of train and valid."""
        data = self.definition.data
        assert data.train is not None
        assert data.valid_span is not None
        return data.train[0], data.valid_span[1]

    def tasks(self, device: str, precision: str) -> list[Task]:
        """Return the fits of a refit, one a seed."""
        fits = tasks(self.definition, self.params, device, precision)
        return [replace(task, epochs=self.epochs, early_stopping=None) for task in fits]


@dataclass(frozen=True)
class RefitSource:
    """Hold a configuration with its data, and the artifact directory of its study."""

    configuration: Configuration
    panel: Panel
    artifacts: Path

    @property
    def market_data(self) -> MarketData:
        """Return the data as a walk forward needs them."""
        configuration, panel = self.configuration, self.panel
        return MarketData(tuple(panel.frames), configuration.definition, configuration.window, panel.calendar)

    def last_day(self, latest: date | None) -> date:
        """Return the last day of the data, or ``latest`` if that is earlier."""
        newest: date = max(frame.dates[-1] for frame in self.panel.frames).item()
        return min(latest or newest, newest)


def load_source(storage: str, name: str, trial: str, data: Path | None, last: date | None) -> RefitSource:
    """Return the configuration of a stored study, and its data from the study's first train day on.

    Args:
        storage: URL.
        name: of the study.
        trial: as in ``find_configuration``.
        data: a data directory; None for the one that the study was run on.
        last: the last day to read; None for the end of the data.

    Raises:
        VoloptError: the study, the trial or the data are not there, or do not fit.
    """
    with closing(connect(storage)) as opened:
        study, definition = studies.find(opened, name)
        stored = studies.data_of(study)
        configuration = find_configuration(study, definition, trial, artifacts_of(opened))
        artifacts = study_artifacts(opened, name).directory
        sample = opened.address.home / "sample_cn"
    directory = data or stored_directory(stored, sample)
    panel = read_data(definition, directory, artifacts / "frames", last, after_test=True)
    return RefitSource(configuration, panel, artifacts)


def find_configuration(study: optuna.Study, definition: Definition, trial: str, artifacts: Artifacts) -> Configuration:
    """Return the configuration of one trial.

    Args:
        study: with COMPLETE trials.
        definition: the study's.
        trial: ``likely``, ``simplest``, ``best``, a number, or parameters as in ``cell=LSTM,hidden_size=25``.
        artifacts: of the study's storage.

    Raises:
        UsageError: ``trial`` is none of these.
        StudyError: the trial does not exist or is not COMPLETE, or the study uses CSV files.
    """
    if definition.data.files is not None:
        raise StudyError(
            f"{study.study_name} uses two CSV files, which have no trading calendar to walk forward on",
            "`volopt data import` makes a provider of them, for a study with train, valid and test by date",
        )
    number = choose(study, definition, trial, artifacts)
    if isinstance(number, str):
        raise UsageError(
            f"{trial} is a baseline, and only a trial can be refitted", "name a trial, likely, simplest or best"
        )
    frozen = study.get_trials(deepcopy=False)[number]
    best_epochs = [seed["best_epoch"] for seed in listing.seeds(frozen) if seed.get("best_epoch")]
    epochs = int({**definition.defaults(), **frozen.params}["epochs"])
    if definition.training.early_stopping != "none" and best_epochs:
        epochs = max(1, round(sum(best_epochs) / len(best_epochs)))
    metrics = listing.metrics(frozen)
    names = baselines_of(definition.data.static)
    promised = {name: metrics.get(f"ensemble_valid_skill_{name}") for name in names}
    best = best_baseline(studies.baselines(study))
    return Configuration(study.study_name, number, trial, definition, dict(frozen.params), epochs, promised, best)
