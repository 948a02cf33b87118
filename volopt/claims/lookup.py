"""Which stored study a claim may look things up in, and its trials.

A stored study stands for a shipped one when it has the same grid phases and trains the same networks in the same way on
the same quantities: instrument, days, seeds, other phases and the search space may differ. A panel stands for none: the
claims are about networks for one stock.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.comparison.evidence import NotFoundError, TrialResult, read
from volopt.definition import load
from volopt.definition.schema import Definition, Scalar
from volopt.storage.artifacts import Artifacts
from volopt.studies import study as studies
from volopt.studies.space import Point, point

_FREE = {"data": {"instrument", "train", "valid", "test", "files"}, "training": {"seeds", "retries"}}


class StoredStudy:
    """One stored study as a place for claims to look things up in."""

    def __init__(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> None:
        self.name, self.definition = study.study_name, definition
        self.synthetic = bool(studies.data_of(study)["synthetic"])
        self._study, self._artifacts = study, artifacts
        self._read: dict[int, TrialResult] = {}

    def __call__(self, **values: Scalar) -> TrialResult:
        """Return the COMPLETE trial at these values, the rest at the baseline.

        Raises:
            AbsentError: there is none.
            BrokenError: its artifact is missing or broken.
        """
        definition = self.definition
        wanted = definition.baseline() | values
        stays = {key: value for key, value in wanted.items() if key not in definition.space}
        trial = self._trials.get(point({key: wanted[key] for key in definition.space}))
        if trial is None or any(definition.baseline()[key] != value for key, value in stays.items()):
            raise NotFoundError(self.name)
        if trial.number not in self._read:
            self._read[trial.number] = read(self._study, trial, self._artifacts)
        return self._read[trial.number]

    @property
    def market(self) -> list[object]:
        """Return what two studies must share to be compared: instrument and days."""
        data = self.definition.data
        return [data.instrument, data.train, data.valid, data.test, data.files]

    @cached_property
    def _trials(self) -> dict[Point, FrozenTrial]:
        complete = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return {point(trial.params): trial for trial in reversed(complete)}  # the first one, where there are several


def stored(storage: BaseStorage, names: Iterable[str], artifacts: Artifacts) -> dict[str, list[StoredStudy]]:
    """Return the stored studies that stand for each shipped one, those with most seeds first.

    Args:
        storage: where to look.
        names: of the studies to look at.
        artifacts: of the storage.
    """
    shipped = {path.stem: load.load(path.stem) for path in load.shipped()}
    found: dict[str, list[StoredStudy]] = {name: [] for name in shipped}
    for name in names:
        study, definition = studies.find(storage, name)
        if definition.data.is_panel:
            continue
        for other, pattern in shipped.items():
            if _said(definition) == _said(pattern) and _grids(definition) >= _grids(pattern):
                found[other].append(StoredStudy(study, definition, artifacts))
    return {name: sorted(those, key=_seeds, reverse=True) for name, those in found.items()}


def together(found: dict[str, list[StoredStudy]], wanted: Sequence[str]) -> list[StoredStudy] | None:
    """Return a stored study for each wanted shipped one, all of one market, or None."""
    for first in found[wanted[0]]:
        rest = [next((s for s in found[name] if s.market == first.market), None) for name in wanted[1:]]
        chosen = [study for study in (first, *rest) if study is not None]
        if len(chosen) == len(wanted):
            return chosen
    return None


def _seeds(study: StoredStudy) -> int:
    return study.definition.training.seeds


def _grids(definition: Definition) -> set[str]:
    return {phase.name for phase in definition.phases if phase.sampler == "grid"}


def _said(definition: Definition) -> dict[str, Any]:
    said = load.dump(definition)
    tables = {name: said.get(name) for name in ("data", "model", "training", "published")}
    return {
        name: {key: value for key, value in table.items() if key not in _FREE.get(name, ())} if table else None
        for name, table in tables.items()
    }
