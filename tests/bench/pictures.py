"""Measure the share of a run that pictures take, and how many trials get one.

    python tests/bench/pictures.py [STUDY] [--data DIR] [--trials N]

Runs a study (default: grid) in a temporary directory as ``volopt run`` does, and prints the seconds of its pictures and
figures, and of the whole run. The goal is under 3 %.
"""

import argparse
import tempfile
from pathlib import Path

from optuna.artifacts import get_all_artifact_meta

from volopt.dashboard.illustrate import MAX_SHARE, Illustrations, PictureBudget
from volopt.search.job import RunOptions, prepare_job
from volopt.search.run import run
from volopt.storage.artifacts import PICTURE
from volopt.storage.database.connect import connect
from volopt.studies.study import find


def main() -> None:
    """Run, and print the share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", default="grid")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--trials", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        storage = f"sqlite:///{directory}/volopt.db"
        job = prepare_job(arguments.study, RunOptions(storage, data=arguments.data, trials=arguments.trials))
        budget = PictureBudget("budget")
        facts = run(job, [Illustrations(job.definition, budget)])
        opened = connect(storage)
        study, _ = find(opened, job.definition.name)
        metas = [get_all_artifact_meta(trial, storage=opened) for trial in study.trials]
        drawn = sum(any(meta.filename == PICTURE for meta in files) for files in metas)
    share = budget.spent / facts["seconds"]
    print(f"{budget.spent:.1f} s of {facts['seconds']:.1f} s are pictures: {share:.1%} (goal {MAX_SHARE:.0%})")
    print(f"{drawn} of {len(metas)} trials have a picture")


if __name__ == "__main__":
    main()
