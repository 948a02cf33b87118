"""Amend optuna-dashboard's JSON about a study, so that it is fast with thousands of trials and shows volopt's notes.

By itself optuna-dashboard goes through all notes of a study for each trial that it lists: 8 seconds for 2,000 trials.
So it reads a database without notes, and this module adds them to its response. For each trial the browser would draw a
line of intermediate values, half a minute for 2,000. So a long study has no such plot.

A trial without a stored note gets one here. Each note shows the trial's picture. That picture, and the study's figures,
are drawn on demand if no run has drawn them. The response leaves out the attributes that hold volopt's study file and
records, since long texts would stretch the page; the study's note summarises them.
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

from volopt.dashboard.notes import trial_note
from volopt.dashboard.responses import call_app
from volopt.dashboard.study_figures import FiguresOnDemand
from volopt.definition.schema import Definition
from volopt.errors import VoloptError
from volopt.figures.kinds import card_order, is_card
from volopt.optuna_internals import study_id
from volopt.storage.artifacts import PICTURE
from volopt.storage.database.trial_cache import TrialCache
from volopt.storage.notes import VERSION
from volopt.studies.attributes import PREFIX
from volopt.studies.listing import trials
from volopt.studies.study import find, names
from volopt.studies.validated_study import DAMAGED, reading

if TYPE_CHECKING:
    from volopt.optuna_internals import FrozenStudy

STUDY_PATH = re.compile(r"/api/studies/(\d+)/?")
STUDIES_PATH = "/api/studies"
NOTE_KEY = re.compile(r"dashboard:(\d+):note_(?:ver|str:(\d+))")
FINISHED_STATES = ("Complete", "Pruned", "Fail")
MAX_LINES = 300  # of intermediate values in a study's plot

Json = dict[str, Any]


class StudyListCache(TrialCache):
    """Keep the finished trials of a database in memory, and list its studies without the notes of trials."""

    def get_all_studies(self) -> "list[FrozenStudy]":
        """Return the studies."""
        studies = super().get_all_studies()
        for study in studies:
            study.system_attrs = {
                key: value for key, value in study.system_attrs.items() if not NOTE_KEY.fullmatch(key)
            }
        return studies

    def read_ahead(self) -> None:
        """Read all trials into memory, so that the first page need not wait for them."""
        with suppress(*DAMAGED):  # or deleted in between; the request for it reports the error
            for study in self.get_all_studies():
                self.get_all_trials(study_id(study), deepcopy=False)


def amend_study_api(app: WSGIApplication, storage: BaseStorage, figures: FiguresOnDemand) -> WSGIApplication:
    """Return optuna-dashboard's app over a ``StudyListCache``, with amended responses about studies."""

    def amended(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match = STUDY_PATH.fullmatch(environ["PATH_INFO"])
        if match or environ["PATH_INFO"] == STUDIES_PATH:
            _check_readable(storage, int(match[1]) if match else None)
        if not match or environ["REQUEST_METHOD"] != "GET":
            return app(environ, start_response)
        status, headers, body = call_app(app, environ)
        if status.startswith("200 "):
            study, study_id = json.loads(body), int(match[1])
            _add_notes(study, _stored_notes(storage.get_study_system_attrs(study_id)), storage)
            stored = any(is_card(graph["id"]) for graph in study["plotly_graph_objects"])
            if not stored and study["name"] in names(storage):
                study["plotly_graph_objects"] += figures.graphs(study["name"], study_id)
            study["plotly_graph_objects"].sort(key=lambda graph: card_order(graph["id"]))  # they come in any order
            study["has_intermediate_values"] &= len(storage.get_all_trials(study_id, deepcopy=False)) <= MAX_LINES
            body = json.dumps(study).encode()
            headers = [(name, value) for name, value in headers if name != "Content-Length"]
        start_response(status, headers)
        return [body]

    return amended


def _check_readable(storage: BaseStorage, study_id: int | None) -> None:
    """Raise an error if a study, or the list of studies, cannot be read; optuna-dashboard reports a missing study."""
    names(storage)
    if study_id is None:
        return
    with suppress(KeyError):
        name = storage.get_study_name_from_id(study_id)
        with reading(storage, name):
            storage.get_all_trials(study_id, deepcopy=False)


def _add_notes(study: Json, stored: Mapping[int, Json], storage: BaseStorage) -> None:
    """Add notes with pictures to the trials, and leave out volopt's attributes."""
    study["user_attrs"] = [attribute for attribute in study["user_attrs"] if not attribute["key"].startswith(PREFIX)]
    write = _note_writer(study["name"], storage) if study["name"] in names(storage) else None
    for trial in (*study["trials"], *study["best_trials"]):
        note = stored.get(trial["trial_id"], trial["note"])
        if write and note["version"] <= VERSION and trial["state"] in FINISHED_STATES:
            body = note["body"] or write(trial["number"])
            note = note | {"body": f"{body}\n\n{_picture(study['name'], trial)}".strip()}
        trial["note"] = note


def _note_writer(name: str, storage: BaseStorage) -> Callable[[int], str]:
    """Return a function that writes the note of a finished trial; its first call reads the study."""

    @cache
    def rows() -> tuple[list[Json], Definition] | None:
        try:
            study, definition = find(storage, name)
            return trials(study, definition), definition
        except VoloptError:  # the study is damaged; optuna-dashboard shows what it can
            return None

    def write(number: int) -> str:
        readable = rows()
        return trial_note(readable[0][number], readable[1]) if readable and number < len(readable[0]) else ""

    return write


def _picture(name: str, trial: Json) -> str:
    """Return the image of a trial in markdown: the stored one, or else one that is drawn on demand."""
    if trial["state"] == "Fail":
        return ""
    stored = [artifact["artifact_id"] for artifact in trial["artifacts"] if artifact["filename"] == PICTURE]
    if stored:
        return f"![Trial {trial['number']}](/artifacts/{trial['study_id']}/{trial['trial_id']}/{stored[0]})"
    return f"![Trial {trial['number']}](/pictures/{name}/{trial['number']}.png)"


def _stored_notes(attributes: Mapping[str, Any]) -> dict[int, Json]:
    """Return notes by the id of their trial, from the attributes of a study, which store them in parts."""
    parts: dict[int, dict[int, str]] = defaultdict(dict)
    versions: dict[int, int] = {}
    for key, value in attributes.items():
        if match := NOTE_KEY.fullmatch(key):
            trial, part = match.groups()
            if part and isinstance(value, str):
                parts[int(trial)][int(part)] = value
            elif not part and isinstance(value, int):
                versions[int(trial)] = value
    return {
        trial: {"version": version, "body": "".join(parts[trial][part] for part in sorted(parts[trial]))}
        for trial, version in versions.items()
    }
