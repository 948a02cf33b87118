"""Create or resume a study."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from volopt.api import arguments
from volopt.api.arguments import AnyPath, Names
from volopt.api.notices import warn, warn_if_synthetic
from volopt.api.study import Study

if TYPE_CHECKING:
    from volopt.dashboard.illustrate import Pictures
    from volopt.search.callbacks import Callback
    from volopt.search.job import Job
    from volopt.search.summary import RunSummary

PICTURES = ("all", "budget", "none")


def run(
    study: AnyPath,
    *,
    phase: Names = (),
    seeds: int | None = None,
    epochs: int | None = None,
    trials: int | None = None,
    name: str | None = None,
    quick: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str | None = None,
    precision: str = "highest",
    pack: int | str | None = None,
    timeout: float | None = None,
    pictures: "Pictures" = "budget",
    data: AnyPath | None = None,
    storage: str | None = None,
    artifacts: AnyPath | None = None,
    progress: "bool | Callback" = True,
) -> Study:
    """Create or resume a study, and return it; the arguments are the options of ``volopt run``.

    An interrupt keeps what is finished, and the same call resumes the study. It warns if the data are synthetic and if
    trials failed.

    Args:
        study: a path, or the name of a shipped study file.
        phase: run only this phase, or these.
        seeds: fits of each trial, with different seeds.
        epochs: of each fit.
        trials: total trials of each phase that is not a grid.
        name: run it as a study of this name.
        quick: whether to take a first look: one seed and few epochs, in a study of its own, STUDY-quick.
        workers: processes that train; None for one a core.
        scheduler: address of a Dask cluster that trains.
        device: auto, cpu, cuda or cuda:N.
        precision: highest or medium.
        pack: fits to train together, or "auto"; None for 1.
        timeout: seconds after which no trial begins.
        pictures: all, budget or none; for the dashboard.
        data: the data directory; None for qlib's default, or a synthetic sample where that does not exist.
        storage: URL of the database.
        artifacts: where a server's database keeps curves, pictures and fits.
        progress: whether to print a line for each trial, or a ``Callback`` that shows the progress itself.

    Raises:
        VoloptError: an argument, the study file, the data or the storage is wrong.
        KeyboardInterrupt: the user interrupted it.
    """
    from volopt.api.progress import PrintedTrials
    from volopt.search.callbacks import Callback
    from volopt.search.data_lines import data_lines, source_line
    from volopt.search.job import RunOptions, prepare_job

    options = RunOptions(
        arguments.storage_url(storage),
        artifacts=arguments.optional_path(artifacts),
        data=arguments.data_directory(data),
        name=name,
        phases=arguments.texts(phase),
        epochs=arguments.count("epochs", epochs),
        seeds=arguments.count("seeds", seeds),
        trials=arguments.count("trials", trials),
        quick=quick,
        workers=arguments.workers_count(workers),
        scheduler=arguments.setting("scheduler", scheduler),
        device=arguments.device_name(device),
        precision=arguments.choice("precision", precision, arguments.PRECISIONS),
        pack=None if pack is None else str(pack),
        timeout=arguments.seconds("timeout", timeout),
        pictures=arguments.choice("pictures", pictures, PICTURES),
    )
    job = prepare_job(str(study), options)
    callbacks = [progress] if isinstance(progress, Callback) else []
    if progress is True:
        print(source_line(job), *data_lines(job), sep="\n", flush=True)
        callbacks = [PrintedTrials(job)]
    _, summary = run_job(job, callbacks, owns_process=False)
    warn_if_synthetic(job.panel.source.synthetic)
    warn(summary.failures.sentences())
    return Study(job.definition.name, options.storage)


def run_job(job: "Job", callbacks: "Sequence[Callback]", *, owns_process: bool) -> "tuple[dict[str, Any], RunSummary]":
    """Run a job with its pictures, and return its facts and the summary of its study.

    Args:
        job: from ``prepare_job``.
        callbacks: show the progress.
        owns_process: whether a second Ctrl-C may end the process.

    Raises:
        VoloptError: the storage cannot be used, or the study is another's or held by another process.
    """
    from volopt.dashboard.illustrate import Illustrations, PictureBudget
    from volopt.search import run as search_run
    from volopt.search.summary import RunSummary

    summary = RunSummary(job)
    illustrations = Illustrations(job.definition, PictureBudget(job.options.pictures))
    facts = search_run.run(job, [*callbacks, illustrations, summary], owns_process=owns_process)
    return facts, summary
