"""The commands that make a study's numbers again, as a person would type them."""

import shlex
from contextlib import suppress
from typing import NamedTuple

from volopt.definition.load import dump, restore
from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.report.toml import study_file
from volopt.storage.database.retrying import where_of
from volopt.studies import study as studies


class Command(NamedTuple):
    """A command, and the study file that it reads."""

    line: str
    file: str = ""  # the name it is to be saved under; empty where it stands in the run record
    text: str = ""


def storage_url(subject: StudyView) -> str:
    """Return the URL of the storage, or nothing where it is no database."""
    where = where_of(subject.study._storage)
    return "" if where is None else where.shown


def resume(subject: StudyView) -> Command:
    """Return the command that goes on with the study, or finds nothing left to do."""
    recorded = studies.runs(subject.study)[-1:]
    if recorded and _is_one(command := recorded[0].get("command", "")):
        return Command(command)
    file = f"{subject.name}.toml"
    return Command(_run(subject, file), file, study_file(subject.definition))


def best_alone(subject: StudyView) -> Command:
    """Return the command that trains the best configuration alone, to the same numbers."""
    name = f"{subject.name}-best"[-100:]
    return Command(_run(subject, f"{name}.toml"), f"{name}.toml", study_file(_best_definition(subject, name)))


def _best_definition(subject: StudyView, name: str) -> Definition:
    """Return the study with a grid of one point, the best trial's.

    ``[space]`` stays: by its largest window every trial of the study learns from the same days.
    """
    best = subject.complete[0]
    grid = {key: [value] for key, value in best.params.items()}
    raw = dump(subject.definition) | {"name": name, "title": f"Trial {best.number} of {subject.name}"}
    return restore(raw | {"phase": [{"name": "best", "sampler": "grid", "grid": grid}]})


def _run(subject: StudyView, file: str) -> str:
    said = {"data": studies.data_of(subject.study)["provider"], "storage": storage_url(subject)}
    for record in studies.runs(subject.study)[-1:]:  # by these, too, digits differ
        said |= {name: record.get(name, "") for name in ("device", "precision", "pack")}
    return shlex.join(["volopt", "run", file, *(f"--{name}={value}" for name, value in said.items() if value)])


def _is_one(command: str) -> bool:
    """Return whether a text is one ``volopt run`` and nothing else: it may come from a stranger's study."""
    with suppress(ValueError):
        words = shlex.split(command)
        return words[:2] == ["volopt", "run"] and shlex.join(words) == command
    return False
