"""Commands about a study that is stored."""

from cli.wrong_input.case import Case
from cli.wrong_input.hints import FIGURE


def stored(name: str, command: str, code: int, says: str, hint: str) -> Case:
    """A case over the storage in which ``right`` was run."""
    return Case(name, command, code, says, hint, stored=True)


STUDIES = [
    *(
        stored(
            f"{command.split()[0]} of an unknown study",
            command,
            1,
            'there is no study "rihgt" in the storage, did you mean "right"?',
            "there are: right",
        )
        for command in (
            "status rihgt",
            "trials rihgt",
            "delete rihgt --yes",
            "report rihgt",
            "plot rihgt grid",
            "export rihgt",
            "compare rihgt 0 1",
            "findings rihgt",
        )
    ),
    stored("a trial that is not there", "trials right 5", 1, 'the study "right" has no trial 5', "it has 1 trials"),
    stored(
        "an unknown figure",
        "plot right gird",
        2,
        'there is no figure "gird", did you mean "grid"?',
        "there are history, importance",
    ),
    stored("a figure of no format", "plot right grid --out x.gif", 2, "x.gif names no format of figures", FIGURE),
    stored(
        "two figures in one file",
        "plot right grid history --out right.toml",
        2,
        "right.toml is a file, but several figures need a directory",
        "name another --out",
    ),
    stored(
        "a figure with nothing in it",
        "plot right importance",
        1,
        "no parameter of right varies: it has one COMPLETE trial",
        "run more of its trials first",
    ),
    stored(
        "one trial of a figure of all",
        "plot right grid --trial 0",
        2,
        "--trial is for curves and forecast; grid shows all trials",
        "remove --trial",
    ),
    stored(
        "a figure of no trial",
        "plot right curves --trial 9",
        1,
        "right has no trial 9",
        "`volopt trials right` lists its trials",
    ),
    stored(
        "a report in place of a directory",
        "report right --out sample",
        1,
        "cannot write sample: Is a directory",
        "--out",
    ),
    stored(
        "tables in place of a file",
        "export right --out right.toml",
        1,
        "cannot write in right.toml: File exists",
        "--out",
    ),
    stored(
        "a side that is not there",
        "compare right 0 1",
        1,
        "right has no trial 1",
        "`volopt trials right` lists its trials",
    ),
    stored(
        "a side that is none",
        "compare right 0 nope",
        2,
        '"nope" is neither a trial nor a baseline of right',
        "write a trial's number, best",
    ),
    stored(
        "a side of an unknown key",
        "compare right 0 width=3",
        2,
        '"width" is not a key of [space]',
        "its keys: cell, hidden_size",
    ),
    stored(
        "a side outside the space",
        "compare right 0 cell=GRU",
        2,
        "cell=GRU is not in [space]",
        '[space] has cell = ("LSTM", "RNN")',
    ),
    stored(
        "a side that never ran",
        "compare right 0 hidden_size=7",
        1,
        "no COMPLETE trial has cell=LSTM, hidden_size=7",
        "keys that you leave out have the study's defaults; `volopt trials right` lists its trials",
    ),
    stored("nowhere to listen", "dashboard --host ''", 2, "--host names no address", "leave it out"),
    stored(
        "another definition",
        "run right.toml --data sample --epochs 2",
        1,
        'the study "right" was run with another training.epochs',
        "--name NEW starts a new study, which trains only the fits that are missing",
    ),
]
