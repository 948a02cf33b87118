"""Say how the numbers were made, and how to make them again."""

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from volopt.definition.load import dump, restore, study_file
from volopt.definition.schema import Definition
from volopt.figures.study_view import StudyView
from volopt.report.blocks import Block, FactsBlock, SourceBlock, TableBlock, TextBlock
from volopt.studies import study as studies
from volopt.studies.best_trial import best_baseline


class Command(NamedTuple):
    """Hold a command, and the study file that it reads."""

    line: str
    file: str = ""  # the name to save the file under; empty if the run record has the file
    text: str = ""


def best(view: StudyView) -> Iterator[Block]:
    """Return the best trial's parameters, and a study file and a command that reproduce its numbers."""
    if not view.complete:
        yield TextBlock("No trial is COMPLETE yet, so there is no best trial.")
        return
    trial = view.complete[0]
    yield TextBlock(
        f"Trial {trial.number} has the best {view.metric}. It was selected on the valid split, so its valid scores are "
        "optimistic; the test split was not used for selection."
    )
    yield FactsBlock({view.metric: trial.value, **view.values(trial)})
    yield from _command(
        "Train this configuration alone, to the same numbers (stored fits are reused):", best_alone(view)
    )


def record(view: StudyView) -> Iterator[Block]:
    """Return what ran the study: versions, machine, settings, and the study file's text."""
    runs = studies.runs(view.study)
    if not runs:
        yield TextBlock("No run is recorded yet.")
        return
    columns = ("started", "device", "precision", "workers", "machine", "reader", "git commit")
    rows = [
        (r.started, r.device, r.precision, r.workers, r.machine, r.data.reader, (r.git_commit or "–")[:12])
        for r in runs
    ]
    yield TableBlock("Runs whose settings differ from those of the run before", columns, rows)
    yield FactsBlock(runs[-1].versions)
    yield SourceBlock(runs[-1].study_file, "The study file of the last run")


def next_steps(view: StudyView) -> Iterator[Block]:
    """Return the commands that resume the study and explore it."""
    yield from _command("Resume the study:", resume(view))
    name = shlex.quote(view.name)
    commands = [f"export VOLOPT_STORAGE={shlex.quote(url)}"] if (url := studies.storage_url(view.study)) else []
    commands += [
        f"volopt trials {name}",
        f"volopt best {name}",
        "volopt dashboard",
        f"volopt plot {name} all",
        f"volopt export {name}",
    ]
    baseline = best_baseline(view.baselines)
    if view.complete and baseline:
        commands.append(f"volopt compare {name} likely {baseline}")
    yield TextBlock("Explore it:")
    yield SourceBlock("\n".join([*commands, f"volopt findings {name}"]))


def resume(view: StudyView) -> Command:
    """Return the command that resumes the study."""
    command = studies.resume_command(view.study)
    return _run_command(view, view.name, view.definition) if command is None else Command(command)


def best_alone(view: StudyView) -> Command:
    """Return the command that trains the best configuration alone, to the same numbers.

    Its study has a grid of one point. ``[space]`` stays: its largest window determines the days that trials learn from.
    """
    best, name = view.complete[0], f"{view.name}-best"[-100:]
    grid = {key: [value] for key, value in best.params.items()}
    raw = dump(view.definition) | {"name": name, "title": f"Trial {best.number} of {view.name}"}
    definition = restore(raw | {"phase": [{"name": "best", "sampler": "grid", "grid": grid}]})
    return _run_command(view, name, definition)


def _command(introduction: str, command: Command) -> Iterator[Block]:
    yield TextBlock(introduction)
    yield SourceBlock(command.line)
    if command.file:
        yield SourceBlock(command.text, f"Save this as {command.file}")
    else:
        yield TextBlock("The run record has its study file.")


def _run_command(view: StudyView, name: str, definition: Definition) -> Command:
    options = {"data": studies.data_of(view.study).provider, "storage": studies.storage_url(view.study)}
    for record in studies.runs(view.study)[-1:]:  # these options change results by rounding
        options |= {name: getattr(record, name) for name in ("device", "precision", "pack")}
    arguments = [f"--{option}={value}" for option, value in options.items() if value]
    file = f"{name}.toml"
    return Command(shlex.join(["volopt", "run", file, *arguments]), file, study_file(definition))
