"""``volopt data``: one file a subcommand."""

from volopt.cli.lazy import LazyGroup

command = LazyGroup(
    package="volopt.cli.data",
    summaries={
        "sample": "Write the synthetic sample as a qlib provider.",
        "import": "Import a vendor's daily files into a qlib provider.",
        "check": "Show what a data directory holds and what is wrong with it.",
        "plot": "Draw volume against close, as the paper's figure 3.",
    },
    name="data",
    help="Make, import, check and draw data directories.",
)
