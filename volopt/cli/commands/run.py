"""``volopt run``: create or resume a study."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.api.running import PICTURES
from volopt.cli import INTERRUPTED, completion, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic

if TYPE_CHECKING:
    from volopt.search.job import Job
    from volopt.search.plan import PhasePlan
    from volopt.search.summary import RunSummary
    from volopt.studies.failures import Failures


def _check_number(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Refuse "nan", which would be a timeout that never comes."""
    if value is not None and math.isnan(value):
        raise click.BadParameter(f"{value} is not a number", context, option)
    return value


@click.command("run", epilog="Example: volopt run grid --data ~/.qlib/qlib_data/cn_data --seeds 5")
@click.argument("study", shell_complete=completion.study_files)
@click.option("--phase", "phases", multiple=True, metavar="NAME", help="Run only this phase; repeatable.")
@click.option("--seeds", type=options.COUNT, help="Fits of each trial, with different seeds.")
@click.option("--epochs", type=options.COUNT, help="Epochs of each fit.")
@click.option("--trials", type=options.COUNT, help="Total trials of each phase that is not a grid.")
@click.option("--name", help="Run it as a study of this name.")
@click.option(
    "--quick",
    is_flag=True,
    help="Take a first look: one seed and few epochs, in a study of its own, STUDY-quick.",
)
@options.workers
@click.option(
    "--scheduler",
    metavar="tcp://HOST:PORT",
    envvar="VOLOPT_SCHEDULER",
    show_envvar=True,
    help="Train on the workers of this Dask cluster.",
)
@options.device
@options.precision
@click.option(
    "--pack",
    metavar="N|auto",
    help="Train up to N fits together as one batched network, without workers; results differ by rounding. auto packs "
    "where that is faster. Default: 1, no packs.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    callback=_check_number,
    metavar="SECONDS",
    help="Start no new trial, and no new batch of trials, after this time.",
)
@click.option(
    "--pictures",
    type=click.Choice(PICTURES),
    default="budget",
    show_default=True,
    help="Of trials and study, for the dashboard. budget draws the best trials first, in at most 3 % of the time.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print each step.")
@click.option("--dry-run", is_flag=True, help="Show points, fits and estimated time; train nothing.")
@options.data
@options.storage
@click.option(
    "--artifacts",
    type=options.PATH,
    metavar="DIR",
    help="Where a server's database keeps curves, pictures and fits; default: storage/artifacts. The study stores it.",
)
@options.as_json
def command(
    study: str,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    timeout: float | None,
    data: Path | None,
    **others: Any,
) -> int:
    """Create or resume the study of STUDY, a path or the name of a shipped study file."""
    from volopt.api.running import run_job
    from volopt.cli.logs import log_to
    from volopt.cli.run_progress import RunProgress
    from volopt.search.job import RunOptions, prepare_job
    from volopt.search.run import planned

    job = prepare_job(study, RunOptions(data=data, timeout=math.inf if timeout is None else timeout, **others))
    if not as_json:
        _print_data(job)
    if dry_run:
        _print_plans(job, planned(job), as_json)
        return 0
    try:
        with RunProgress(job, f"volopt dashboard{options.storage_argument(job.options.storage)}") as progress:
            log_to(progress.console, verbose=verbose)
            facts, summary = run_job(job, [progress], owns_process=True)
    except KeyboardInterrupt:
        command = job.next_command() + options.storage_argument(job.options.storage)
        say(f"Interrupted. Finished trials are kept; this command resumes the study:\n  {command}", err=True)
        return INTERRUPTED
    if as_json:
        print_json(facts | {"choice": summary.evaluation.choice_facts() if summary.evaluation else None})
    else:
        _print_summary(job, facts, summary)
    return 0 if facts["complete"] else 1


def _print_data(job: "Job") -> None:
    from volopt.search.data_lines import data_lines, source_line

    warn_if_synthetic(job.panel.source.synthetic)
    name, title = job.definition.name, job.definition.title
    say(f"Study {name}: {title}" if title else f"Study {name}")
    say(source_line(job))
    say("\n".join(data_lines(job)))
    if job.packed and not any(task.packed for task in job.tasks({})):
        say(
            "Packs take no static branch, batch norm, minGRU, schedule, clipped gradients or weights: the defaults' "
            "network is trained one by one, whatever --pack says."
        )
    for phase, fits in job.limited_phases():
        say(
            f'The phase "{phase.name}" trains at most {fits} of its fits at a time (batch = {phase.batch}), so '
            f"{job.workers - fits} of {job.workers} workers idle; a larger batch in a new study keeps them busy."
        )


def _print_plans(job: "Job", plans: "list[PhasePlan]", as_json: bool) -> None:
    from volopt.search.run_clock import duration

    seconds = sum(plan.seconds for plan in plans)
    if as_json:
        facts = {"study": job.definition.name, "phases": [plan._asdict() for plan in plans], "cpu_seconds": seconds}
        print_json(facts | {"synthetic": job.panel.source.synthetic, "workers": job.workers})
        return
    rows = [
        (plan.name, plan.sampler, f"{plan.done}/{plan.total}", plan.fits, f"{plan.seconds / 60:.1f} min")
        for plan in plans
    ]
    print_table(["phase", "sampler", "trials", "fits to train", "CPU time, estimated"], rows)
    takes = f"It takes {duration(seconds / job.workers)} with {job.workers} workers"
    say(f"{takes if seconds else 'All of it is done'}. Nothing was trained.")


def _print_summary(job: "Job", facts: dict[str, Any], summary: "RunSummary") -> None:
    from volopt.cli.trial_table import print_trials
    from volopt.selection import sentences
    from volopt.studies.listing import known_sentences

    phases = [(phase["name"], phase["sampler"], f"{phase['done']}/{phase['total']}") for phase in summary.phases]
    print_table(["phase", "sampler", "trials"], phases)
    for sentence in [*known_sentences(summary.phases), *_exhausted(job, facts["exhausted"], summary.phases)]:
        say(sentence)
    if summary.best_trials:
        metric = job.definition.objective.metric
        print_trials(summary.best_trials, summary.baselines, metric, "\nBest trials by the valid split, and baselines")
        say("")
    for sentence in [*summary.sentences, *(sentences.summary(summary.evaluation) if summary.evaluation else ())]:
        say(sentence)
    count = f"{facts['complete']} complete, {facts['pruned']} pruned, {facts['failed']} failed"
    say(f"\n{count}; {facts['new_trials']} new in {facts['seconds']:.0f} s.")
    _print_failures(summary.failures, facts["complete"])
    warn_if_synthetic(job.panel.source.synthetic)
    if job.options.quick:
        training = job.definition.training
        command = job.next_command(whole=True) + options.storage_argument(job.options.storage)
        say(
            f"This was a quick look, with seeds = {training.seeds} and epochs = {training.epochs}. It shows how volopt "
            f"works, and proves nothing yet. This runs the whole study:\n  {command}"
        )
    commands = _next_commands(job, summary)
    say("Next: " + "\n      ".join(commands if facts["complete"] else commands[:1]))


def _exhausted(job: "Job", points: dict[str, int], phases: list[dict[str, Any]]) -> list[str]:
    """Return in plain words which phases ended because the study has all their points."""
    vary = {phase.name: " × ".join(phase.vary) for phase in job.phases}
    return [
        f'The phase "{phase["name"]}" ended after {phase["done"]} of {phase["total"]} trials: all '
        f"{points[phase['name']]} points of {vary[phase['name']]} are known."
        for phase in phases
        if phase["name"] in points
    ]


def _next_commands(job: "Job", summary: "RunSummary") -> list[str]:
    from volopt.claims.lookup import matching_files

    name, option = job.definition.name, options.storage_argument(job.options.storage)
    commands = [f"volopt {words} {name}{option}" for words in ("trials", "best")]
    commands.append(f"volopt plot {name} importance{option}")
    if matching_files(job.definition):
        commands.append(f"volopt findings{option}")
    if summary.best_baseline is not None:
        commands.append(f"volopt compare {name} likely {summary.best_baseline}{option}")
    commands += [f"volopt report {name}{option}", f"volopt dashboard{option}"]
    if job.definition.data.files is None:
        commands.append(f"volopt refit {name} --out {name}-forecaster{option}")
    return commands


def _print_failures(failures: "Failures", complete: int) -> None:
    for sentence in failures.sentences():
        say(sentence)
    if complete:
        return
    if failures.training:
        say(
            "No trial is COMPLETE. Change the cause in the study file, such as a high learning rate or a network that "
            "is too large, and run it with a new --name. Or raise retries there, and the same command tries again."
        )
    else:
        say("No trial is COMPLETE yet. The same command resumes the study, with a longer --timeout or none.")
