"""An Optuna study that volopt owns: made, found again, repaired.

What stands in the study's user attributes:
``volopt:format`` (of these attributes), ``volopt:definition`` (the study file, canonical), ``volopt:digest``,
``volopt:data`` (provider, reader, synthetic, fingerprint), ``volopt:baselines`` (scores by baseline) and
``volopt:runs`` (a run record for each run).
"""

import re
import warnings
from typing import Any

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.data.frame import DataSource
from volopt.definition.changes import changes, digest
from volopt.definition.load import dump, restore
from volopt.definition.plain import plain
from volopt.definition.schema import Definition
from volopt.definition.values import NAME_PATTERN
from volopt.errors import DefinitionError, StorageError, StudyError, did_you_mean
from volopt.storage.database.trial_cache import cached
from volopt.studies import attribute_checks
from volopt.studies.attribute_checks import is_number
from volopt.studies.attributes import INTERRUPTED, PHASE, REASON, finite
from volopt.studies.ledger import Ledger
from volopt.studies.space import distributions
from volopt.studies.validated import DAMAGED, RESTORE, ValidatedStudy, reading

FORMAT = 1
PREFIX = "volopt:"
_NAME = re.compile(f"(?=.{{1,100}}$){NAME_PATTERN}")  # as definition.values has it
ORPHAN = f"{INTERRUPTED}: the process that ran it is gone"


def names(storage: BaseStorage) -> list[str]:
    """Return the names of volopt's studies in a storage, oldest first.

    A study under a name that no study file may have is none of them: names become those of files.

    Raises:
        StorageError: what is stored makes no sense.
    """
    try:
        studies = storage.get_all_studies()
    except DAMAGED as error:
        raise StorageError(
            f"the studies in the storage cannot be read: {type(error).__name__}",
            "put a copy of the database in its place",
        ) from error
    ours = [study for study in studies if PREFIX + "definition" in study.user_attrs]
    return [study.study_name for study in ours if _NAME.fullmatch(study.study_name)]


def find(storage: BaseStorage, name: str) -> tuple[optuna.Study, Definition]:
    """Return a study, made sound as ``found`` says, and its stored definition.

    Raises:
        StudyError: there is none of this name, or another program made it.
        StorageError: it is damaged.
    """
    known = names(storage)
    if name not in known:
        hint = f"there are: {', '.join(known)}" if known else "`volopt run` makes one"
        raise StudyError(f'there is no study "{name}" in the storage{did_you_mean(name, known)}', hint)
    with reading(storage, name):
        study = optuna.load_study(study_name=name, storage=cached(storage))
        definition = _definition(study)
        if [each.name.lower() for each in study.directions] != [definition.objective.direction]:
            raise StorageError(f'the study "{name}" has another direction than its definition', RESTORE)
        return ValidatedStudy(name, study._storage, definition), definition


def open_or_create(storage: BaseStorage, definition: Definition, source: DataSource) -> optuna.Study:
    """Return the study of a definition: a new one, or the one that may go on under it.

    Raises:
        StudyError: a study of this name was made from another definition, from other data, or by another program.
    """
    known = {study.study_name for study in storage.get_all_studies()}
    if definition.name in known:
        study = optuna.load_study(study_name=definition.name, storage=cached(storage))
        if PREFIX + "definition" in study.user_attrs:
            _check_definition(study, definition)
            _check_data(study, source)
            study = ValidatedStudy(definition.name, study._storage, definition)
            _check_values(study, definition)
        elif study.get_trials(deepcopy=False) or _direction(study) != definition.objective.direction:
            raise StudyError(
                f'the study "{definition.name}" in this storage was not made by volopt',
                "give this one another --name",
            )
    else:
        study = optuna.create_study(
            study_name=definition.name, storage=cached(storage), direction=definition.objective.direction
        )
    _write(study, definition, source)
    return study


def add_run(study: optuna.Study, record: dict[str, Any]) -> None:
    """Keep the record of a run with its study, unless the run before was made just so."""
    kept = runs(study)
    if not kept or {**kept[-1], "started": None} != {**record, "started": None}:
        study.set_user_attr(PREFIX + "runs", [*kept, record])


def runs(study: optuna.Study) -> list[dict[str, Any]]:
    """Return the run records that ``add_run`` took, oldest first, without those that are damaged."""
    kept = study.user_attrs.get(PREFIX + "runs", [])
    return [record for record in kept if attribute_checks.is_run(record)] if isinstance(kept, list) else []


def keep_baselines(study: optuna.Study, scores: dict[str, dict[str, float]]) -> None:
    """Keep the scores of each baseline with its study, on the days of the study's own window."""
    kept = finite(scores)
    if study.user_attrs.get(PREFIX + "baselines") != kept:
        study.set_user_attr(PREFIX + "baselines", kept)


def baselines(study: optuna.Study) -> dict[str, dict[str, float | None]]:
    """Return the scores that ``keep_baselines`` took, by baseline; None for one that is not defined."""
    return attribute_checks.baselines(study.user_attrs.get(PREFIX + "baselines", {}))


def data_of(study: optuna.Study) -> dict[str, Any]:
    """Return where a study's data come from: provider, reader, synthetic, fingerprint.

    Raises:
        StorageError: the study does not say so.
    """
    found = study.user_attrs.get(PREFIX + "data")
    if not attribute_checks.is_data(found):
        raise StorageError(f'the study "{study.study_name}" does not say which data it was run on', RESTORE)
    return found | {"provider": plain(found["provider"])}


def repair(study: optuna.Study) -> list[FrozenTrial]:
    """Tell every trial that a dead driver left behind FAIL, with its reason, and return them.

    The caller holds the study's lock, so whatever is RUNNING, or WAITING to run, has no driver.
    """
    storage = study._storage
    orphans = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
    for trial in orphans:
        storage.set_trial_user_attr(trial._trial_id, REASON, ORPHAN)
        storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    return orphans


def ledger(study: optuna.Study, definition: Definition) -> Ledger:
    """Return the ledger of the study's trials."""
    found = Ledger(definition.training.retries)
    for trial in study.get_trials(deepcopy=False):
        phase = trial.user_attrs.get(PHASE)
        if phase is None or trial.params.keys() != definition.space.keys():
            continue  # killed before it had its parameters: as if it had never been asked
        found.start(phase, trial.params)
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
            found.finish(phase, trial.params, complete=trial.state == TrialState.COMPLETE)
        elif trial.state == TrialState.FAIL:
            found.fail(phase, trial.params, trial.user_attrs.get(REASON, INTERRUPTED))
    return found


def _direction(study: optuna.Study) -> str:
    return study.direction.name.lower()


def _definition(study: optuna.Study) -> Definition:
    """Return the stored definition, under the study's name: the dashboard may have given it another."""
    said = study.user_attrs
    if is_number(version := said.get(PREFIX + "format", 0)) and version > FORMAT:
        raise StorageError(f'the study "{study.study_name}" was written by a newer volopt', "update volopt")
    try:
        raw = {**said[PREFIX + "definition"], "name": study.study_name}
        return restore(raw | {"title": plain(raw.get("title", ""))})
    except (DefinitionError, *DAMAGED) as error:
        why = [*getattr(error, "mistakes", ()), getattr(error, "message", type(error).__name__)][0]
        raise StorageError(f'the definition of the study "{study.study_name}" is damaged: {why}', RESTORE) from error


def _check_definition(study: optuna.Study, definition: Definition) -> None:
    changed = changes(_definition(study), definition)
    if changed:
        raise StudyError(
            f'the study "{definition.name}" was run with another {", ".join(changed)}',
            "--name NEW makes it a new study, which trains only the fits that are missing",
        )


def _check_data(study: optuna.Study, source: DataSource) -> None:
    stored = data_of(study)
    if stored["fingerprint"] != source.fingerprint:
        raise StudyError(
            f'the study "{study.study_name}" was run on other data: {stored["provider"]}',
            "name those with --data, or give this one another --name",
        )


def _check_values(study: optuna.Study, definition: Definition) -> None:
    """Refuse a study with which Optuna could not go on: it has one distribution of a parameter for all trials."""
    wanted = distributions(definition)
    for trial in study._storage.get_all_trials(study._study_id, deepcopy=False):  # those of other programs too
        for key in trial.distributions.keys() & wanted.keys():
            try:
                check_distribution_compatibility(trial.distributions[key], wanted[key])
            except ValueError as error:
                raise StorageError(
                    f'trial {trial.number} of the study "{definition.name}" was not asked for by volopt: its {key} has'
                    " other values to choose from than [space]",
                    RESTORE,
                ) from error


def _write(study: optuna.Study, definition: Definition, source: DataSource) -> None:
    """Store what the study is; the definition last, since by it a study is known as volopt's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names([definition.objective.metric])
    data = {
        "provider": source.provider,
        "reader": source.reader,
        "synthetic": source.synthetic,
        "fingerprint": source.fingerprint,
    }
    attributes = {
        "format": FORMAT,
        "data": data,
        "digest": digest(definition),
        "definition": dump(definition),
    }
    for name, value in attributes.items():
        if study.user_attrs.get(PREFIX + name) != value:
            study.set_user_attr(PREFIX + name, value)
