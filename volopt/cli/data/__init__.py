"""``volopt data``: one file a subcommand."""

from volopt.cli.lazy import LazyGroup

command = LazyGroup(
    package="volopt.cli.data",
    summaries={
        "sample": "Write the synthetic sample as a qlib provider.",
        "check": "Show what a data directory holds and what is wrong with it.",
    },
    name="data",
    help="Make and check data directories.",
)
