"""``volopt check``: validate a study file."""

import shlex
from pathlib import Path

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic


@click.command("check", epilog="Example: volopt check my_study.toml --data ~/.qlib/qlib_data/cn_data")
@click.argument("study", shell_complete=completion.study_files)
@options.data
@options.storage
@options.as_json
def command(study: str, data: Path | None, storage: str, as_json: bool) -> None:
    """Validate the study file STUDY against its data, without training."""
    from volopt.definition.load import find
    from volopt.search.data_lines import data_lines
    from volopt.search.job import RunOptions, prepare_job
    from volopt.search.run_clock import duration
    from volopt.studies.ledger import Ledger
    from volopt.windows.dataset import Dataset
    from volopt.windows.periods import count_days

    job = prepare_job(study, RunOptions(storage=storage, data=data, device="cpu"))
    source, window = job.panel.source, job.definition.max_window()
    days, no_log = (count_days(job.dataset, window, count) for count in (Dataset.days, Dataset.days_without_log))
    spans = [(str(first), str(last)) for first, last in job.definition.data.valid or ()]
    periods = [
        {"first": first, "last": last, "train": period.days("train", window), "valid": period.days("valid", window)}
        for (first, last), period in zip(spans, job.dataset.periods, strict=False)  # [published] has no spans
    ]
    plans = job.plans(Ledger(job.definition.training.retries))
    work = {
        "trials": sum(plan.total for plan in plans),
        "fits": sum(plan.fits for plan in plans),
        "cpu_seconds": sum(plan.seconds for plan in plans),
        "workers": job.workers,
    }
    if as_json:
        warnings = [f"{frame.name}: {line}" for frame in job.panel.frames for line in frame.quality.lines()]
        facts = {"study": job.definition.name, "days": days, "days_without_log": no_log, "periods": periods}
        print_json(facts | {"data": vars(source), "warnings": warnings, "left_out": job.left_out} | work)
        return
    warn_if_synthetic(source.synthetic)
    say(f"{find(study).name} is valid. Its data are at {source.provider}.")
    say("\n".join(data_lines(job)))
    say("Days to forecast: " + ", ".join(f"{split} {number}" for split, number in days.items()))
    if len(periods) > 1:
        print_table(list(periods[0]), [tuple(period.values()) for period in periods], "Valid periods")
    if any(no_log.values()):
        left_out = ", ".join(f"{split} {number}" for split, number in no_log.items())
        say(f"Log scores leave out the days whose target is 0 or less: {left_out}")
    say(
        f"A new study has at most {work['trials']} trials, with {work['fits']} fits to train: "
        f"{duration(work['cpu_seconds'] / job.workers)} with {job.workers} workers."
    )
    arguments = f"{shlex.quote(study)}{options.data_argument(data)}{options.storage_argument(storage)}"
    say(f"Next: volopt run {arguments}")
