"""``volopt run``: create or resume a study."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from volopt.cli import options
from volopt.cli.codes import INTERRUPTED
from volopt.cli.output import SYNTHETIC, print_json, print_table

if TYPE_CHECKING:
    import optuna

    from volopt.dashboard.illustrate import Pictures
    from volopt.search.job import Job
    from volopt.studies.best_trial import BestTrial
    from volopt.studies.breadth import InstrumentsBeaten
    from volopt.studies.failures import Failures

BEST = 10  # trials in the table at the end


def _number(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Refuse what is no number, and would be a timeout that never comes."""
    if value is not None and math.isnan(value):
        raise click.BadParameter(f"{value} is no number", context, option)
    return value


@click.command("run", epilog="Example: volopt run grid --data ~/.qlib/qlib_data/cn_data --seeds 5")
@click.argument("study")
@click.option("--phase", "phases", multiple=True, metavar="NAME", help="Run only this phase; may be given again.")
@click.option("--seeds", type=click.IntRange(min=1), help="Replicates of each trial.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of each fit.")
@click.option("--trials", type=click.IntRange(min=1), help="Trials of each phase that is no grid, in all.")
@click.option("--name", help="Run it as a study of this name.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    envvar="VOLOPT_WORKERS",
    show_envvar=True,
    help="Processes that train; one a core.",
)
@click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    envvar="VOLOPT_SCHEDULER",
    show_envvar=True,
    help="Train on the workers of this Dask cluster.",
)
@click.option("--device", envvar="VOLOPT_DEVICE", show_envvar=True, default="auto", help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--precision",
    type=click.Choice(["highest", "medium"]),
    default="highest",
    help="medium multiplies matrices in bfloat16 where the processor can and that is faster: other last digits.",
)
@click.option(
    "--pack",
    metavar="N|auto",
    help="Train up to N fits together as one batched network, without workers: other last digits. auto, the default on "
    "a GPU, packs where that is faster; 1 never does.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    callback=_number,
    metavar="SECONDS",
    help="Ask for no new trial after this time.",
)
@click.option(
    "--pictures",
    type=click.Choice(["all", "budget", "none"]),
    default="budget",
    show_default=True,
    help="Of trials and study, for the dashboard; budget draws while they take under 3 % of the time, best ones first.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say what is being done.")
@click.option("--dry-run", is_flag=True, help="Show points, fits and estimated time; train nothing.")
@options.data
@options.storage
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where curves, pictures and fits of a server's database go; else storage/artifacts. Stored with the study.",
)
@options.as_json
def command(
    study: str,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    timeout: float | None,
    data: Path | None,
    pictures: "Pictures",
    **said: Any,
) -> int:
    """Create or resume the study of STUDY, a path or the name of a shipped study file."""
    from volopt.cli.logs import tell
    from volopt.cli.progress import RunProgress
    from volopt.dashboard.illustrate import Illustrations, PictureBudget
    from volopt.search.job import RunOptions, prepare_job
    from volopt.search.run import planned, run

    job = prepare_job(study, RunOptions(data=data, timeout=math.inf if timeout is None else timeout, **said))
    if not as_json:
        _print_data(job)
    if dry_run:
        _print_plan(job, planned(job), as_json)
        return 0
    budget, ends = PictureBudget(pictures), list["_RunSummary"]()
    try:
        with RunProgress(job.definition) as progress:
            tell(progress.console, verbose=verbose)
            facts = run(
                job,
                progress,
                illustrate=lambda study, artifacts: Illustrations(study, artifacts, job.definition, budget),
                conclude=lambda study: ends.append(_end(study, job)),
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted. What is finished is kept; this goes on from there:\n  {job.command}", err=True)
        return INTERRUPTED
    if as_json:
        print_json(facts)
    else:
        _print_end(job, facts, ends[0])
    return 0 if facts["complete"] else 1


def _print_data(job: "Job") -> None:
    from volopt.cli.data_lines import data_lines

    if job.panel.source.synthetic:
        click.echo(SYNTHETIC)
    click.echo(f"Study {job.definition.name}: {job.definition.title}")
    click.echo(f"Data {job.panel.source.provider}, read by {job.panel.source.reader}")
    click.echo("\n".join(data_lines(job)))


def _print_plan(job: "Job", plans: list[Any], as_json: bool) -> None:
    seconds = sum(each.seconds for each in plans)
    if as_json:
        facts = {
            "study": job.definition.name,
            "phases": [each._asdict() for each in plans],
            "cpu_seconds": seconds,
        }
        print_json(facts | {"synthetic": job.panel.source.synthetic, "workers": job.workers})
        return
    rows = [(p.name, p.sampler, f"{p.done}/{p.total}", p.fits, f"{p.seconds / 60:.1f} min") for p in plans]
    print_table(["phase", "sampler", "trials", "fits to train", "CPU time, estimated"], rows)
    click.echo(f"About {seconds / job.workers / 60:.1f} min with {job.workers} workers. Nothing was trained.")


class _RunSummary(NamedTuple):
    """How a study stands when its run is over."""

    summary: dict[str, Any]
    best: list[dict[str, Any]]  # trials, the best first
    standing: "BestTrial | None"
    breadth: "InstrumentsBeaten | None"  # of the best trial of a panel
    failures: "Failures"


def _end(study: "optuna.Study", job: "Job") -> _RunSummary:
    from volopt.studies.best_trial import standing
    from volopt.studies.failures import failures
    from volopt.studies.listing import summary, trials

    definition, against = job.definition, standing(study)
    lower_first = definition.objective.direction == "minimize"
    complete = [trial for trial in trials(study, definition) if trial["state"] == "COMPLETE"]
    ranked = sorted(complete, key=lambda trial: trial["value"] if lower_first else -trial["value"])
    broad = _breadth(study, job, against) if against and definition.data.is_panel else None
    return _RunSummary(summary(study, definition), ranked[:BEST], against, broad, failures(study))


def _breadth(study: "optuna.Study", job: "Job", against: "BestTrial") -> "InstrumentsBeaten | None":
    from volopt.storage.artifacts import Artifacts
    from volopt.studies.breadth import breadth
    from volopt.studies.trial_file import read

    left = read(study, study.best_trial, Artifacts(job.artifacts))
    return breadth(left, against.baseline) if left else None


def _print_end(job: "Job", facts: dict[str, Any], end: _RunSummary) -> None:
    from volopt.cli.trial_table import print_trials

    told, against = end.summary, end.standing
    print_table(
        ["phase", "sampler", "trials"], [(p["name"], p["sampler"], f"{p['done']}/{p['total']}") for p in told["phases"]]
    )
    if end.best:
        metric = job.definition.objective.metric
        print_trials(end.best, told["baselines"], metric, "\nBest trials, by the valid split, and baselines")
        click.echo("")
    if against is not None:
        click.echo("\n".join(against.sentences()))
    if against is not None and end.breadth is not None:
        click.echo(end.breadth.sentence(against.trial))
    count = f"{facts['complete']} complete, {facts['pruned']} pruned, {facts['failed']} failed"
    click.echo(f"\n{count}; {facts['new_trials']} new in {facts['seconds']:.0f} s.")
    _print_failures(end.failures, facts["complete"])
    if job.panel.source.synthetic:
        click.echo(SYNTHETIC)
    name, storage = job.definition.name, job.options.storage
    where = "" if storage == options.DEFAULT_STORAGE else f" --storage {job.where.shown}"
    commands = [f"volopt trials {name}{where}", f"volopt findings{where}"]
    if against is not None:
        commands.append(f"volopt compare {name} best {against.baseline}{where}")
    commands += [f"volopt report {name}{where}", f"volopt dashboard{where}"]
    if job.definition.data.files is None:
        commands.append(f"volopt refit {name} --out {name}-forecaster{where}")
    click.echo("Next: " + "\n      ".join(commands if facts["complete"] else commands[:1]))


def _print_failures(found: "Failures", complete: int) -> None:
    for sentence in found.sentences():
        click.echo(sentence)
    if complete:
        return
    if found.own:
        click.echo(
            "No trial is COMPLETE. Change what failed in the study file, such as a high learning rate or a network too "
            "large, and run it under a new --name; or raise retries there, and the same command tries again."
        )
    else:
        click.echo("No trial is COMPLETE yet: the same command goes on, with a longer --timeout or without one.")
