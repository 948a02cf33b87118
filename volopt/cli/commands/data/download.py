"""``volopt data download``: a data set of qlib, or another zip of one."""

import shlex
from pathlib import Path

import click

from volopt.cli import options
from volopt.cli.codes import INTERRUPTED
from volopt.cli.output import print_json
from volopt.cli.provider_report import facts, print_report

MOST = 10  # instruments and problems to show; official sets have thousands


@click.command("download", epilog="Example: volopt data download --region cn")
@click.argument("directory", type=click.Path(path_type=Path), required=False, metavar="[DIR]")
@click.option("--region", type=click.Choice(["cn", "us"]), default="cn", show_default=True, help="Of the official set.")
@click.option("--url", metavar="URL", help="Another zip: http://, https://, file:// or its path.")
@click.option("--sha256", metavar="HEX", help="What the zip's SHA-256 must be.")
@click.option("--force", is_flag=True, help="Replace the data directory that is there.")
@options.as_json
def command(
    directory: Path | None, region: str, url: str | None, sha256: str | None, force: bool, as_json: bool
) -> int:
    """Load qlib's official daily data, or another zip of a data directory, to DIR, and check it.

    DIR is ~/.qlib/qlib_data/cn_data (or us_data) unless named. It is there whole and checked, or as it was before.
    """
    from volopt.cli.transfer_progress import TransferProgress
    from volopt.data.download.download import download
    from volopt.data.locate import QLIB_HOMES

    place = directory or QLIB_HOMES[region].expanduser()
    try:
        with TransferProgress() as progress:
            arrived = download(place, region, url, sha256, force, progress)
    except KeyboardInterrupt:
        click.echo("Interrupted. Nothing half is left behind.", err=True)
        return INTERRUPTED
    if as_json:
        said = {"url": arrived.url, "bytes": arrived.bytes, "sha256": arrived.sha256}
        counts = {"files": arrived.files, "left_out": arrived.left_out, "replaced": arrived.replaced}
        print_json(said | counts | facts(arrived.report))
        return 0
    print_report(arrived.report, most=MOST)
    click.echo(f"{arrived.bytes / 1e6:.1f} MB from {arrived.url}, SHA-256 {arrived.sha256}")
    if arrived.left_out:
        click.echo(f"{arrived.left_out} other files of the zip were left out: they are no part of a data directory.")
    names = [each.name for each in arrived.report.instruments if each.readable]
    example = "SH600000" if "SH600000" in names else names[0]
    click.echo(f"Next: volopt data plot {shlex.quote(str(place))} {shlex.quote(example)}")
    return 0
