"""The configuration of a study that is refitted: one of its trials, with what decides how it is trained again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import optuna

from volopt.comparison.comparands import named
from volopt.definition.schema import Definition, Scalar
from volopt.errors import StudyError, UsageError
from volopt.studies import listing
from volopt.training.task import Task, tasks


@dataclass(frozen=True)
class Configuration:
    """A trial of a study.

    ``epochs`` are those of the study; with early stopping, the mean of the epochs whose weights its seeds kept: a refit
    learns from every day and has none left to stop by.
    """

    study: str
    trial: int
    definition: Definition
    params: Mapping[str, Scalar]
    epochs: int
    synthetic: bool

    @property
    def window(self) -> int:
        """Return the input days."""
        return int((self.definition.baseline() | dict(self.params))["window"])

    @property
    def chosen_on(self) -> tuple[date, date]:
        """Return the first and the last day that had a part in choosing: those of train and valid."""
        data = self.definition.data
        assert data.train is not None
        assert data.valid is not None
        return data.train[0], data.valid[1]

    def tasks(self, device: str, precision: str) -> list[Task]:
        """Return the fits of a refit, one a seed."""
        fits = tasks(self.definition, self.params, device, precision)
        return [replace(task, epochs=self.epochs, early_stopping=None) for task in fits]


def choose(study: optuna.Study, definition: Definition, trial: str, *, synthetic: bool) -> Configuration:
    """Return the trial that a person named.

    Args:
        study: with COMPLETE trials.
        definition: the study's.
        trial: a number, ``best``, or parameters as in ``cell=LSTM,hidden_size=25``.
        synthetic: whether the study's data are generated.

    Raises:
        UsageError: it names nothing.
        StudyError: it is not there or not COMPLETE, or the study is about CSV files.
    """
    if definition.data.files is not None:
        raise StudyError(
            f"{study.study_name} is about two CSV files, which have no trading calendar to go forward on",
            "`volopt data import` makes a provider of them, for a study with train, valid and test by date",
        )
    number = named(study, definition, trial)
    if isinstance(number, str):
        raise UsageError(f"{trial} is a baseline, which is not refitted but stands beside", "name a trial, or best")
    found = study.get_trials(deepcopy=False)[number]
    kept = [seed["best_epoch"] for seed in listing.seeds(found) if seed.get("best_epoch")]
    stops = definition.training.early_stopping != "none"
    epochs = max(1, round(sum(kept) / len(kept))) if stops and kept else definition.training.epochs
    return Configuration(study.study_name, number, definition, dict(found.params), epochs, synthetic)
