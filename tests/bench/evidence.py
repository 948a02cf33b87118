"""Check how far the evidence can be relied on that volopt gives for its own choices.

    python tests/bench/evidence.py importance DATA [--storage URL] [--studies N] [--searches N]
    python tests/bench/evidence.py halves DATA [--storage URL]
    python tests/bench/evidence.py best [--studies N]

DATA is a qlib provider with SH600000. `importance` runs the grids of the study `grid` for a few epochs and seeds, to
measure how the seeds scatter at each point. It then simulates studies with this scatter and known importances, and
counts how often the 95 % intervals hold the truth. `halves` runs the same grids with 10 seeds (about 40 CPU minutes)
and compares the importances of the seeds 0 to 4 with those of 5 to 9. Both resume what STORAGE holds. `best` simulates
studies whose best trial is known, and checks what `volopt best` says of them.

The random numbers of the simulations begin at --random; the intervals were calibrated with numbers below 1000.
"""

import argparse
import tempfile

import optuna
from evidence_best import best
from evidence_importance import halves, importance

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command, seeds in ((importance, 6), (halves, 10)):
        sub = commands.add_parser(command.__name__, help=command.__doc__)
        sub.add_argument("data", metavar="DATA")
        sub.add_argument("--storage", metavar="URL")
        sub.add_argument("--seeds", type=int, default=seeds)
        sub.set_defaults(command=command)
        if command is importance:
            sub.add_argument("--epochs", type=int, default=10)
            sub.add_argument("--studies", type=int, default=100, help="simulated grids of each case")
            sub.add_argument("--searches", type=int, default=100, help="simulated searches of each case, 5 s each")
            sub.add_argument("--random", type=int, default=1000, help="the first random number")
        else:
            sub.add_argument("--epochs", dest="more", type=lambda n: ["--epochs", n], default=[])
    sub = commands.add_parser("best", help=best.__doc__)
    sub.add_argument("--studies", type=int, default=100, help="simulated studies of each row")
    sub.add_argument("--random", type=int, default=1000, help="the first random number")
    sub.set_defaults(command=best, storage="")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        arguments.command(arguments, arguments.storage or f"sqlite:///{folder}/evidence.db")
