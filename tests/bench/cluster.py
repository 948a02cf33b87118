"""What a cluster costs: the same study by two local processes and by two Dask workers on this machine.

    python tests/bench/cluster.py [STUDY] [--data DIR] [--epochs N] [--repeats N]

Each repeat runs a study (loss_curves, unless another is named; 2 seeds) both ways in a temporary directory, the workers
of the cluster having imported everything, those at home not, and prints the median of the ratios of their walls. Before
that it prints how long a task takes that does nothing, there and back with 1 MB.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clusters import cluster, give_back
from volopt.executors.dask.trainer import ClusterTrainer
from volopt.search.callbacks import Callback
from volopt.search.job import RunOptions, prepare_job
from volopt.search.run import run


def seconds(study: str, options: RunOptions) -> float:
    """Run the study, and return its seconds of wall."""
    facts = run(prepare_job(study, options), lambda plans: Callback())
    assert facts["failed"] == 0
    return float(facts["seconds"])


def round_trip(address: str) -> float:
    """Return the milliseconds of a task that takes 1 MB and gives it back, the median of 50."""
    trainer, took = ClusterTrainer(None, address, work=give_back), []
    for _ in range(50):
        began = time.perf_counter()
        trainer.submit(bytes(1_000_000)).result()
        took.append(time.perf_counter() - began)
    trainer.close()
    return 1000 * statistics.median(took)


def main() -> None:
    """Run both ways, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", default="loss_curves")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    said = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as place, cluster(Path(place), workers=2) as two:
        print(f"a task of 1 MB that does nothing: {round_trip(two.address):.1f} ms", flush=True)
        for repeat in range(said.repeats + 1):  # the first one warms up
            found = {}
            for name, trained_by in (("local", {"workers": 2}), ("cluster", {"scheduler": two.address})):
                storage = f"sqlite:///{place}/{name}{repeat}/volopt.db"
                options = RunOptions(storage, data=said.data, epochs=said.epochs, seeds=2, device="cpu", **trained_by)
                found[name] = seconds(said.study, options)
            if repeat:
                print(", ".join(f"{name} {wall:.1f} s" for name, wall in found.items()), flush=True)
                ratios.append(found["cluster"] / found["local"])
    print(f"cluster / local: {statistics.median(ratios):.2f}, median of {len(ratios)}")


if __name__ == "__main__":
    main()
