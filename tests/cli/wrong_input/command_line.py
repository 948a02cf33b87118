"""What the command line itself refuses, in click's words."""

from cli.wrong_input.case import Case


def usage(name: str, command: str, says: str, of: str | None = None) -> Case:
    """A case that click refuses; ``of`` is the command whose help it names, else the first word of it."""
    known = command.split()[0] if of is None else of
    return Case(name, command, 2, says, f"Try '{f'volopt {known}'.strip()} --help' for help.")


COMMAND_LINE = [
    usage("an unknown command", "rnu right.toml", 'No such command "rnu", did you mean "run"?', of=""),
    usage(
        "an unknown command of data", "data chekc sample", 'No such command "chekc", did you mean "check"?', of="data"
    ),
    usage("an unknown option", "run right.toml --wrokers 2", "No such option '--wrokers'. Did you mean '--workers'?"),
    usage("no study", "run", "Missing argument 'STUDY'"),
    usage("no study to check", "check", "Missing argument 'STUDY'"),
    usage("no name for a new study", "new", "Missing argument 'NAME'"),
    usage("no directory to check", "data check", "Missing argument 'DIRECTORY'", of="data check"),
    usage("no file to import", "data import --to mine", "Missing argument 'FILE...'", of="data import"),
    usage("nowhere to import to", "data import a.csv", "Missing option '--to'", of="data import"),
    usage(
        "an unknown order of dates",
        "data import a.csv --to mine --dates year-first",
        "Invalid value for '--dates': 'year-first' is not one of 'day-first', 'month-first'",
        of="data import",
    ),
    usage("no epochs to bench", "bench --epochs 0", "Invalid value for '--epochs': 0 is not in the range 1<=x<=10000"),
    usage("no repeats to bench", "bench --repeats 0", "Invalid value for '--repeats': 0 is not in the range 1<=x<=100"),
    usage("a study to bench", "bench grid", "Got unexpected extra argument (grid)"),
    usage("no instrument to plot", "data plot sample", "Missing argument 'INSTRUMENT'", of="data plot"),
    usage("no figure", "plot right", "Missing argument 'KIND...'"),
    usage("one side to compare", "compare right 0", "Missing argument 'B'"),
    usage("one argument too many", "run right.toml extra", "Got unexpected extra argument (extra)"),
    usage("no epochs", "run right.toml --epochs 0", "Invalid value for '--epochs': 0 is not in the range x>=1"),
    usage(
        "fewer than no trials",
        "run right.toml --trials -1",
        "Invalid value for '--trials': -1 is not in the range x>=1",
    ),
    usage(
        "a word for a number",
        "run right.toml --seeds x",
        "Invalid value for '--seeds': 'x' is not a valid integer range",
    ),
    usage(
        "no workers",
        "run right.toml --workers 0",
        "Invalid value for '--workers' (env var: 'VOLOPT_WORKERS'): 0 is not in the range x>=1",
    ),
    usage(
        "an unknown precision",
        "run right.toml --precision low",
        "Invalid value for '--precision': 'low' is not one of 'highest', 'medium'",
    ),
    usage(
        "unknown pictures",
        "run right.toml --pictures some",
        "Invalid value for '--pictures': 'some' is not one of 'all', 'budget', 'none'",
    ),
    usage(
        "a timeout before now",
        "run right.toml --timeout -1",
        "Invalid value for '--timeout': -1.0 is not in the range x>=0",
    ),
    usage("a port that is none", "dashboard --port 0", "Invalid value for '--port': 0 is not in the range 1<=x<=65535"),
    usage("a trial that is none", "trials right x", "Invalid value for '[NUMBER]': 'x' is not a valid integer range"),
    usage(
        "a table in an unknown format",
        "export right --format xml",
        "Invalid value for '--format': 'xml' is not one of 'csv', 'parquet'",
    ),
    usage(
        "a figure in an unknown format",
        "plot right grid --format gif",
        "Invalid value for '--format': 'gif' is not one of 'html', 'png', 'svg', 'pdf', 'json'",
    ),
    usage(
        "a day that is none",
        "data plot sample SH600000 --from yesterday",
        "Invalid value for '--from': 'yesterday' does not match the format '%Y-%m-%d'",
        of="data plot",
    ),
    usage(
        "an unknown region",
        "data download --region uk",
        "Invalid value for '--region': 'uk' is not one of 'cn', 'us'",
        of="data download",
    ),
    usage(
        "a seed below 0",
        "data sample other --seed -1",
        "Invalid value for '--seed': -1 is not in the range x>=0",
        of="data sample",
    ),
]
