"""Check that a study that is killed repeatedly loses nothing, repeats nothing and leaves nothing behind.

    python tests/bench/chaos.py [--storage sqlite|postgres|both] [--kills 50] [--seed 0]

The script runs a study of a grid and a TPE phase on the synthetic sample without disturbance. Then it runs the study
under `kill -9` of the driver, of a worker, and of both, at random moments of starting, training and storing; the same
command resumes it after each kill. Kills that remain when a study is done hit the next one, which trains everything
again. The script prints what must hold, and exits with 1 if something does not. PostgreSQL is a temporary local server.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from kills.campaign import Campaign
from kills.evidence import Evidence
from kills.run import undisturbed
from kills.study import GRIDS, NAME, Place, Size
from kills.verdict import table, verdict
from postgres import server

SIZE = Size()


def chaos(folder: Path, data: Path, urls: tuple[str, str], kills: int, seed: int) -> bool:
    """Run the study in two databases, without kills in the first, print the results, and return whether all hold."""
    quiet, killed = (Place(folder / name, url, data, SIZE) for name, url in zip(("quiet", "chaos"), urls, strict=True))
    for location in (quiet, killed):
        location.directory.mkdir(parents=True)
    start = time.monotonic()
    pace = undisturbed(quiet)
    truth = Evidence(quiet.storage).values(NAME, GRIDS)
    print(
        f"without kills: {time.monotonic() - start:.0f} s, the first worker after {pace.start_up:.1f} s\n", flush=True
    )
    start, evidence = time.monotonic(), Evidence(killed.storage)
    tally = Campaign(killed, evidence, kills, seed, pace).run()
    lines = verdict(tally, evidence, truth, SIZE, kills)
    print(table(tally), "", *lines, f"seconds: {time.monotonic() - start:.0f}", "", sep="\n", flush=True)
    return all(line.holds for line in lines)


def main() -> int:
    """Run the check for each storage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    holds = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="volopt-chaos-")))
        data = folder / "sample"
        command = [sys.executable, "-m", "volopt", "data", "sample", str(data)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if arguments.storage != "postgres":
            print("SQLite")
            urls = tuple(f"sqlite:///{folder}/sqlite/{name}/volopt.db" for name in ("quiet", "chaos"))
            holds.append(chaos(folder / "sqlite", data, (urls[0], urls[1]), arguments.kills, arguments.seed))
        if arguments.storage != "sqlite":
            print("PostgreSQL")
            running = stack.enter_context(server())
            urls = (running.database(), running.database())
            holds.append(chaos(folder / "postgres", data, urls, arguments.kills, arguments.seed))
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
