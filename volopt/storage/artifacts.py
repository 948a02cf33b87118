"""What belongs to a trial and is too big for the database: curves and predictions as JSON, and a picture of them.

Stored through Optuna's artifact store, so that optuna-dashboard lists and serves them. A file is uploaded while its
trial is RUNNING, which is the only time Optuna allows it.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import (
    FileSystemArtifactStore,
    download_artifact,
    get_all_artifact_meta,
    upload_artifact,
)
from optuna.trial import FrozenTrial

from volopt.errors import StorageError
from volopt.storage.connect import database_path

DIRECTORY = "artifacts"  # beside the database
CURVES = "curves-and-predictions.json"
PICTURE = "forecast-and-loss.png"


def artifacts_of(url: str) -> "Artifacts":
    """Return the artifacts that belong to the database at a URL.

    Raises:
        UsageError: the URL is no storage volopt can use.
    """
    return Artifacts(database_path(url).parent / DIRECTORY)


class Artifacts:
    """The artifact directory of a storage."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"cannot write in {directory}: {error.strerror}",
                "name a directory you may write to with --storage",
            ) from error
        self.store = FileSystemArtifactStore(directory)

    def attach(self, trial: optuna.Trial, name: str, content: dict[str, Any]) -> None:
        """Attach JSON to a running trial."""
        self.attach_file(trial, name, json.dumps(content).encode())

    def attach_file(self, trial: optuna.Trial, name: str, content: bytes) -> None:
        """Attach a file to a running trial."""
        try:
            with tempfile.TemporaryDirectory(dir=self.directory) as folder:
                path = Path(folder) / name
                path.write_bytes(content)
                upload_artifact(artifact_store=self.store, file_path=str(path), study_or_trial=trial)
        except OSError as error:
            raise StorageError(f"cannot write in {self.directory}: {error.strerror}", "free some space") from error

    def read(self, study: optuna.Study, trial: FrozenTrial, name: str) -> dict[str, Any] | None:
        """Return the JSON attached to a trial under ``name``, or None where there is none or it is broken."""
        for meta in get_all_artifact_meta(trial, storage=study._storage):
            if meta.filename == name:
                return self._load(meta.artifact_id)
        return None

    def remove(self, study: optuna.Study) -> int:
        """Delete every artifact of a study and its trials and return how many there were."""
        owners: list[optuna.Study | FrozenTrial] = [study, *study.get_trials(deepcopy=False)]
        metas = [meta for owner in owners for meta in get_all_artifact_meta(owner, storage=study._storage)]
        for meta in metas:
            (self.directory / Path(meta.artifact_id).name).unlink(missing_ok=True)
        return len(metas)

    def _load(self, artifact_id: str) -> dict[str, Any] | None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "artifact"
            try:
                download_artifact(artifact_store=self.store, artifact_id=artifact_id, file_path=str(path))
                found: dict[str, Any] = json.loads(path.read_bytes())
            except (OSError, ValueError, optuna.artifacts.exceptions.ArtifactNotFound):
                return None
        return found
