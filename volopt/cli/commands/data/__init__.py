"""Define ``volopt data``; each subcommand has its own file."""

from volopt.cli.lazy import LazyGroup

command = LazyGroup(
    package="volopt.cli.commands.data",
    summaries={
        "download": "Download qlib's official data, or another zip, and check it.",
        "import": "Import a vendor's daily files into a qlib provider.",
        "sample": "Write the synthetic sample as a qlib provider.",
        "check": "Show the content and the problems of a data directory.",
        "plot": "Draw volume against close, as in figure 3 of the paper.",
    },
    name="data",
    help="Get, import, make, check and draw data directories.",
)
