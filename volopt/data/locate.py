"""Which data directory is read when none is named."""

from pathlib import Path

from volopt.data.sample import write_sample

QLIB_HOMES = {region: Path(f"~/.qlib/qlib_data/{region}_data") for region in ("cn", "us")}
QLIB_HOME = QLIB_HOMES["cn"]  # where qlib's own download puts it


def locate(sample: Path) -> Path:
    """Return qlib's usual directory where it is there, else the synthetic sample, written to ``sample`` once."""
    home = QLIB_HOME.expanduser()
    if home.is_dir():
        return home
    if not sample.exists():
        write_sample(sample)
    return sample
