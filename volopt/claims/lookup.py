"""Find the stored studies that can show a claim, and their trials.

A stored study matches a shipped one if it has its grid phases, and trains the same networks in the same way on the same
quantities. Instrument, days, seeds, other phases and the search space may differ. A panel matches none, as the claims
are about networks for one stock.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.comparison.trial_results import NotFoundError, TrialResult, read_trial
from volopt.definition import load
from volopt.definition.schema import Definition, Scalar
from volopt.storage.artifacts import Artifacts
from volopt.studies import study as studies
from volopt.studies.space import Point, point

_FREE_KEYS = {"data": {"instrument", "train", "valid", "test", "files"}, "training": {"seeds", "retries"}}


class StoredStudy:
    """Look up the trials of one stored study."""

    def __init__(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> None:
        self.name, self.definition = study.study_name, definition
        self.synthetic = studies.data_of(study).synthetic
        self._study, self._artifacts = study, artifacts
        self._results: dict[int, TrialResult] = {}

    def trial(self, **values: Scalar) -> TrialResult:
        """Return the COMPLETE trial at these values, and at the study's defaults otherwise.

        Raises:
            NotFoundError: there is none.
            DamagedFileError: its artifact is missing or broken.
        """
        defaults, space = self.definition.defaults(), self.definition.space
        trial = self._trials.get(point({key: values.get(key, defaults[key]) for key in space}))
        if trial is None or any(defaults[key] != value for key, value in values.items() if key not in space):
            raise NotFoundError(self.name)
        if trial.number not in self._results:
            self._results[trial.number] = read_trial(self._study, trial, self._artifacts)
        return self._results[trial.number]

    @property
    def market(self) -> list[object]:
        """Return what two studies must share to be compared: instrument and days."""
        data = self.definition.data
        return [data.instrument, data.train, data.valid, data.test, data.files]

    @cached_property
    def _trials(self) -> dict[Point, FrozenTrial]:
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return {point(trial.params): trial for trial in reversed(complete)}  # of equal ones the first


Matches = Mapping[str, Sequence[StoredStudy]]  # by the name of the shipped study


def find_studies(storage: BaseStorage, names: Iterable[str], artifacts: Artifacts) -> Matches:
    """Return the stored studies that match each shipped one, those with most seeds first.

    Args:
        storage: to search.
        names: of the studies to consider.
        artifacts: of the storage.
    """
    matches: dict[str, list[StoredStudy]] = {name: [] for name in _shipped()}
    for name in names:
        study, definition = studies.find(storage, name)
        for file in matching_files(definition):
            matches[file].append(StoredStudy(study, definition, artifacts))
    return {
        file: sorted(stored, key=lambda study: study.definition.training.seeds, reverse=True)
        for file, stored in matches.items()
    }


def matching_files(definition: Definition) -> list[str]:
    """Return the names of the shipped studies that a study matches."""
    if definition.data.is_panel or definition.data.has_periods:  # the claims are about one train and valid split
        return []
    return [
        name
        for name, pattern in _shipped().items()
        if _protocol(definition) == _protocol(pattern) and _grids(definition) >= _grids(pattern)
    ]


def choose_studies(matches: Matches, wanted: Sequence[str]) -> Sequence[StoredStudy]:
    """Return a stored study for each wanted shipped one, all of one market; none if one is missing."""
    for chosen in itertools.product(*(matches[name] for name in wanted)):
        if all(study.market == chosen[0].market for study in chosen):
            return chosen
    return ()


@cache
def _shipped() -> dict[str, Definition]:
    return {path.stem: load.load(path.stem) for path in load.shipped()}


def _grids(definition: Definition) -> set[str]:
    return {phase.name for phase in definition.phases if phase.is_grid}


def _protocol(definition: Definition) -> dict[str, Any]:
    """Return the parts of a definition in which matching studies agree."""
    dumped = load.dump(definition)
    return {
        name: {key: value for key, value in table.items() if key not in _FREE_KEYS.get(name, ())}
        for name in ("data", "model", "training", "published")
        if (table := dumped.get(name))
    }
