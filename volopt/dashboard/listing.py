"""What optuna-dashboard says of a study and its trials, so that it stays quick with thousands of them.

By itself it goes through all notes of a study for each trial that it lists, 8 seconds for 2,000 trials; so it is shown
a database without them, and they are added to its answer. The browser would draw a line of intermediate values for
each trial, half a minute for 2,000; so a long study has no such plot.

A trial without a note is given one here, and each note shows the trial's picture, drawn when somebody looks where the
run has not drawn it. The attributes in which volopt keeps the study file and its records are left out, long texts that
would stretch the page: the study's note says what they hold.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from optuna.storages import BaseStorage

from volopt.dashboard.answers import whole
from volopt.dashboard.notes import of_trial
from volopt.definition.schema import Definition
from volopt.errors import VoloptError
from volopt.storage.artifacts import PICTURE
from volopt.storage.database.trial_cache import TrialCache
from volopt.storage.notes import VERSION
from volopt.studies.listing import trials
from volopt.studies.study import PREFIX, find, names
from volopt.studies.validated import DAMAGED, reading

if TYPE_CHECKING:
    from optuna.study._frozen import FrozenStudy

STUDY = re.compile(r"/api/studies/(\d+)/?")
STUDIES = "/api/studies"
NOTE = re.compile(r"dashboard:(\d+):note_(?:ver|str:(\d+))")
FINISHED = ("Complete", "Pruned", "Fail")
LINES = 300  # of intermediate values that a study's plot may have

Json = dict[str, Any]


class StudyListCache(TrialCache):
    """A database whose finished trials are kept in memory, and whose studies are listed without the notes of trials."""

    def get_all_studies(self) -> "list[FrozenStudy]":
        """Return the studies."""
        studies = super().get_all_studies()
        for study in studies:
            study.system_attrs = {key: value for key, value in study.system_attrs.items() if not NOTE.fullmatch(key)}
        return studies

    def read_ahead(self) -> None:
        """Read what there is into memory, so that the first page need not wait for it."""
        with suppress(*DAMAGED):  # or deleted in between; who asks for it is told
            for study in self.get_all_studies():
                self.get_all_trials(study._study_id, deepcopy=False)


def listing(app: WSGIApplication, storage: BaseStorage) -> WSGIApplication:
    """Return optuna-dashboard's app over a ``StudyListCache``, with its answers about studies amended."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = STUDY.fullmatch(environ["PATH_INFO"])
        if asked or environ["PATH_INFO"] == STUDIES:
            _check(storage, int(asked[1]) if asked else None)
        if not asked or environ["REQUEST_METHOD"] != "GET":
            return app(environ, start_response)
        status, headers, body = whole(app, environ)
        if status.startswith("200 "):
            study, study_id = json.loads(body), int(asked[1])
            _add_notes(study, _notes(storage.get_study_system_attrs(study_id)), storage)
            study["plotly_graph_objects"].sort(key=lambda graph: graph["id"])  # they come in any order
            study["has_intermediate_values"] &= len(storage.get_all_trials(study_id, deepcopy=False)) <= LINES
            body = json.dumps(study).encode()
            headers = [(name, value) for name, value in headers if name != "Content-Length"]
        start_response(status, headers)
        return [body]

    return answer


def _check(storage: BaseStorage, study_id: int | None) -> None:
    """Say in a sentence what cannot be read, of a study or of all; that one is not there, optuna-dashboard says."""
    names(storage)
    if study_id is None:
        return
    with suppress(KeyError):
        name = storage.get_study_name_from_id(study_id)
        with reading(storage, name):
            storage.get_all_trials(study_id, deepcopy=False)


def _add_notes(study: Json, notes: Mapping[int, Json], storage: BaseStorage) -> None:
    ours = study["name"] in names(storage)
    study["user_attrs"] = [each for each in study["user_attrs"] if not each["key"].startswith(PREFIX)]
    write = _writer(study["name"], storage) if ours else None
    for trial in (*study["trials"], *study["best_trials"]):
        note = notes.get(trial["trial_id"], trial["note"])
        if write and note["version"] <= VERSION and trial["state"] in FINISHED:
            body = note["body"] or write(trial["number"])
            note = note | {"body": f"{body}\n\n{_picture(study['name'], trial)}".strip()}
        trial["note"] = note


def _writer(name: str, storage: BaseStorage) -> Callable[[int], str]:
    """Return a function that writes the note of a finished trial; the study is read when the first one is asked for."""

    @cache
    def rows() -> tuple[list[Json], Definition] | None:
        try:
            study, definition = find(storage, name)
            return trials(study, definition), definition
        except VoloptError:  # it is damaged, and shown as far as optuna-dashboard can
            return None

    def write(number: int) -> str:
        found = rows()
        return of_trial(found[0][number], found[1]) if found and number < len(found[0]) else ""

    return write


def _picture(name: str, trial: Json) -> str:
    """Return the image of a trial: the one among its files, or else one that is drawn when somebody looks."""
    if trial["state"] == "Fail":
        return ""
    stored = [each["artifact_id"] for each in trial["artifacts"] if each["filename"] == PICTURE]
    if stored:
        return f"![Trial {trial['number']}](/artifacts/{trial['study_id']}/{trial['trial_id']}/{stored[0]})"
    return f"![Trial {trial['number']}](/pictures/{name}/{trial['number']}.png)"


def _notes(attributes: Mapping[str, Any]) -> dict[int, Json]:
    """Return notes by the id of their trial, from the attributes of a study, where they are stored in parts."""
    parts: dict[int, dict[int, str]] = defaultdict(dict)
    versions: dict[int, int] = {}
    for key, value in attributes.items():
        if found := NOTE.fullmatch(key):
            if found[2] and isinstance(value, str):
                parts[int(found[1])][int(found[2])] = value
            elif not found[2] and isinstance(value, int):
                versions[int(found[1])] = value
    return {
        trial: {"version": version, "body": "".join(parts[trial][part] for part in sorted(parts[trial]))}
        for trial, version in versions.items()
    }
