"""How the numbers were made, and how to make them again."""

import shlex
from collections.abc import Iterator

from volopt.figures.study_view import StudyView
from volopt.report.blocks import Block, FactsBlock, SourceBlock, TableBlock, TextBlock
from volopt.report.commands import Command, best_alone, resume, storage_url
from volopt.studies import study as studies
from volopt.studies.best_trial import best_baseline


def best(subject: StudyView) -> Iterator[Block]:
    """Return the parameters of the best trial, and a study file and the command that give its numbers again."""
    if not subject.complete:
        yield TextBlock("No trial is COMPLETE yet, so that none is the best.")
        return
    trial = subject.complete[0]
    metric = subject.definition.objective.metric
    yield TextBlock(
        f"Trial {trial.number} has the best {metric}. The valid split chose it, and therefore flatters it; test chose "
        "nothing."
    )
    yield FactsBlock({metric: trial.value, **subject.values(trial)})
    yield from _command(
        best_alone(subject), "This trains it alone, or takes the fits that are kept, to the same numbers:"
    )


def record(subject: StudyView) -> Iterator[Block]:
    """Return what ran the study: versions, machine, settings, and the study file's text."""
    runs = studies.runs(subject.study)
    if not runs:
        yield TextBlock("No run is recorded yet.")
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
    yield TableBlock("Runs whose settings differ from those of the run before", columns, rows)
    yield FactsBlock(runs[-1].get("versions", {}))
    yield SourceBlock(runs[-1].get("study_file", ""), "The study file of the last run")


def further(subject: StudyView) -> Iterator[Block]:
    """Return the commands that go on with the study and look further."""
    yield from _command(resume(subject), "This goes on where the study stands, or finds it finished:")
    name = shlex.quote(subject.name)
    commands = [f"export VOLOPT_STORAGE={shlex.quote(url)}"] if (url := storage_url(subject)) else []
    commands += [f"volopt trials {name}", "volopt dashboard", f"volopt plot {name} all", f"volopt export {name}"]
    baseline = best_baseline(subject.baselines)
    if subject.complete and baseline:
        commands.append(f"volopt compare {name} best {baseline}")
    yield TextBlock("And these look further:")
    yield SourceBlock("\n".join([*commands, f"volopt findings {name}"]))


def _command(command: Command, words_before: str) -> Iterator[Block]:
    yield TextBlock(words_before)
    yield SourceBlock(command.line)
    if command.file:
        yield SourceBlock(command.text, f"Save this as {command.file}")
    else:
        yield TextBlock("Its study file stands in the run record.")
