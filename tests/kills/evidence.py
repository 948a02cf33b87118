"""What a database says of studies under kills, read with Optuna alone, which neither makes nor repairs anything."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.pool import NullPool

SERVER = "none of a server"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def read(url: str, study: str) -> list[FrozenTrial]:
    """Return the trials of a study; none where it, or the database, is not made yet."""
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return []
    engine = sqlalchemy.create_engine(_dialect(url), poolclass=NullPool)
    with engine.connect() as connection:
        if not sqlalchemy.inspect(connection).has_table("trials"):
            return []
    storage = RDBStorage(
        _dialect(url), engine_kwargs={"poolclass": NullPool}, skip_compatibility_check=True, skip_table_creation=True
    )
    if study not in {each.study_name for each in storage.get_all_studies()}:
        return []
    return optuna.load_study(study_name=study, storage=storage).trials


def content(trial: FrozenTrial) -> str:
    """Return all that a trial says, number and times apart: equal texts are equal bit for bit."""
    attributes = [trial.params, trial.values, trial.intermediate_values, trial.user_attrs, _scores(trial)]
    return json.dumps([trial.state.name, *attributes], sort_keys=True)


def point(trial: FrozenTrial) -> str:
    """Return the parameters as one text."""
    return json.dumps(trial.params, sort_keys=True)


def of_phase(trials: list[FrozenTrial], phase: str) -> list[FrozenTrial]:
    """Return the finished trials that a phase asked for."""
    return [trial for trial in trials if trial.user_attrs.get("phase") == phase and trial.state in FINISHED]


class Evidence:
    """Looks at the database between kills, and remembers what was finished."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lost: list[str] = []
        self.looks = 0
        self._finished: dict[tuple[str, int], str] = {}

    def look(self, study: str) -> None:
        """Note what is finished, and what was finished and no longer is so."""
        self.looks += 1
        found = {(study, trial.number): content(trial) for trial in read(self.url, study)}
        for key, before in list(self._finished.items()):
            if key[0] == study and found.get(key) != before:
                self.lost.append(f"trial {key[1]} of {study}: {before} became {found.get(key)}")
                del self._finished[key]
        self._finished |= {key: said for key, said in found.items() if json.loads(said)[0] in ("COMPLETE", "PRUNED")}

    def duplicated(self, study: str) -> int:
        """Return how many trials finished a point that another had finished."""
        points = Counter(point(trial) for trial in read(self.url, study) if trial.state in FINISHED)
        return sum(count - 1 for count in points.values())

    def unfinished(self, study: str) -> int:
        """Return how many trials are RUNNING or WAITING."""
        return sum(not trial.state.is_finished() for trial in read(self.url, study))

    def failures(self, study: str) -> list[Any]:
        """Return the reason of each FAIL trial, None where there is none."""
        return [trial.user_attrs.get("reason") for trial in read(self.url, study) if trial.state == TrialState.FAIL]

    def values(self, study: str, phases: Sequence[str]) -> dict[str, str]:
        """Return all that each finished point of some phases says."""
        trials = read(self.url, study)
        return {point(trial): content(trial) for phase in phases for trial in of_phase(trials, phase)}

    def count(self, study: str, phase: str) -> int:
        """Return the number of a phase's finished trials."""
        return len(of_phase(read(self.url, study), phase))

    def integrity(self) -> str:
        """Return what SQLite says of the database's integrity; a server has no such question."""
        if not self.url.startswith("sqlite:///"):
            return SERVER
        connection = sqlite3.connect(self.url.removeprefix("sqlite:///"))
        try:
            return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
        finally:
            connection.close()


def _scores(trial: FrozenTrial) -> Any:
    """What volopt keeps as system attributes; artifacts have ids of their own, and grids are as the sampler likes."""
    return {key: value for key, value in trial.system_attrs.items() if key.startswith("volopt:")}


def _dialect(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
