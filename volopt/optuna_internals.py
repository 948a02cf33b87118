"""Everything private of Optuna that volopt uses, under public names.

Other modules use these names and nothing of Optuna that begins with an underscore. ``pyproject.toml`` bounds Optuna to
the releases that this module was tested with. ``tests/test_optuna_internals.py`` names each part and fails where one is
gone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna import Study, Trial
from optuna.artifacts import FileSystemArtifactStore
from optuna.distributions import BaseDistribution
from optuna.samplers import GridSampler
from optuna.storages import BaseStorage, RDBStorage, _CachedStorage
from optuna.storages._rdb import models as models  # the tables
from optuna.storages._rdb import storage as database_module
from optuna.storages._rdb.storage import _create_scoped_session, _VersionManager
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from optuna.study._frozen import FrozenStudy as FrozenStudy

SCHEMA = "v3.2.0.a"  # of the tables of these releases of Optuna

QUEUED = "fixed_params"  # the system attribute of a queued trial

# Methods that Optuna calls on a database beside its public ones.
PRIVATE_CALLS = frozenset({"_create_new_trial", "_get_best_trial_id", "_get_trials", "_set_trial_param"})


def storage_of(study: Study) -> BaseStorage:
    """Return the storage of a study."""
    return study._storage


def study_id(study: "Study | FrozenStudy") -> int:
    """Return the number of a study in its storage."""
    return study._study_id


def trial_id(trial: Trial | FrozenTrial) -> int:
    """Return the number of a trial in its storage; ``trial.number`` counts within the study."""
    return trial._trial_id


def trials_of_ask(study: Study, states: tuple[TrialState, ...], *, use_cache: bool = True) -> list[FrozenTrial]:
    """Return the trials in some states by number; with the cache, as Optuna has read them for this ask."""
    return study._get_trials(deepcopy=False, states=states, use_cache=use_cache)


def artifact_path(store: FileSystemArtifactStore, artifact_id: str) -> Path:
    """Return where a store keeps an artifact; raises ValueError where the name leads out of the store."""
    return Path(store._get_filepath(artifact_id))


def queued_params(trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters that a trial in the queue of a study names."""
    queued = trial.system_attrs.get(QUEUED)
    return trial.params | (queued if isinstance(queued, dict) else {})


class NamedTrialStudy(Study):
    """Take a trial from the queue only for the ask that names it; Optuna's study takes the first one for any ask."""

    _named: int | None = None

    def ask_queued(
        self, trial: FrozenTrial, params: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]
    ) -> Trial:
        """Return a queued trial, RUNNING, with these parameters; the caller alone asks of the study."""
        self._storage.set_trial_system_attr(trial._trial_id, QUEUED, dict(params))
        self._named = trial._trial_id
        return self.ask(dict(distributions))

    def _pop_waiting_trial_id(self) -> int | None:
        named, self._named = self._named, None
        if named is not None:
            self._storage.set_trial_state_values(named, state=TrialState.RUNNING)
        return named


class OrderedGridSampler(GridSampler):
    """Take points of a grid by their index.

    Args:
        grid: the values of each parameter.
        cost: of a point; equal ones stay in the order of their ``repr``. The cheapest comes first, so that a result
            shows soon, and then the most expensive ones, so that no worker idles at the end.
    """

    def __init__(self, grid: Mapping[str, Sequence[Any]], cost: Callable[[dict[str, Any]], float]) -> None:
        super().__init__(grid)
        self._all_grids.sort(key=repr)  # Optuna shuffles them
        self._all_grids.sort(key=lambda values: -cost(self._params(values)))
        cheapest = min(self._all_grids, key=lambda values: cost(self._params(values)))
        self._all_grids.remove(cheapest)
        self._all_grids.insert(0, cheapest)

    def __len__(self) -> int:
        return len(self._all_grids)

    def point(self, index: int) -> dict[str, Any]:
        """Return the parameters of a point."""
        return self._params(self._all_grids[index])

    def assign(self, study: Study, trial: FrozenTrial, index: int) -> None:
        """Give a point to a trial, as Optuna's ``before_trial`` does."""
        study._storage.set_trial_system_attr(trial._trial_id, "search_space", self._search_space)
        study._storage.set_trial_system_attr(trial._trial_id, "grid_id", index)

    def _params(self, values: Sequence[Any]) -> dict[str, Any]:
        return {name: value for name, value in zip(self._param_names, values, strict=True) if value is not None}


class _SchemaVersion(_VersionManager):
    """Check the schema of a database. Alembic is imported only for another schema, because that takes 0.2 s."""

    def _init_alembic(self) -> None:
        if not self._is_current():
            super()._init_alembic()

    def check_table_schema_compatibility(self) -> None:
        """Raise RuntimeError for a schema of another release."""
        if not self._is_current():
            super().check_table_schema_compatibility()

    def _is_current(self) -> bool:
        with self.engine.connect() as connection:
            try:
                return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == SCHEMA)
            except DatabaseError:  # no such table
                return False


database_module._VersionManager = _SchemaVersion  # type: ignore[misc]  # the name that RDBStorage uses


class Database(RDBStorage):
    """Name the parts of Optuna's database that a faster one replaces."""

    def session(self, *, ignore_integrity_error: bool = False) -> AbstractContextManager[Session]:
        """Return a session that commits at its end."""
        return _create_scoped_session(self.scoped_session, ignore_integrity_error)

    def read_trials(self, *args: Any, **options: Any) -> list[FrozenTrial]:
        """Return trials of a study: those after one, and the included ones before it."""
        return super()._get_trials(*args, **options)

    def write_param(self, *args: Any, **options: Any) -> None:
        """Write a parameter of a running trial."""
        super()._set_trial_param(*args, **options)

    def _get_trials(self, *args: Any, **options: Any) -> list[FrozenTrial]:
        return self.read_trials(*args, **options)

    def _set_trial_param(self, *args: Any, **options: Any) -> None:
        self.write_param(*args, **options)


class DatabaseCache(_CachedStorage):
    """Name the parts of Optuna's cache of a database."""

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """Return the lock that protects the trials."""
        return self._lock

    def refresh(self, study_id: int) -> None:
        """Read what is new of a study; raises KeyError where there is none of this number."""
        self._read_trials_from_remote_storage(study_id)

    def trials_by_number(self, study_id: int) -> dict[int, FrozenTrial]:
        """Return the trials that were read so far, in the order in which they were read."""
        return self._studies[study_id].trials

    def unfinished_numbers(self, study_id: int) -> Iterable[int]:
        """Return the numbers of the trials that were not finished when they were read."""
        ids = self._studies[study_id].unfinished_trial_ids
        return sorted(self._trial_id_to_study_id_and_number[each][1] for each in ids)

    def trial_of_id(self, trial_id: int) -> FrozenTrial:
        """Return a trial that was read."""
        study, number = self._trial_id_to_study_id_and_number[trial_id]
        return self._studies[study].trials[number]

    def add_read_trials(self, study_id: int, trials: list[FrozenTrial]) -> None:
        """Keep trials that were read."""
        super()._add_trials_to_cache(study_id, trials)

    def _add_trials_to_cache(self, study_id: int, trials: list[FrozenTrial]) -> None:
        self.add_read_trials(study_id, trials)


def database_of(storage: BaseStorage) -> BaseStorage:
    """Return the database behind a cache, or the storage itself."""
    return storage._backend if isinstance(storage, _CachedStorage) else storage
