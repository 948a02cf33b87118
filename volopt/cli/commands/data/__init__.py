"""``volopt data``: one file a subcommand."""

from volopt.cli.lazy import LazyGroup

command = LazyGroup(
    package="volopt.cli.commands.data",
    summaries={
        "download": "Load qlib's official data, or another zip, and check it.",
        "import": "Import a vendor's daily files into a qlib provider.",
        "sample": "Write the synthetic sample as a qlib provider.",
        "check": "Show what a data directory holds and what is wrong with it.",
        "plot": "Draw volume against close, as the paper's figure 3.",
    },
    name="data",
    help="Get, import, make, check and draw data directories.",
)
