"""What an import tells a person: what was taken of the files, what was dropped, what is doubtful."""

from collections.abc import Mapping, Sequence

import click

from volopt.cli.output import print_table
from volopt.data.importing.importing import FileReport, ImportedInstrument, ImportReport
from volopt.data.importing.issues import Issue, together
from volopt.definition.plain import plain, shortened

SHOWN = 10  # instruments and columns that are told of one by one


def print_report(report: ImportReport) -> None:
    """Print the report of an import."""
    for line in [*_files(report.files), *_instruments(report.instruments)]:
        click.echo(plain(line))
    if len(report.instruments) > 1:
        _table(report.instruments)
    first, last, days = report.calendar
    click.echo(f"Wrote {report.directory}: now {_count(days, 'day')} from {first} to {last}")
    click.echo(f"Next: volopt data check {report.directory} {report.instruments[0].name}")


def _files(files: Sequence[FileReport]) -> list[str]:
    """What was taken; files that are alike are told of together."""
    alike: dict[str, list[FileReport]] = {}
    for file in files:
        alike.setdefault(repr((file.columns, file.ignored, file.notes)), []).append(file)
    return [line for each in alike.values() for line in _alike(each)]


def _alike(files: Sequence[FileReport]) -> list[str]:
    first, more = files[0], len(files) - 1
    others = f" and {more} more like it" if more else ""
    lines = [f"{first.file}{others}: {_count(sum(file.rows for file in files), 'row')}"]
    lines.append(f"  taken: {', '.join(_columns(first.columns))}")
    if first.ignored:
        names = [shortened(name) for name in first.ignored[:SHOWN]]
        lines.append(f"  ignored: {', '.join(names)}{', …' if len(first.ignored) > SHOWN else ''}")
    lines += [f"  {note}" for note in first.notes]
    dropped = [finding for file in files for finding in file.dropped]
    return lines + _findings("dropped", dropped if not more else together(dropped))


def _columns(columns: Mapping[str, str]) -> list[str]:
    known = {role: role.replace("_", " ") for role in columns}
    return [known[role] if name == role else f"{known[role]} ({shortened(name)})" for role, name in columns.items()]


def _instruments(instruments: Sequence[ImportedInstrument]) -> list[str]:
    if len(instruments) > SHOWN:
        dropped = together(finding for each in instruments for finding in each.dropped)
        doubted = together(finding for each in instruments for finding in each.doubted)
        lines = _findings("dropped", dropped) + _findings("doubted", doubted)
        return [f"{len(instruments)} instruments; --json tells of each", *lines]
    return [line for each in instruments for line in _instrument(each)]


def _instrument(each: ImportedInstrument) -> list[str]:
    if each.first is None:
        head = f"{each.name}: none of {_count(each.rows, 'row')} is a day"
    else:
        known = f"; {each.added} of them new" if each.known else ""
        trade = f", {each.without_trade} without trade" if each.without_trade else ""
        head = f"{each.name}: {_count(each.days, 'day')} from {each.first} to {each.last}{trade}{known}"
    return [head, *_findings("dropped", each.dropped), *_findings("doubted", each.doubted)]


def _findings(verb: str, findings: Sequence[Issue]) -> list[str]:
    return [f"  {verb}: {finding.line()}" for finding in findings]


def _table(instruments: Sequence[ImportedInstrument]) -> None:
    columns = ["instrument", "from", "to", "days", "new", "without trade", "dropped", "doubts"]
    rows = [
        (i.name, i.first, i.last, i.days, i.added, i.without_trade, _sum(i.dropped), _sum(i.doubted))
        for i in instruments
    ]
    print_table(columns, rows, optional=["without trade", "new", "to", "from"])


def _sum(findings: Sequence[Issue]) -> int:
    return sum(finding.count for finding in findings)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
