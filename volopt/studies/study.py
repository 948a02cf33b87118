"""Create, find and repair the Optuna studies that volopt owns; see ``attributes`` for what they store."""

import re
import shlex
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState
from pydantic import TypeAdapter, ValidationError

from volopt.baselines.methods import BASELINES
from volopt.definition.changes import changes, digest
from volopt.definition.load import dump, restore
from volopt.definition.plain_text import plain
from volopt.definition.schema import Definition
from volopt.definition.values import NAME_PATTERN
from volopt.errors import DefinitionError, StorageError, StudyError, did_you_mean
from volopt.optuna_internals import storage_of, study_id, trial_id
from volopt.storage.database.retrying import address_of
from volopt.storage.database.trial_cache import cached
from volopt.storage.run_record import DataSource, RunRecord
from volopt.studies.attributes import (
    CONFIRMED,
    FORMAT,
    INTERRUPTED,
    ORPHAN,
    PHASE,
    PREFIX,
    REASON,
    Confirmed,
    ConfirmedSeed,
    Scores,
    finite,
    is_number,
    proposal,
    valid_or_none,
)
from volopt.studies.ledger import Ledger
from volopt.studies.space import distributions
from volopt.studies.validated_study import DAMAGED, RESTORE, ValidatedStudy, reading

_NAME = re.compile(f"(?=.{{1,100}}$){NAME_PATTERN}")  # as definition.values has it
_SCORES: TypeAdapter[dict[str, float | None]] = TypeAdapter(Scores, config={"strict": True})


def is_name(name: str) -> bool:
    """Return whether a study file can have this name. Names become file names and words of commands."""
    return _NAME.fullmatch(name) is not None


def names(storage: BaseStorage, *, any_name: bool = False) -> list[str]:
    """Return the names of volopt's studies in a storage, oldest first.

    A study that others have given a name that no study file can have is among them only with ``any_name``.

    Raises:
        StorageError: the studies cannot be read.
    """
    return [name for name, ours in _all_names(storage).items() if ours and (any_name or is_name(name))]


def foreign_names(storage: BaseStorage) -> list[str]:
    """Return the names of the studies that other programs created, oldest first; raises as ``names`` does."""
    return [name for name, ours in _all_names(storage).items() if not ours]


def _all_names(storage: BaseStorage) -> dict[str, bool]:
    """Return the names of all studies, and whether each is volopt's."""
    try:
        studies = storage.get_all_studies()
    except DAMAGED as error:
        raise StorageError(
            f"the studies in the storage cannot be read: {type(error).__name__}",
            "put a copy of the database in its place",
        ) from error
    return {study.study_name: PREFIX + "definition" in study.user_attrs for study in studies}


def find(storage: BaseStorage, name: str, *, any_name: bool = False) -> tuple[optuna.Study, Definition]:
    """Return a study, as ``validated_study`` describes it, and its stored definition.

    With ``any_name`` the name may be one that no study file can have; it may also be written as ``volopt status``
    prints it.

    Raises:
        StudyError: there is no study of this name, or another program created it.
        StorageError: it is damaged.
    """
    known = {each if is_name(each) else plain(each): each for each in names(storage, any_name=any_name)}
    name = known.get(name, name)
    if name not in known.values():
        raise _not_found(storage, name, list(known))
    with reading(storage, name):
        study = optuna.load_study(study_name=name, storage=cached(storage))
        definition = _definition(study)
        if [each.name.lower() for each in study.directions] != [definition.objective.direction]:
            raise StorageError(f'the study "{name}" has another direction than its definition', RESTORE)
        return ValidatedStudy(name, storage_of(study), definition), definition


def _not_found(storage: BaseStorage, name: str, known: Sequence[str]) -> StudyError:
    if name in names(storage, any_name=True):
        return StudyError(
            f'this command does not take the name "{name}", which another program gave the study',
            'rename it in `volopt dashboard`, with letters, digits and "._-"; only status, trials, export and delete '
            "take it as it is",
        )
    if name in foreign_names(storage):
        return StudyError(f'another program created the study "{name}"', "`volopt status` lists the studies of volopt")
    hint = f"there are: {', '.join(known)}" if known else "`volopt run` creates one"
    return StudyError(f'there is no study "{name}" in the storage{did_you_mean(name, known)}', hint)


def open_or_create(storage: BaseStorage, definition: Definition, source: DataSource) -> optuna.Study:
    """Return the study of a definition: a new one, or the stored one where it may go on.

    Raises:
        StudyError: the stored study has another definition or other data, or another program created it.
    """
    known = {study.study_name for study in storage.get_all_studies()}
    if definition.name in known:
        study = optuna.load_study(study_name=definition.name, storage=cached(storage))
        if PREFIX + "definition" in study.user_attrs:
            check_continues(study, definition, source)
            _check_distributions(study, definition)
        elif study.get_trials(deepcopy=False) or study.direction.name.lower() != definition.objective.direction:
            raise StudyError(
                f'another program created the study "{definition.name}" in this storage',
                "start a new study with --name",
            )
    else:
        study = optuna.create_study(
            study_name=definition.name, storage=cached(storage), direction=definition.objective.direction
        )
    _write(study, definition, source)
    return ValidatedStudy(definition.name, storage_of(study), definition)


def add_run(study: optuna.Study, record: RunRecord) -> None:
    """Store the record of a run, unless the run before differs only in its time."""
    recorded = runs(study)
    if not recorded or recorded[-1].model_copy(update={"started": record.started}) != record:
        study.set_user_attr(PREFIX + "runs", [*_stored_runs(study), record.model_dump()])


def runs(study: optuna.Study) -> list[RunRecord]:
    """Return the valid run records, oldest first."""
    valid = [valid_or_none(RunRecord, record) for record in _stored_runs(study)]
    return [record for record in valid if record is not None]


def storage_url(study: optuna.Study) -> str:
    """Return the URL of a study's storage without its password, or an empty text if it is no database."""
    address = address_of(storage_of(study))
    return "" if address is None else address.shown


def resume_command(study: optuna.Study) -> str | None:
    """Return the command of the last run, with the storage that the study is in now; None where none is recorded.

    The study may be a stranger's, so a text that is not one ``volopt run`` counts as none.
    """
    recorded, url = runs(study), storage_url(study)
    with suppress(ValueError):
        arguments = shlex.split(recorded[-1].command) if recorded else []
        if arguments[:2] == ["volopt", "run"] and shlex.join(arguments) == recorded[-1].command:
            others = [each for each in arguments if not each.startswith("--storage=")]
            return shlex.join([*others, f"--storage={url}"] if url else arguments)
    return None


def check_continues(study: optuna.Study, definition: Definition, source: DataSource) -> None:
    """Raise StudyError where a stored study cannot go on with a definition and data."""
    _check_definition(study, definition)
    check_data(study, source)


def _stored_runs(study: optuna.Study) -> list[Any]:
    """Return the run records as they are stored; those of another volopt may have other fields."""
    records = study.user_attrs.get(PREFIX + "runs", [])
    return records if isinstance(records, list) else []


def store_baselines(
    study: optuna.Study,
    scores: dict[str, dict[str, float]],
    by_period: Sequence[dict[str, dict[str, float]]] = (),
) -> None:
    """Store the scores of each baseline, on the days of the study's own window; also in each of several periods."""
    attributes = {"baselines": finite(scores)} | ({"baselines_by_period": finite(list(by_period))} if by_period else {})
    for name, stored in attributes.items():
        if study.user_attrs.get(PREFIX + name) != stored:
            study.set_user_attr(PREFIX + name, stored)


def baselines(study: optuna.Study) -> dict[str, dict[str, float | None]]:
    """Return the stored scores by baseline; None for a metric that is not defined."""
    return _valid_scores(study.user_attrs.get(PREFIX + "baselines", {}))


def period_baselines(study: optuna.Study) -> list[dict[str, dict[str, float | None]]]:
    """Return the stored scores by baseline in each of several valid periods."""
    stored = study.user_attrs.get(PREFIX + "baselines_by_period", [])
    return list(map(_valid_scores, stored)) if isinstance(stored, list) else []


def _valid_scores(stored: Any) -> dict[str, dict[str, float | None]]:
    valid = {}
    for name in BASELINES if isinstance(stored, dict) else ():
        try:
            valid[name] = _SCORES.validate_python(stored.get(name))
        except (ValidationError, RecursionError):
            continue
    return valid


def confirmed(study: optuna.Study) -> list[ConfirmedSeed]:
    """Return the seeds that ``volopt best --confirm`` added, each trial and seed once."""
    stored = valid_or_none(Confirmed, study.user_attrs.get(CONFIRMED, {})) or Confirmed()
    return list({(seed.trial, seed.seed): seed for seed in stored.seeds}.values())


def store_confirmed(study: optuna.Study, seeds: Sequence[ConfirmedSeed]) -> None:
    """Store the added seeds of a study; the caller holds its lock."""
    study.set_user_attr(CONFIRMED, Confirmed(seeds=list(seeds)).model_dump())


def data_of(study: optuna.Study) -> DataSource:
    """Return which data a study was run on.

    Raises:
        StorageError: the study does not say so.
    """
    stored = valid_or_none(DataSource, study.user_attrs.get(PREFIX + "data"))
    if stored is None:
        raise StorageError(f'the study "{study.study_name}" does not say which data it was run on', RESTORE)
    return stored.model_copy(update={"provider": plain(stored.provider)})


def check_data(study: optuna.Study, source: DataSource) -> None:
    """Raise StudyError where data are not those that a study was run on."""
    stored = data_of(study)
    if stored.fingerprint != source.fingerprint:
        raise StudyError(
            f'the study "{study.study_name}" was run on other data: {stored.provider}',
            "pass the original data with --data, or start a new study with --name",
        )


def repair(study: optuna.Study) -> list[FrozenTrial]:
    """Make each trial that a dead driver left behind FAIL, and return these trials.

    The caller holds the study's lock, so a RUNNING trial has no driver. A WAITING one was queued, see ``search.queue``.
    """
    storage = storage_of(study)
    orphans = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in orphans:
        storage.set_trial_user_attr(trial_id(trial), REASON, ORPHAN)
        storage.set_trial_state_values(trial_id(trial), TrialState.FAIL)
    return orphans


def ledger(study: optuna.Study, definition: Definition) -> Ledger:
    """Return the ledger of the study's trials."""
    ledger = Ledger(definition.training.retries)
    for trial in study.get_trials(deepcopy=False):
        phase = trial.user_attrs.get(PHASE)
        if phase is None or trial.params.keys() != definition.space.keys():
            continue  # killed before it had its parameters: it counts as never asked
        ledger.start(phase, trial.params, proposal(trial))
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
            ledger.finish(phase, trial.params, complete=trial.state == TrialState.COMPLETE)
        elif trial.state == TrialState.FAIL:
            ledger.fail(phase, trial.params, trial.user_attrs.get(REASON, INTERRUPTED))
    return ledger


def _definition(study: optuna.Study) -> Definition:
    """Return the stored definition under the study's own name, because the dashboard can rename a study.

    It keeps its first name where no study file can have the own one.
    """
    attributes: dict[str, Any] = study.user_attrs
    if is_number(version := attributes.get(PREFIX + "format", 0)) and version > FORMAT:
        raise StorageError(f'the study "{study.study_name}" was written by a newer volopt', "update volopt")
    try:
        raw = dict(attributes[PREFIX + "definition"])
        raw |= {"name": study.study_name} if is_name(study.study_name) else {}
        return restore(raw | {"title": plain(raw.get("title", ""))})
    except (DefinitionError, *DAMAGED) as error:
        cause = [*getattr(error, "mistakes", ()), getattr(error, "message", type(error).__name__)][0]
        raise StorageError(f'the definition of the study "{study.study_name}" is damaged: {cause}', RESTORE) from error


def _check_definition(study: optuna.Study, definition: Definition) -> None:
    changed = changes(_definition(study), definition)
    if changed:
        raise StudyError(
            f'the study "{definition.name}" was run with another {", ".join(changed)}',
            "--name NEW starts a new study, which trains only the fits that are missing",
        )


def _check_distributions(study: optuna.Study, definition: Definition) -> None:
    """Refuse a study that Optuna could not continue, because it allows one distribution of a parameter a study."""
    wanted = distributions(definition)
    for trial in storage_of(study).get_all_trials(study_id(study), deepcopy=False):  # those of other programs, too
        for key in trial.distributions.keys() & wanted.keys():
            try:
                check_distribution_compatibility(trial.distributions[key], wanted[key])
            except ValueError as error:
                raise StorageError(
                    f'another program asked for trial {trial.number} of the study "{definition.name}": its {key} has '
                    "other values to choose from than [space]",
                    RESTORE,
                ) from error


def _write(study: optuna.Study, definition: Definition, source: DataSource) -> None:
    """Store what the study is; the definition comes last, because it marks a study as volopt's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names([definition.objective.metric])
    attributes = {
        "format": FORMAT,
        "data": source.model_dump(),
        "digest": digest(definition),
        "definition": dump(definition),
    }
    for name, value in attributes.items():
        if study.user_attrs.get(PREFIX + name) != value:
            study.set_user_attr(PREFIX + name, value)
