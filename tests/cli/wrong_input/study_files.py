"""Study files: what they are, how they are written, and what does not fit their data."""

import os

from cli.wrong_input.case import HUGE, STUDY, Case, Given, pipe
from cli.wrong_input.hints import SMALL, TEMPLATE

PANEL = STUDY.replace('instrument = "SH600000"', "instruments = WHICH").replace(
    "seeds = 1", "seeds = 1\nbatch_size = 512"
)
GRID = 'sampler = "grid"\ngrid = { cell = ["RNN"] }'


def study(name: str, old: str, new: str, says: str, hint: str = TEMPLATE) -> Case:
    """A case of a study file in which ``old`` was replaced."""
    assert old in STUDY
    return written(name, STUDY.replace(old, new, 1), says, hint)


def written(name: str, content: str | bytes, says: str, hint: str = TEMPLATE) -> Case:
    """A case of a study file with this content."""
    text = content.encode() if isinstance(content, str) else content
    return of_file(name, lambda path: path.write_bytes(text), says, hint)


def of_file(name: str, make: Given, says: str, hint: str = TEMPLATE) -> Case:
    """A case of a study file that ``make`` changes."""
    return Case(name, "run wrong.toml --data sample", 2, says, hint, lambda place: make(place / "wrong.toml"))


def panel(name: str, instruments: str, says: str, hint: str = TEMPLATE) -> Case:
    """A case of a study file of these instruments."""
    return written(name, PANEL.replace("WHICH", instruments), says, hint)


def numbers(first: int, last: int) -> str:
    """A TOML array, a number a line."""
    return "[\n" + "".join(f"{number},\n" for number in range(first, last + 1)) + "]"


NO_TOML = "study file wrong.toml is not valid TOML: "
BATCHES = STUDY.replace("[training]", "[training]\nbatch_size = 1").replace(
    'cell = ["RNN", "LSTM"]', f"batch_size = {numbers(1, 1000)}\nwindow = {numbers(1, 200)}"
)
POINTS = BATCHES.replace(
    'grid = { cell = ["RNN"] }', f"grid.batch_size = {numbers(1, 1000)}\ngrid.window = {numbers(1, 200)}"
)

STUDY_FILES = [
    of_file("a pipe", pipe, '"wrong.toml" is not a file', SMALL),
    of_file(
        "a huge file",
        lambda path: os.truncate(path, HUGE),
        "wrong.toml has more than the 100000 bytes that a study file may have",
        SMALL,
    ),
    written(
        "a long line",
        "#" * 1001,
        "line 1 of study file wrong.toml has more than 1000 characters",
        "write a list or a table over several lines",
    ),
    written("no UTF-8", b"\xff\xfe", "study file wrong.toml is not UTF-8 text: line 1", "save it as UTF-8"),
    written("an empty file", "", "study file wrong.toml has 5 mistakes"),
    written("nested without end", "a = " + "[\n" * 9999, "study file wrong.toml is nested too deep"),
    study(
        "a bracket missing",
        "[data]",
        "[data",
        f"{NO_TOML}Expected ']' at the end of a table declaration (at line 4, column 6)",
    ),
    study(
        "a key twice", "seeds = 1", "seeds = 1\nseeds = 2", f"{NO_TOML}Cannot overwrite a value (at line 14, column 10)"
    ),
    study(
        "a newer format",
        "format = 1",
        "format = 2",
        "study file wrong.toml has format 2, and this volopt reads format 1",
        "update volopt",
    ),
    study("no format", "format = 1\n", "", "format: missing, write 1"),
    study("a format that is none", "format = 1", "format = true", "format: found true, write 1"),
    study("an unknown key", "seeds = 1", "sedes = 1", 'training.sedes: unknown key, did you mean "seeds"?'),
    study(
        "a word for epochs",
        "epochs = 1",
        'epochs = "one"',
        'training.epochs: found "one", write a whole number from 1 to 1000000',
    ),
    study(
        "overlapping splits",
        "2015-09-01",
        "2015-08-01",
        "data.valid: begins on 2015-08-01; write a day after 2015-08-31, where train ends",
    ),
    study(
        "a split the wrong way round",
        '["2015-09-01", "2017-12-31"]',
        '["2017-12-31", "2015-09-01"]',
        "data.valid: begins on 2017-12-31 and ends before it, on 2015-09-01; write the earlier day first",
    ),
    study(
        "an expression that calls Python",
        '"$close", ',
        "\"Ref($close,((__import__)('os').system)('touch hacked'))\", ",
        "data.features: a character that no expression has "
        "(character 26 of \"Ref($close,((__import__)('os').system)('touch hacked'))\")",
    ),
    study(
        "an expression that looks into the future",
        '"$close", ',
        '"Ref($close, -1)", ',
        "data.features: a window below 1 looks into the future, write at least 1 (character 13 of 'Ref($close, -1)')",
    ),
    study(
        "an unknown operator",
        '"$close", ',
        '"Men($close, 3)", ',
        "data.features: unknown operator Men, did you mean Mean? (character 1 of 'Men($close, 3)')",
    ),
    study(
        "a field without its sign",
        '"$close", ',
        '"close", ',
        "data.features: a field begins with $, did you mean $close? (character 1 of 'close')",
    ),
    study(
        "a file elsewhere",
        "[training]",
        '[data.files]\nhistory = "../a.csv"\ntest = "b.csv"\n[training]',
        'data.files.history: found "../a.csv", write the plain name of a file in the data directory',
    ),
    study(
        "a title that steers the terminal",
        'name = "wrong"',
        'name = "wrong"\ntitle = "\\u001b[31mred"',
        'title: found "\\u001b[31mred", write one line without control characters',
    ),
    study(
        "a key that steers the terminal",
        "seeds = 1",
        '"\\u001b[31mseeds" = 1',
        'training."\\u001b[31mseeds": unknown key, did you mean "seeds"?',
    ),
    study(
        "a test metric as objective",
        "[space]",
        '[objective]\nmetric = "test_mse"\n[space]',
        'objective.metric: found "test_mse", but the test split is not used for selection; write a valid_ metric',
    ),
    study(
        "the baseline outside the space",
        "hidden_size = [5, 7]",
        "hidden_size = [6, 7]",
        "model.hidden_size: the default 5 is not in [space] hidden_size (6, 7)",
    ),
    study(
        "a value twice",
        '["RNN", "LSTM"]',
        '["RNN", "RNN"]',
        "space.cell: RNN occurs more than once; write each value once",
    ),
    study(
        "a range upside down",
        "hidden_size = [5, 7]",
        "hidden_size = { low = 7, high = 5 }",
        "space.hidden_size: low = 7 is not below high = 5",
    ),
    written(
        "too many values",
        BATCHES.replace("1000,\n", "1000,\n1001,\n"),
        "space.batch_size: found 1001 values, write at most 1000",
    ),
    written("too many points", POINTS, "phase: the grids have 2e+05 points together, write at most 100000"),
    written("no phase", STUDY.partition("[[phase]]")[0], "phase: missing, write one or more [[phase]]"),
    written(
        "two phases of one name",
        STUDY + "[[phase]]" + STUDY.partition("[[phase]]")[2],
        'phase "width": 2 phases have this name; give each its own',
    ),
    study(
        "an unknown sampler",
        '"grid"',
        '"gird"',
        'phase "width" sampler: found "gird", write "gp", "grid", "nsgaii", "qmc", "random" or "tpe"',
    ),
    study(
        "a grid without a grid",
        'grid = { cell = ["RNN"] }',
        "",
        'phase "width" grid: missing, write lists of values of [space], such as { cell = ["RNN", "LSTM"] }',
    ),
    study(
        "a grid outside the space",
        '["RNN"] }',
        '["GRU"] }',
        'phase "width" grid.cell: "GRU" is not in [space] cell ("LSTM", "RNN")',
    ),
    study(
        "a grid with trials",
        GRID,
        f"{GRID}\ntrials = 3",
        'phase "width" trials: is not for sampler = "grid", whose points are all in grid; remove it',
    ),
    study(
        "a grid with a batch",
        GRID,
        f"{GRID}\nbatch = 2",
        'phase "width" batch: is not for sampler = "grid", whose points are all in grid; remove it',
    ),
    study(
        "a batch of more trials than the phase has",
        GRID,
        'sampler = "tpe"\nvary = ["cell"]\ntrials = 2\nbatch = 3',
        'phase "width" batch: found 3, more than trials = 2; write at most 2',
    ),
    study(
        "a batch of no trials",
        GRID,
        'sampler = "tpe"\nvary = ["cell"]\ntrials = 2\nbatch = 0',
        'phase "width" batch: found 0, write a whole number from 1 to 1000',
    ),
    study(
        "a batch of trials that do not depend on each other",
        GRID,
        'sampler = "random"\nvary = ["cell"]\ntrials = 2\nbatch = 2',
        'phase "width" batch: "random" without a pruner learns nothing from earlier trials; remove it',
    ),
    study(
        "a sampler that is gone",
        GRID,
        'sampler = "cmaes"\nvary = ["cell"]\ntrials = 2',
        'phase "width" sampler: volopt no longer has "cmaes"; write "tpe" or "gp"',
    ),
    study(
        "a first phase that starts at the best",
        GRID,
        'sampler = "tpe"\nvary = ["cell"]\ntrials = 2\nstart = "best"',
        'phase "width" start: found "best", but no phase comes before it; write "defaults"',
    ),
    study(
        "seeds compared where there is one",
        GRID,
        'sampler = "tpe"\nvary = ["cell"]\ntrials = 2\npruner = "wilcoxon"',
        'phase "width" pruner: wilcoxon compares seeds, but training.seeds is 1; write more',
    ),
    study(
        "an unknown instrument",
        '"SH600000"',
        '"SH60000"',
        "sample has no instrument SH60000",
        "did you mean SH600050 or SH600009 or SH600000?",
    ),
    panel(
        "an unknown instrument of a panel",
        '["SH600000", "SH60001"]',
        "sample has no instrument SH60001",
        "did you mean SH600016 or SH600050 or SH600036?",
    ),
    panel(
        "a panel of nothing",
        "[]",
        'data.instruments: found [], write a list of instruments, such as ["SH600000", "SH600016"], or "all"',
    ),
    panel(
        "an instrument twice",
        '["SH600000", "SH600000"]',
        "data.instruments: SH600000 occurs more than once; write each value once",
    ),
    panel(
        "a panel beside an instrument",
        '"all"\ninstrument = "SH600000"',
        "data.instruments: contradicts data.instrument; write one of them",
    ),
    panel(
        "a panel of files",
        '"all"\nfiles = { history = "a.csv", test = "b.csv" }',
        "data.instruments: needs a qlib provider, and data.files names CSV files; write one of them",
    ),
    study(
        "a panel as one batch",
        'instrument = "SH600000"',
        'instruments = "all"',
        'training.batch_size: "full" multiplies the memory of a panel by the window; write a number, such as 512',
    ),
    written(
        "a panel of which all have too few days",
        PANEL.replace("WHICH", '"all"').replace("2010-01-04", "2014-01-04"),
        "no instrument of the panel can be trained on: SH600000 has 386 train days, fewer than 500",
        "choose other splits or instruments",
    ),
    written(
        "a panel without a field",
        PANEL.replace("WHICH", '"all"').replace('"$close", ', '"$clse", '),
        "no instrument of sample can be read: SH600000 has no field $clse in sample",
        "did you mean $close?",
    ),
    study(
        "an unknown field", '"$close", ', '"$clse", ', "SH600000 has no field $clse in sample", "did you mean $close?"
    ),
    study(
        "days before the first",
        "2010-01-04",
        "1990-01-04",
        "1990-01-04 to 2018-12-28 lies outside the calendar of sample",
        "it has the days from 2010-01-04 to 2018-12-28",
    ),
    study(
        "days after the last",
        "2018-12-28",
        "2030-12-28",
        "2010-01-04 to 2030-12-28 lies outside the calendar of sample",
        "it has the days from 2010-01-04 to 2018-12-28",
    ),
    study(
        "too few days for the window",
        "[training]",
        "[model]\nwindow = 1400\n[training]",
        "the train split has 0 days to forecast with a window of 1400 days; volopt read 2146 trade days in total",
        "reduce the window or its range in [space], or make the splits longer",
    ),
    study(
        "a target without a logarithm",
        'target = "$volume"',
        'target = "$close-$open"\ntransform = "log"',
        "the target $close-$open of SH600000 is -1.35612 on 2010-01-04 and has no logarithm",
        'write transform = "none" in [data], or choose a target that is always positive',
    ),
    study(
        "a target that never moves",
        'target = "$volume"',
        'target = "$volume/$volume"',
        "$volume/$volume of SH600000 is 1 on every trade day of the range",
        "choose another feature or range",
    ),
]
