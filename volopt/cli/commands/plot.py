"""``volopt plot``: draw figures of a study."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli import completion, options
from volopt.cli.figure_files import check_size, figure_options, file_format, warn_if_matplotlib, write
from volopt.cli.output import print_json, say, warn_if_synthetic
from volopt.errors import StudyError, UsageError
from volopt.figures.drawing.files import Format
from volopt.figures.drawing.layout import Size
from volopt.figures.kinds import KINDS, OF_DAYS, OF_TRIALS, check_kind, check_options

if TYPE_CHECKING:
    from volopt.figures.chart import Chart
    from volopt.figures.study_view import StudyView

ALL = "all"
HELP = "\n".join(f"  {name:11} {kind.description}" for name, kind in KINDS.items())


@click.command(
    "plot",
    help=f"Draw figures of the study NAME, one file for each KIND:\n\n\b\n{HELP}\n  {ALL:11} all of these\n\n"
    "Existing files are replaced. If a study has no data for a figure, a sentence says why; the exit code is 1 if no "
    "figure is drawn.",
    epilog="Examples: volopt plot grid importance    volopt plot grid all --format png --out figures",
)
@click.argument("name", shell_complete=completion.studies)
@click.argument("kinds", nargs=-1, required=True, metavar="KIND...", shell_complete=completion.kinds)
@figure_options
@click.option(
    "--out",
    type=options.PATH,
    metavar="PATH",
    help="A file for one kind, a directory for several; default: NAME-KIND.FORMAT, several in NAME-figures.",
)
@click.option(
    "--trial",
    "trials",
    metavar="N|likely|simplest|best",
    shell_complete=completion.trials,
    multiple=True,
    help=f"A trial to show, repeatable; for {OF_TRIALS}. Default: likely (see volopt best).",
)
@click.option("--instrument", metavar="NAME", help=f"Show this one of a panel, not its first; for {OF_DAYS}.")
@options.storage
@options.as_json
def command(
    name: str,
    kinds: tuple[str, ...],
    form: Format | None,
    size: Size,
    out: Path | None,
    trials: tuple[str, ...],
    instrument: str | None,
    storage: str,
    as_json: bool,
) -> None:
    """Draw figures of a study."""
    from volopt.figures.shown_trials import trial_numbers

    wanted = _kinds(kinds, trials, instrument)
    paths, file_form = _paths(name, wanted, out, form, one=len(kinds) == 1 and kinds[0] != ALL)
    check_size(file_form, size)
    view = options.open_study(storage, name)
    charts, nothing = _charts(view, wanted, trial_numbers(view, trials), instrument)
    drawn_by = write({paths[kind]: chart for kind, chart in charts.items()}, file_form, size)
    if as_json:
        files = {kind: paths[kind] for kind in charts}
        print_json({"study": name, "files": files, "nothing": nothing, "drawn_by": drawn_by})
        return
    warn_if_synthetic(view.synthetic)
    for kind in charts:
        click.echo(str(paths[kind]))
    for kind, sentence in nothing.items():
        say(f"{kind} is not drawn: {sentence}.", err=True)
    warn_if_matplotlib(drawn_by)


def _kinds(names: Sequence[str], trials: Sequence[str], instrument: str | None) -> list[str]:
    """Return the kinds to draw, each once."""
    for name in names:
        check_kind(name, (*KINDS, ALL))
    wanted = list(KINDS if ALL in names else dict.fromkeys(names))
    check_options(wanted, trials, instrument)
    return wanted


def _paths(
    name: str, kinds: Sequence[str], out: Path | None, form: Format | None, *, one: bool
) -> tuple[dict[str, Path], Format]:
    """Return the file of each kind, and the format of all."""
    if out is not None and not out.is_dir():
        if one:
            return {kinds[0]: out}, file_format(form, out)
        if out.exists():
            raise UsageError(f"{out} is a file, but several figures need a directory", "name another --out")
    suffix = form or "html"
    folder = out or Path("" if one else f"{name}-figures")
    return {kind: folder / f"{name}-{kind}.{suffix}" for kind in kinds}, suffix


def _charts(
    view: "StudyView", kinds: Sequence[str], trials: Sequence[int], instrument: str | None
) -> tuple[dict[str, "Chart"], dict[str, str]]:
    """Return the charts of the kinds, and a sentence for each that has nothing to draw."""
    from volopt.figures.study_view import NothingToPlotError

    charts: dict[str, Chart] = {}
    nothing: dict[str, str] = {}
    hints: list[str] = []
    for kind in kinds:
        try:
            charts[kind] = KINDS[kind].chart(view, trials, instrument)
        except NothingToPlotError as error:
            nothing[kind] = error.message
            hints.append(error.hint)
    if not charts:
        raise StudyError("; ".join(dict.fromkeys(nothing.values())), hints[0])
    return charts, nothing
