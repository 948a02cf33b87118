"""How the numbers were made, and how to make them again."""

import shlex
from collections.abc import Iterator

from volopt.figures.study_view import Subject
from volopt.report.blocks import Block, Facts, Source, Table, Text
from volopt.report.commands import Command, best_alone, resume, storage_url
from volopt.studies import study as studies
from volopt.studies.best_trial import best_baseline


def best(subject: Subject) -> Iterator[Block]:
    """Return the parameters of the best trial, and a study file and the command that give its numbers again."""
    if not subject.complete:
        yield Text("No trial is COMPLETE yet, so that none is the best.")
        return
    trial = subject.complete[0]
    metric = subject.definition.objective.metric
    yield Text(
        f"Trial {trial.number} has the best {metric}. The valid split chose it, and therefore flatters it; test chose "
        "nothing."
    )
    yield Facts({metric: trial.value, **subject.values(trial)})
    yield from _command(
        best_alone(subject), "This trains it alone, or takes the fits that are kept, to the same numbers:"
    )


def record(subject: Subject) -> Iterator[Block]:
    """Return what ran the study: versions, machine, settings, and the study file's text."""
    runs = studies.runs(subject.study)
    if not runs:
        yield Text("No run is recorded yet.")
        return
    columns = ("started", "device", "precision", "workers", "reader", "git commit", "machine")
    rows = [
        (
            *map(run.get, ("started", "device", "precision", "workers")),
            run.get("data", {}).get("reader"),
            (run.get("git_commit") or "–")[:12],
            run.get("machine"),
        )
        for run in runs
    ]
    yield Table("Runs whose settings differ from those of the run before", columns, rows)
    yield Facts(runs[-1].get("versions", {}))
    yield Source(runs[-1].get("study_file", ""), "The study file of the last run")


def further(subject: Subject) -> Iterator[Block]:
    """Return the commands that go on with the study and look further."""
    yield from _command(resume(subject), "This goes on where the study stands, or finds it finished:")
    name = shlex.quote(subject.name)
    commands = [f"export VOLOPT_STORAGE={shlex.quote(url)}"] if (url := storage_url(subject)) else []
    commands += [f"volopt trials {name}", "volopt dashboard", f"volopt plot {name} all", f"volopt export {name}"]
    baseline = best_baseline(subject.baselines)
    if subject.complete and baseline:
        commands.append(f"volopt compare {name} best {baseline}")
    yield Text("And these look further:")
    yield Source("\n".join([*commands, f"volopt findings {name}"]))


def _command(command: Command, words_before: str) -> Iterator[Block]:
    yield Text(words_before)
    yield Source(command.line)
    if command.file:
        yield Source(command.text, f"Save this as {command.file}")
    else:
        yield Text("Its study file stands in the run record.")
