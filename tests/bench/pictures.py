"""What share of a run goes into pictures, and how many trials get one.

    python tests/bench/pictures.py [STUDY] [--data DIR] [--trials N]

Runs a study (grid, unless another is named) in a temporary directory as ``volopt run`` does, and prints the seconds
that its pictures and figures took against those of the whole run. The goal is under 3 %.
"""

import argparse
import tempfile
from pathlib import Path

from optuna.artifacts import get_all_artifact_meta

from volopt.dashboard.illustrate import SHARE, Illustrations, PictureBudget
from volopt.search.callbacks import Callback
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
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        storage = f"sqlite:///{directory}/volopt.db"
        job = prepare_job(said.study, RunOptions(storage, data=said.data, trials=said.trials))
        budget = PictureBudget("budget")
        facts = run(job, lambda plans: Callback(), lambda *found: Illustrations(*found, job.definition, budget))
        opened = connect(storage)
        study, _ = find(opened, job.definition.name)
        metas = [get_all_artifact_meta(trial, storage=opened) for trial in study.trials]
        drawn = sum(any(meta.filename == PICTURE for meta in each) for each in metas)
    share = budget.spent / facts["seconds"]
    print(f"{budget.spent:.1f} s of {facts['seconds']:.1f} s went into pictures: {share:.1%} (goal {SHARE:.0%})")
    print(f"{drawn} of {len(metas)} trials have a picture")


if __name__ == "__main__":
    main()
