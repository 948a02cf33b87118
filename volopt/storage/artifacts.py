"""What belongs to a trial and is too big for the database: curves and predictions as JSON, and a picture of them.

The long columns of a large panel stand in a file beside the JSON, see ``storage.columns``.

Stored through Optuna's artifact store, so that optuna-dashboard lists and serves them. A file is uploaded while its
trial is RUNNING, which is the only time Optuna allows it. Files are whole or absent: written beside, then renamed.

They lie beside a SQLite file; those of a server's database where the run said, and each study there knows where. A
database may be a stranger's, so that directory is looked into only where volopt has marked it as its own.
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
from volopt.storage.columns import Column, put_back, taken_out
from volopt.storage.database.retrying import RetryingStorage
from volopt.storage.files import packed, read_arrays, write_whole

DIRECTORY = "artifacts"  # beside the database
PLACE = "volopt:artifacts"  # the user attribute of a study in a server's database
MARK = ".volopt"  # the file that says that a directory is ours
ARTIFACTS = "artifacts:"  # begins the system attributes that Optuna attaches files by
CURVES = "curves-and-predictions.json"
PICTURE = "forecast-and-loss.png"
ARRAYS = "curves-and-predictions.safetensors"  # the long columns of CURVES
BESIDE = "columns"  # the key by which CURVES says that there are some
MAX_BYTES = 100_000_000  # of JSON; a trial's own has some hundred thousand
MAX_ARRAY_BYTES = 2**30  # a trial's own has 58 million with 800 instruments, 1,500 days and 5 seeds


class Artifacts:
    """The artifact directories of a storage: files are written to the first, and read from where they are."""

    def __init__(self, *directories: Path) -> None:
        self.directories = directories
        self.store = _ArtifactStore(directories)

    @property
    def directory(self) -> Path:
        """Return the directory that is written to."""
        return self.directories[0]

    def prepare(self) -> None:
        """Make the directory to write to.

        Raises:
            StorageError: it cannot be written to.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / MARK).touch()
        except OSError as error:
            raise StorageError(
                f"cannot write in {self.directory}: {error.strerror}",
                "name a directory you may write to with --storage, or free some space",
            ) from error

    def attach(self, trial: optuna.Trial, name: str, content: dict[str, Any]) -> None:
        """Attach JSON to a running trial, as ``put_json`` keeps it."""
        for key, said in self.put_json(name, content).items():
            trial.storage.set_trial_system_attr(trial._trial_id, key, said)

    def attach_file(self, trial: optuna.Trial, name: str, content: bytes) -> None:
        """Attach a file to a running trial."""
        key, said = self.put(name, content)
        trial.storage.set_trial_system_attr(trial._trial_id, key, said)

    def put_json(self, name: str, content: dict[str, Any]) -> dict[str, str]:
        """Keep JSON, numpy arrays in it in a file beside, and return the system attributes that attach both.

        Raises:
            StorageError: they cannot be written.
        """
        bare, arrays = taken_out(content)
        files = []
        if arrays:
            files.append(self.put(ARRAYS, packed(arrays, {})))
            bare[BESIDE] = ARRAYS
        return dict([*files, self.put(name, json.dumps(bare).encode())])

    def put(self, name: str, content: bytes) -> tuple[str, str]:
        """Keep a file, and return the system attribute that attaches it, as Optuna's ``upload_artifact`` sets it.

        Raises:
            StorageError: it cannot be written.
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
        """Return the JSON object attached to a trial under ``name``, or None where there is none or it is broken."""
        files = {name: id for id, name in reversed(_files(study._storage.get_trial_system_attrs(trial._trial_id)))}
        found = self._load(files[name]) if name in files else None
        if found is None or BESIDE not in found:
            return found
        arrays = self._load_arrays(files[ARRAYS]) if ARRAYS in files else None
        try:
            put_back(found, arrays or {})
        except (LookupError, TypeError, ValueError):  # not the columns of this JSON
            return None
        return found if arrays else None

    def remove(self, study: optuna.Study) -> int:
        """Delete every artifact of a study and its trials and return how many there were."""
        owners = [study._storage.get_study_system_attrs(study._study_id)]
        owners += [trial.system_attrs for trial in study.get_trials(deepcopy=False)]
        files = [artifact_id for owner in owners for artifact_id, _ in _files(owner)]
        for artifact_id in files:
            with contextlib.suppress(ArtifactNotFound, ValueError):  # a name that leads out of the directory
                self.store.remove(artifact_id)
        return len(files)

    def _load(self, artifact_id: str) -> dict[str, Any] | None:
        try:
            with self.store.open_reader(artifact_id) as file:
                content = file.read(MAX_BYTES + 1)
            found = json.loads(content) if len(content) <= MAX_BYTES else None
        except (OSError, ValueError, RecursionError, ArtifactNotFound):
            return None
        return found if isinstance(found, dict) else None

    def _load_arrays(self, artifact_id: str) -> dict[str, Column] | None:
        try:
            path = self.store.path(artifact_id)
            found = read_arrays(path) if path.stat().st_size <= MAX_ARRAY_BYTES else None
        except (OSError, ValueError, ArtifactNotFound):
            return None
        return found and found[0]


def _files(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return id and name of each file that system attributes tell of; of one removed in the dashboard they say null."""
    found = []
    for key, value in attributes.items():
        if key.startswith(ARTIFACTS):
            with contextlib.suppress(KeyError, RecursionError, TypeError, ValueError):
                said = json.loads(value)
                found.append((str(said["artifact_id"]), str(said["filename"])))
    return found


class _ArtifactStore:
    """Optuna's store of files over several directories, with files that are whole or absent."""

    def __init__(self, directories: Iterable[Path]) -> None:
        self._stores = {each: FileSystemArtifactStore(each) for each in directories}

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a file; raises ArtifactNotFound."""
        for directory, store in self._stores.items():
            if (directory / artifact_id).is_file():
                return store.open_reader(artifact_id)
        raise ArtifactNotFound(artifact_id)

    def path(self, artifact_id: str) -> Path:
        """Return where a file is; raises ArtifactNotFound, and ValueError for a name that leads out."""
        for directory, store in self._stores.items():
            if (directory / artifact_id).is_file():
                return Path(store._get_filepath(artifact_id))
        raise ArtifactNotFound(artifact_id)

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Write a file to the first directory."""
        store = next(iter(self._stores.values()))
        write_whole(store._get_filepath(artifact_id), content_body.read())  # a name that leads out is refused

    def remove(self, artifact_id: str) -> None:
        """Remove a file; raises ArtifactNotFound."""
        for directory, store in self._stores.items():
            if (directory / artifact_id).is_file():
                return store.remove(artifact_id)
        raise ArtifactNotFound(artifact_id)


def artifacts_of(storage: RetryingStorage) -> Artifacts:
    """Return the artifacts of the studies in a storage; a server's database is asked where they are."""
    home = storage.where.home / DIRECTORY
    return Artifacts(home) if storage.where.file else Artifacts(*dict.fromkeys([home, *_places(storage)]))


def place_of(storage: BaseStorage, study: str) -> Path | None:
    """Return where a study in a server's database keeps its artifacts, or None where it says nothing of it."""
    return next((place for place in _places(storage, study)), None)


def _places(storage: BaseStorage, study: str | None = None) -> list[Path]:
    told = [each.user_attrs.get(PLACE) for each in storage.get_all_studies() if study in (None, each.study_name)]
    return [Path(place) for place in told if isinstance(place, str) and _is_ours(Path(place))]


def _is_ours(place: Path) -> bool:
    try:
        return place.is_absolute() and (place / MARK).is_file()
    except (OSError, ValueError):
        return False
