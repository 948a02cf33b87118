"""Describe data: a data directory, an import, and the data of a study."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli.output import print_table, say, warn_if_synthetic
from volopt.data.importing.issues import Issue, add_counts, count_cases
from volopt.definition.plain_text import plain, shortened

if TYPE_CHECKING:
    from volopt.data.check import ProviderReport
    from volopt.data.importing.importing import FileReport, ImportedInstrument, ImportReport

MAX_SHOWN = 10  # instruments and columns that are printed one by one


def provider_facts(report: "ProviderReport") -> dict[str, object]:
    """Return the whole report for JSON."""
    return asdict(report) | {"readable": report.readable, "synthetic": _synthetic(report)}


def print_provider(report: "ProviderReport", each_doubt: bool = False, limit: int | None = None) -> None:
    """Print the report of a data directory.

    Args:
        report: of a directory.
        each_doubt: whether to print each gap and each doubtful day, not only their number.
        limit: of instruments and of problems to print; None for all.
    """
    from volopt.data.quality import doubt_lines

    warn_if_synthetic(_synthetic(report))
    if report.first:
        say(f"{report.directory}: {report.days} days from {report.first} to {report.last}")
    rows = [(i.name, i.first, i.last, i.trade_days, i.no_trade_days) for i in report.instruments]
    if rows:
        print_table(["instrument", "from", "to", "days with trade", "without"], rows[:limit])
        _print_rest(len(rows), "instruments", limit)
    lines = [line for i in report.instruments for line in doubt_lines(i.gaps, i.outliers)]
    if each_doubt:
        click.echo("".join(f"  {line}\n" for line in lines), nl=False)
    elif lines:
        say(f"{len(lines)} gaps and doubtful days; name an instrument to see them.")
    doubts = [f"{i.name}: {doubt.line()}" for i in report.instruments for doubt in i.calendar]
    for doubt in doubts[:limit]:
        say(f"Doubt: {doubt}")
    _print_rest(len(doubts), "doubts", limit)
    for problem in report.problems[:limit]:
        say(f"Problem: {problem}")
    _print_rest(len(report.problems), "problems", limit)


def _print_rest(count: int, what: str, limit: int | None) -> None:
    if limit is not None and count > limit:
        say(f"... and {count - limit} more {what}; volopt data check shows them all.")


def _synthetic(report: "ProviderReport") -> bool:
    from volopt.data.bins import SYNTHETIC

    return (Path(report.directory) / SYNTHETIC).is_file()


def print_import(report: "ImportReport") -> None:
    """Print the report of an import."""
    for line in [*_files(report.files), *_instruments(report.instruments)]:
        say(plain(line))
    if len(report.instruments) > 1:
        _table(report.instruments)
    first, last, days = report.calendar
    say(f"Wrote {report.directory}: now {_count(days, 'day')} from {first} to {last}")
    say(f"Next: {shlex.join(['volopt', 'data', 'check', report.directory, report.instruments[0].name])}")


def _files(files: "Sequence[FileReport]") -> list[str]:
    """Return what was imported; files with the same columns and notes share their lines."""
    groups: dict[str, list[FileReport]] = {}
    for file in files:
        groups.setdefault(repr((file.columns, file.ignored, file.notes)), []).append(file)
    return [line for group in groups.values() for line in _similar_files(group)]


def _similar_files(files: "Sequence[FileReport]") -> list[str]:
    first, more = files[0], len(files) - 1
    others = f" and {more} more like it" if more else ""
    lines = [f"{first.file}{others}: {_count(sum(file.rows for file in files), 'row')}"]
    lines.append(f"  imported: {', '.join(_columns(first.columns))}")
    if first.ignored:
        names = [shortened(name) for name in first.ignored[:MAX_SHOWN]]
        lines.append(f"  ignored: {', '.join(names)}{', …' if len(first.ignored) > MAX_SHOWN else ''}")
    lines += [f"  {note}" for note in first.notes]
    dropped = [issue for file in files for issue in file.dropped]
    doubted = [issue for file in files for issue in file.doubted]
    lines += _issues("dropped", add_counts(dropped) if more else dropped)
    return lines + _issues("doubted", add_counts(doubted) if more else doubted)


def _columns(columns: Mapping[str, str]) -> list[str]:
    fields = {role: role.replace("_", " ") for role in columns}
    return [fields[role] if name == role else f"{fields[role]} ({shortened(name)})" for role, name in columns.items()]


def _instruments(instruments: "Sequence[ImportedInstrument]") -> list[str]:
    from volopt.data.bins import spelled

    if len(instruments) > MAX_SHOWN:
        dropped = add_counts(issue for instrument in instruments for issue in instrument.dropped)
        doubted = add_counts(issue for instrument in instruments for issue in instrument.doubted)
        lines = _issues("dropped", dropped) + _issues("doubted", doubted)
        odd = [f"{each.name} as {spelled(each.name)}" for each in instruments if spelled(each.name) != each.name]
        written = _issues("written", count_cases("names that are spelt otherwise in files", odd))
        return [f"{len(instruments)} instruments; --json describes each", *written, *lines]
    return [line for instrument in instruments for line in _instrument(instrument)]


def _instrument(instrument: "ImportedInstrument") -> list[str]:
    from volopt.data.bins import spelled

    if instrument.first is None:
        head = f"{instrument.name}: none of {_count(instrument.rows, 'row')} is a day"
    else:
        days = f"{_count(instrument.days, 'day')} from {instrument.first} to {instrument.last}"
        trade = f", {instrument.without_trade} without trade" if instrument.without_trade else ""
        new = f"; {instrument.added} of them new" if instrument.known else ""
        head = f"{instrument.name}: {days}{trade}{new}"
    spelling = spelled(instrument.name)
    written = [f"  written as {spelling}; every command takes its own name"] if spelling != instrument.name else []
    return [head, *written, *_issues("dropped", instrument.dropped), *_issues("doubted", instrument.doubted)]


def _issues(verb: str, issues: Sequence[Issue]) -> list[str]:
    return [f"  {verb}: {issue.line()}" for issue in issues]


def _table(instruments: "Sequence[ImportedInstrument]") -> None:
    columns = ["instrument", "from", "to", "days", "new", "without trade", "dropped", "doubts"]
    rows = [
        (i.name, i.first, i.last, i.days, i.added, i.without_trade, _sum(i.dropped), _sum(i.doubted))
        for i in instruments
    ]
    print_table(columns, rows, optional=["without trade", "new", "to", "from"])


def _sum(issues: Sequence[Issue]) -> int:
    return sum(issue.count for issue in issues)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number != 1)}"
