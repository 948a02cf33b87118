"""Define ``volopt data download``."""

import shlex
from pathlib import Path

import click

from volopt.cli import INTERRUPTED, options
from volopt.cli.data_reports import print_provider, provider_facts
from volopt.cli.output import print_json

MAX_SHOWN = 10  # instruments and problems; official sets have thousands


@click.command("download", epilog="Example: volopt data download --region cn")
@click.argument("directory", type=options.PATH, required=False, metavar="[DIR]")
@click.option(
    "--region", type=click.Choice(["cn", "us"]), default="cn", show_default=True, help="Region of the official set."
)
@click.option("--url", metavar="URL", help="Another zip: http://, https://, file:// or a path.")
@click.option("--sha256", metavar="HEX", help="Expected SHA-256 of the zip.")
@click.option("--force", is_flag=True, help="Replace an existing data directory.")
@options.as_json
def command(
    directory: Path | None, region: str, url: str | None, sha256: str | None, force: bool, as_json: bool
) -> int:
    """Download qlib's official daily data, or another zip of a data directory, to DIR, and check it.

    DIR is ~/.qlib/qlib_data/cn_data (or us_data) by default. The data are installed only after verification; a failure
    leaves the old directory.
    """
    from volopt.cli.transfer_progress import TransferProgress
    from volopt.data.download.download import download
    from volopt.data.sample import QLIB_HOMES

    target = directory or QLIB_HOMES[region].expanduser()
    try:
        with TransferProgress() as progress:
            data = download(target, region, url, sha256, force, progress)
    except KeyboardInterrupt:
        click.echo("Interrupted. No incomplete data are left.", err=True)
        return INTERRUPTED
    if as_json:
        zip_facts = {"url": data.url, "bytes": data.bytes, "sha256": data.sha256}
        counts = {"files": data.files, "left_out": data.left_out, "replaced": data.replaced}
        print_json(zip_facts | counts | provider_facts(data.report))
        return 0
    print_provider(data.report, limit=MAX_SHOWN)
    click.echo(f"{data.bytes / 1e6:.1f} MB from {data.url}, SHA-256 {data.sha256}")
    if data.left_out:
        click.echo(f"{data.left_out} other files of the zip were left out: they are no part of a data directory.")
    names = [report.name for report in data.report.instruments if report.readable]
    example = "SH600000" if "SH600000" in names else names[0]
    click.echo(f"Next: volopt data plot {shlex.quote(str(target))} {shlex.quote(example)}")
    return 0
