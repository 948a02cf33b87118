"""Each private part of Optuna that volopt uses, by name: a new Optuna that lacks one fails here first."""

import ast
import inspect
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import FileSystemArtifactStore
from optuna.distributions import IntDistribution
from optuna.samplers import GridSampler, TPESampler
from optuna.storages import RDBStorage, _CachedStorage
from optuna.storages._rdb import models
from optuna.storages._rdb import storage as database_module
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.study._frozen import FrozenStudy
from sqlalchemy import text

import volopt
from volopt import optuna_internals
from volopt.optuna_internals import (
    SCHEMA,
    NamedTrialStudy,
    artifact_path,
    queued_params,
    storage_of,
    study_id,
    trial_id,
    trials_of_ask,
)

PACKAGE = Path(volopt.__file__).parent
METHODS = [
    (RDBStorage, "_create_new_trial"),
    (RDBStorage, "_get_best_trial_id"),
    (RDBStorage, "_get_trials"),
    (RDBStorage, "_set_trial_param"),
    (_CachedStorage, "_add_trials_to_cache"),
    (_CachedStorage, "_read_trials_from_remote_storage"),
    (optuna.Study, "_get_trials"),
    (optuna.Study, "_pop_waiting_trial_id"),
    (FileSystemArtifactStore, "_get_filepath"),
]
TABLES = ("StudyModel", "TrialModel", "TrialParamModel", "TrialValueModel", "TrialIntermediateValueModel",
          "TrialUserAttributeModel", "TrialSystemAttributeModel")  # fmt: skip


@pytest.mark.parametrize(("owner", "name"), METHODS)
def test_optuna_has_the_private_methods(owner: type, name: str) -> None:
    assert callable(getattr(owner, name))


@pytest.mark.parametrize("name", TABLES)
def test_optuna_has_the_tables(name: str) -> None:
    assert getattr(models, name).__table__.c is not None


def test_optuna_has_the_private_attributes_of_studies_trials_and_caches() -> None:
    storage = RDBStorage("sqlite://")
    study = optuna.create_study(storage=storage)
    trial = study.ask()
    assert storage_of(study) is study._storage
    assert study_id(study) == study._study_id
    assert trial_id(trial) == trial._trial_id
    cache = study._storage
    assert isinstance(cache, _CachedStorage)
    assert cache._backend is storage
    assert {"_lock", "_studies", "_trial_id_to_study_id_and_number"} <= vars(cache).keys()
    assert [each.number for each in trials_of_ask(study, (optuna.trial.TrialState.RUNNING,))] == [0]
    (listed,) = storage.get_all_studies()
    assert isinstance(listed, FrozenStudy)
    assert study_id(listed) == study_id(study)


def test_optuna_has_the_private_attributes_of_the_grid_sampler_and_calls_the_private_method_of_studies() -> None:
    sampler = GridSampler({"x": [1, 2]})
    assert {"_all_grids", "_param_names", "_search_space"} <= vars(sampler).keys()
    assert "_get_trials" in inspect.getsource(TPESampler)


def test_a_queued_trial_is_taken_by_the_ask_that_names_it_alone() -> None:
    study = optuna.create_study(study_name="queued")
    named = NamedTrialStudy("queued", storage_of(study))
    space = {"x": IntDistribution(0, 9)}
    for x in (1, 2):
        study.enqueue_trial({"x": x})
    assert named.ask(space).number == 2
    _, second, _ = study.trials
    assert queued_params(second) == {"x": 2}
    trial = named.ask_queued(second, {"x": 3}, space)
    assert (trial.number, trial.params) == (1, {"x": 3})
    assert [each.state.name for each in study.trials] == ["WAITING", "RUNNING", "RUNNING"]
    assert study.ask().number == 0  # Optuna's own takes it


def test_optuna_has_the_schema_and_the_version_manager_of_its_databases(tmp_path: Path) -> None:
    storage = RDBStorage(f"sqlite:///{tmp_path}/optuna.db")
    assert isinstance(storage._version_manager, database_module._VersionManager)
    assert storage.get_head_version() == storage.get_current_version() == SCHEMA
    with storage.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9.9.9.z'"))
    with pytest.raises(RuntimeError, match="no longer compatible"):
        RDBStorage(f"sqlite:///{tmp_path}/optuna.db")


def test_optuna_makes_scoped_sessions_and_paths_of_artifacts(tmp_path: Path) -> None:
    storage = RDBStorage("sqlite://")
    with _create_scoped_session(storage.scoped_session, True) as session:
        assert session.bind is not None
    assert artifact_path(FileSystemArtifactStore(tmp_path), "x") == tmp_path / "x"


def test_no_other_module_uses_a_private_part_of_optuna() -> None:
    """Attributes of Optuna's objects that begin with an underscore, and its private modules."""
    private = {"_storage", "_study_id", "_trial_id", "_backend", "_get_filepath", "_all_grids", "_param_names"}
    uses = []
    for path in PACKAGE.rglob("*.py"):
        if path == Path(inspect.getfile(optuna_internals)):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
            if isinstance(node, ast.Attribute) and node.attr in private and not is_own:
                uses.append(f"{path.name}: .{node.attr}")
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom) and names[0].startswith("optuna"):
                uses += [f"{path.name}: {name}" for name in names if "._" in name or name.startswith("_")]
    assert uses == []
