"""Does anything get lost, done twice or left behind when a study is killed again and again?

    python tests/bench/chaos.py [--storage sqlite|postgres|both] [--kills 50] [--seed 0]

Runs a study of a grid and a TPE phase on the synthetic sample undisturbed, then under `kill -9` of the driver, of a
worker, and of both, at random moments of starting, training and telling; the same command goes on after each. Kills
that are left when a study is done hit the next one, which has to train everything anew. Prints what must hold, and ends
with 1 where something does not. PostgreSQL is a throw-away server on loopback.
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
    """Run the study in two databases, undisturbed in the first, print what came of it, and return whether all holds."""
    quiet, place = (Place(folder / name, url, data, SIZE) for name, url in zip(("quiet", "chaos"), urls, strict=True))
    for each in (quiet, place):
        each.directory.mkdir(parents=True)
    began = time.monotonic()
    pace = undisturbed(quiet)
    truth = Evidence(quiet.storage).values(NAME, GRIDS)
    print(f"undisturbed: {time.monotonic() - began:.0f} s, the first worker after {pace.start_up:.1f} s\n", flush=True)
    began, found = time.monotonic(), Evidence(place.storage)
    tally = Campaign(place, found, kills, seed, pace).run()
    lines = verdict(tally, found, truth, SIZE, kills)
    print(table(tally), "", *lines, f"seconds: {time.monotonic() - began:.0f}", "", sep="\n", flush=True)
    return all(line.holds for line in lines)


def main() -> int:
    """Do so for each storage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    holds = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="volopt-chaos-")))
        data = folder / "sample"
        command = [sys.executable, "-m", "volopt", "data", "sample", str(data)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if said.storage != "postgres":
            print("SQLite")
            urls = tuple(f"sqlite:///{folder}/sqlite/{name}/volopt.db" for name in ("quiet", "chaos"))
            holds.append(chaos(folder / "sqlite", data, (urls[0], urls[1]), said.kills, said.seed))
        if said.storage != "sqlite":
            print("PostgreSQL")
            running = stack.enter_context(server())
            urls = (running.database(), running.database())
            holds.append(chaos(folder / "postgres", data, urls, said.kills, said.seed))
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
