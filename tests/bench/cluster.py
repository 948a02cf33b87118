"""Compare the same study with two local processes and with two Dask workers on this machine.

    python tests/bench/cluster.py [STUDY] [--data DIR] [--epochs N] [--repeats N]

Each repeat runs a study (default: loss_curves; 2 seeds) both ways in a temporary directory. The cluster's workers have
already imported everything, the local processes have not. The script prints the median of the ratios of wall times, and
before it the round trip of a task that does nothing and carries 1 MB.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clusters import cluster, echo
from volopt.executors.dask.trainer import ClusterTrainer
from volopt.search.job import RunOptions, prepare_job
from volopt.search.run import run


def seconds(study: str, options: RunOptions) -> float:
    """Run the study, and return its wall time in seconds."""
    facts = run(prepare_job(study, options))
    assert facts["failed"] == 0
    return float(facts["seconds"])


def round_trip(address: str) -> float:
    """Return the milliseconds of a task that receives and returns 1 MB, the median of 50."""
    trainer, times = ClusterTrainer(None, address, function=echo), list[float]()
    for _ in range(50):
        start = time.perf_counter()
        trainer.submit(bytes(1_000_000)).result()
        times.append(time.perf_counter() - start)
    trainer.close()
    return 1000 * statistics.median(times)


def main() -> None:
    """Run both ways, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", default="loss_curves")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), workers=2) as two:
        print(f"round trip of an empty task with 1 MB: {round_trip(two.address):.1f} ms", flush=True)
        for repeat in range(arguments.repeats + 1):  # the first is a warm-up
            walls = {}
            for name, executor in (("local", {"workers": 2}), ("cluster", {"scheduler": two.address})):
                storage = f"sqlite:///{folder}/{name}{repeat}/volopt.db"
                options = RunOptions(
                    storage, data=arguments.data, epochs=arguments.epochs, seeds=2, device="cpu", **executor
                )
                walls[name] = seconds(arguments.study, options)
            if repeat:
                print(", ".join(f"{name} {wall:.1f} s" for name, wall in walls.items()), flush=True)
                ratios.append(walls["cluster"] / walls["local"])
    print(f"cluster / local: {statistics.median(ratios):.2f}, median of {len(ratios)}")


if __name__ == "__main__":
    main()
