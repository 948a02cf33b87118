"""Files of a trial that are too big for the database: its curves and predictions as JSON, and a picture of them.

The long columns of a large panel are in a file beside the JSON, see ``storage.columns``.

Files go through Optuna's artifact store, so that optuna-dashboard lists and serves them. A file is attached while its
trial is RUNNING, the only time when Optuna allows it. A file is whole or absent: it is written beside its path, then
renamed.

The artifact directory is beside a SQLite file. For a server's database the run names it, and each study stores its
path. A database may come from a stranger, so volopt reads that directory only where it has marked it as its own.
"""

import contextlib
import io
import json
import mimetypes
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import optuna
from optuna.artifacts import ArtifactMeta, FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from volopt.errors import StorageError
from volopt.optuna_internals import artifact_path, storage_of, study_id, trial_id
from volopt.storage.columns import Column, put_back, take_out
from volopt.storage.database.retrying import RetryingStorage
from volopt.storage.files import pack_arrays, read_arrays, write_whole

DIRECTORY = "artifacts"  # beside the database
PLACE = "volopt:artifacts"  # the user attribute of a study in a server's database
MARK = ".volopt"  # the file that marks a directory as volopt's
ARTIFACTS = "artifacts:"  # prefix of the system attributes by which Optuna attaches files
CURVES = "curves-and-predictions.json"
PICTURE = "forecast-and-loss.png"
ARRAYS = "curves-and-predictions.safetensors"  # the long columns of CURVES
COLUMNS_KEY = "columns"  # the key by which CURVES names the file of its columns
MAX_JSON_BYTES = 100_000_000  # a usual trial has some hundred thousand
MAX_ARRAY_BYTES = 2**30  # a trial of 800 instruments, 1,500 days and 5 seeds has 58 million


class Artifacts:
    """Write files to the first of some artifact directories, and read them from all."""

    def __init__(self, *directories: Path) -> None:
        self.directories = directories
        self.store = _ArtifactStore(directories)

    @property
    def directory(self) -> Path:
        """Return the directory for new files."""
        return self.directories[0]

    def prepare(self) -> None:
        """Create the directory for new files.

        Raises:
            StorageError: it cannot be written.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / MARK).touch()
        except OSError as error:
            raise StorageError(
                f"cannot write in {self.directory}: {error.strerror}",
                "name a directory you may write to with --storage, or free some space",
            ) from error

    def attach_file(self, trial: optuna.Trial, name: str, content: bytes) -> None:
        """Attach a file to a running trial."""
        key, value = self.put(name, content)
        trial.storage.set_trial_system_attr(trial_id(trial), key, value)

    def put_json(self, name: str, content: dict[str, Any]) -> dict[str, str]:
        """Write JSON, with its numpy arrays in a file beside, and return the system attributes that attach both.

        Raises:
            StorageError: a file cannot be written.
        """
        bare, arrays = take_out(content)
        attributes = []
        if arrays:
            attributes.append(self.put(ARRAYS, pack_arrays(arrays, {})))
            bare[COLUMNS_KEY] = ARRAYS
        return dict([*attributes, self.put(name, json.dumps(bare).encode())])

    def put(self, name: str, content: bytes) -> tuple[str, str]:
        """Write a file, and return the system attribute that attaches it, as Optuna's ``upload_artifact`` sets it.

        Raises:
            StorageError: the file cannot be written.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot write in {self.directory}: {error.strerror}", "free some space") from error
        artifact_id = str(uuid.uuid4())
        kind, encoding = mimetypes.guess_type(name)
        meta = ArtifactMeta(artifact_id, name, kind or "application/octet-stream", encoding)
        self.store.write(artifact_id, io.BytesIO(content))
        return f"{ARTIFACTS}{artifact_id}", json.dumps(asdict(meta))

    def read(self, study: optuna.Study, trial: FrozenTrial, name: str) -> dict[str, Any] | None:
        """Return the JSON object attached to a trial under ``name``, or None where it is missing or damaged."""
        attributes = storage_of(study).get_trial_system_attrs(trial_id(trial))
        files = {name: artifact_id for artifact_id, name in reversed(_files(attributes))}
        content = self._load(files[name]) if name in files else None
        if content is None or COLUMNS_KEY not in content:
            return content
        arrays = self._load_arrays(files[ARRAYS]) if ARRAYS in files else None
        try:
            put_back(content, arrays or {})
        except (LookupError, TypeError, ValueError):  # the columns of another JSON
            return None
        return content if arrays else None

    def remove(self, study: optuna.Study) -> int:
        """Delete all artifacts of a study and its trials, and return their number."""
        owners = [storage_of(study).get_study_system_attrs(study_id(study))]
        owners += [trial.system_attrs for trial in study.get_trials(deepcopy=False)]
        files = [artifact_id for owner in owners for artifact_id, _ in _files(owner)]
        for artifact_id in files:
            with contextlib.suppress(ValueError):  # a name that leads out of the directory
                self.store.remove(artifact_id)
        return len(files)

    def _load(self, artifact_id: str) -> dict[str, Any] | None:
        try:
            with self.store.open_reader(artifact_id) as file:
                text = file.read(MAX_JSON_BYTES + 1)
            content = json.loads(text) if len(text) <= MAX_JSON_BYTES else None
        except (OSError, ValueError, RecursionError, ArtifactNotFound):
            return None
        return content if isinstance(content, dict) else None

    def _load_arrays(self, artifact_id: str) -> dict[str, Column] | None:
        try:
            path = self.store.path(artifact_id)
            content = read_arrays(path) if path.stat().st_size <= MAX_ARRAY_BYTES else None
        except (OSError, ValueError, ArtifactNotFound):
            return None
        return content and content[0]


def has_artifact(attributes: Mapping[str, Any], name: str) -> bool:
    """Return whether the system attributes of a study or trial attach a file under ``name``."""
    return any(file == name for _, file in _files(attributes))


def _files(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return id and name of each attached file; the attribute of a file that the dashboard removed holds null."""
    files = []
    for key, value in attributes.items():
        if key.startswith(ARTIFACTS):
            with contextlib.suppress(KeyError, RecursionError, TypeError, ValueError):
                meta = json.loads(value)
                files.append((str(meta["artifact_id"]), str(meta["filename"])))
    return files


class _ArtifactStore:
    """Store files as Optuna does, over several directories, each file whole or absent."""

    def __init__(self, directories: Iterable[Path]) -> None:
        self._stores = {directory: FileSystemArtifactStore(directory) for directory in directories}

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a file; raises ArtifactNotFound."""
        return self._holder(artifact_id).open_reader(artifact_id)

    def path(self, artifact_id: str) -> Path:
        """Return where a file is; raises ArtifactNotFound, and ValueError for a name that leads out."""
        return artifact_path(self._holder(artifact_id), artifact_id)

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write a file to the first directory."""
        write_whole(artifact_path(next(iter(self._stores.values())), artifact_id), content_body.read())

    def remove(self, artifact_id: str) -> None:
        """Remove a file; one that is gone already is no error, so that the study of a lost file can be deleted."""
        with contextlib.suppress(ArtifactNotFound):
            self._holder(artifact_id).remove(artifact_id)

    def _holder(self, artifact_id: str) -> FileSystemArtifactStore:
        for directory, store in self._stores.items():
            if (directory / artifact_id).is_file():
                return store
        raise ArtifactNotFound(artifact_id)


def artifacts_of(storage: RetryingStorage) -> Artifacts:
    """Return the artifacts of all studies in a storage; the studies of a server's database store their paths."""
    home = storage.address.home / DIRECTORY
    return Artifacts(home) if storage.address.file else Artifacts(*dict.fromkeys([home, *_directories(storage)]))


def study_artifacts(storage: RetryingStorage, study: str) -> Artifacts:
    """Return the artifacts of one study, to be written."""
    stored = None if storage.address.file else directory_of(storage, study)
    return Artifacts(stored or storage.address.home / DIRECTORY)


def directory_of(storage: BaseStorage, study: str) -> Path | None:
    """Return where a study in a server's database keeps its artifacts, or None where it does not say."""
    return next(iter(_directories(storage, study)), None)


def _directories(storage: BaseStorage, study: str | None = None) -> list[Path]:
    studies = [each for each in storage.get_all_studies() if study in (None, each.study_name)]
    paths = [each.user_attrs.get(PLACE) for each in studies]
    return [Path(path) for path in paths if isinstance(path, str) and _is_marked(Path(path))]


def _is_marked(directory: Path) -> bool:
    try:
        return directory.is_absolute() and (directory / MARK).is_file()
    except (OSError, ValueError):
        return False
