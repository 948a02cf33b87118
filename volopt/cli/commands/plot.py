"""``volopt plot``: figures of a study as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli import options
from volopt.cli.figure_files import format_of, tell, write
from volopt.cli.output import SYNTHETIC, print_json
from volopt.errors import StudyError, UsageError, did_you_mean
from volopt.figures.drawing.files import FORMATS, Format
from volopt.figures.kinds import KINDS

if TYPE_CHECKING:
    from volopt.figures.chart import Chart
    from volopt.figures.study_view import StudyView

ALL = "all"
OF_DAYS = " and ".join(name for name, kind in KINDS.items() if kind.of_days)
OF_TRIALS = " and ".join(name for name, kind in KINDS.items() if kind.of_trials)
HELP = "\n".join(f"  {name:11} {kind.shows}" for name, kind in KINDS.items())


@click.command(
    "plot",
    help=f"Draw figures of the study NAME, a file for each KIND:\n\n\b\n{HELP}\n  {ALL:11} each of these\n\n"
    "Files that are there are replaced. Where a study has nothing to show in a figure, a sentence says why; the exit "
    "code is 1 if no figure is drawn.",
    epilog="Examples: volopt plot grid importance    volopt plot grid all --format png --out figures",
)
@click.argument("name")
@click.argument("kinds", nargs=-1, required=True, metavar="KIND...")
@click.option("--format", type=click.Choice(FORMATS), help="Of the files; else as --out ends, else html.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file for one kind, a directory for several; else NAME-KIND.FORMAT.",
)
@click.option(
    "--trial",
    "trials",
    type=click.IntRange(min=0),
    metavar="N",
    multiple=True,
    help=f"A trial to show in place of the best, as often as you like: for {OF_TRIALS}.",
)
@click.option("--instrument", metavar="NAME", help=f"Of a panel, in place of its first: for {OF_DAYS}.")
@options.storage
@options.as_json
def command(
    name: str,
    kinds: tuple[str, ...],
    format: Format | None,
    out: Path | None,
    trials: tuple[int, ...],
    instrument: str | None,
    storage: str,
    as_json: bool,
) -> None:
    """Draw figures of a study."""
    wanted = _kinds(kinds, trials, instrument)
    paths, form = _paths(name, wanted, out, format, one=len(kinds) == 1 and kinds[0] != ALL)

    from volopt.cli.opening import open_storage
    from volopt.figures.study_view import StudyView
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.study import find

    opened = open_storage(storage)
    study, definition = find(opened, name)
    subject = StudyView(study, definition, artifacts_of(opened))
    charts, nothing = _charts(subject, wanted, trials, instrument)
    drawn_by = write({paths[kind]: chart for kind, chart in charts.items()}, form)
    if as_json:
        files = {kind: paths[kind] for kind in charts}
        print_json({"study": name, "files": files, "nothing": nothing, "drawn_by": drawn_by})
        return
    if subject.synthetic:
        click.echo(SYNTHETIC)
    for kind in charts:
        click.echo(str(paths[kind]))
    for kind, sentence in nothing.items():
        click.echo(f"{kind} is not drawn: {sentence}.", err=True)
    tell(drawn_by)


def _kinds(given: Sequence[str], trials: Sequence[int], instrument: str | None) -> list[str]:
    """Return the kinds to draw, each once."""
    known = (*KINDS, ALL)
    for kind in given:
        if kind not in known:
            raise UsageError(f'there is no figure "{kind}"{did_you_mean(kind, known)}', f"there are {', '.join(known)}")
    wanted = list(KINDS if ALL in given else dict.fromkeys(given))
    if trials and not any(KINDS[kind].of_trials for kind in wanted):
        raise UsageError(f"--trial is for {OF_TRIALS}, and {', '.join(wanted)} shows all trials", "leave --trial out")
    if instrument is not None and not any(KINDS[kind].of_days for kind in wanted):
        raise UsageError(
            f"--instrument is for {OF_DAYS}, and {', '.join(wanted)} shows all instruments", "leave --instrument out"
        )
    return wanted


def _paths(
    name: str, kinds: Sequence[str], out: Path | None, format: Format | None, *, one: bool
) -> tuple[dict[str, Path], Format]:
    """Return the file of each kind, and the format of all."""
    if out is not None and not out.is_dir():
        if one:
            return {kinds[0]: out}, format_of(format, out)
        if out.exists():
            raise UsageError(f"{out} is a file, and several figures go to a directory", "name another --out")
    form = format or "html"
    return {kind: (out or Path()) / f"{name}-{kind}.{form}" for kind in kinds}, form


def _charts(
    subject: "StudyView", kinds: Sequence[str], trials: Sequence[int], instrument: str | None
) -> tuple[dict[str, "Chart"], dict[str, str]]:
    """Return the charts of the kinds, and a sentence for each that has nothing to draw."""
    from volopt.figures.study_view import NothingToPlotError

    charts: dict[str, Chart] = {}
    nothing: dict[str, NothingToPlotError] = {}
    for kind in kinds:
        try:
            charts[kind] = KINDS[kind].chart(subject, trials, instrument)
        except NothingToPlotError as error:
            nothing[kind] = error
    if not charts:
        sentences = dict.fromkeys(error.message for error in nothing.values())
        raise StudyError("; ".join(sentences), next(iter(nothing.values())).hint)
    return charts, {kind: error.message for kind, error in nothing.items()}
