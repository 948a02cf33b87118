"""A bad call ends in the sentence, the hint and the exit code of the command line.

A type checker finds some of these mistakes, which ``type: ignore`` marks.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import volopt
from builders import Volopt

SEE_HELP = ("see --help", "see the function's help")  # click's hint, and that of Python
ALL_KINDS = ", all"  # of figures: one name of the command line for several files
Call = Callable[[], object]
CALLS: dict[str, Call] = {
    "run grdi": lambda: volopt.run("grdi"),
    "run grid --workers 0": lambda: volopt.run("grid", workers=0),
    "run grid --seeds five": lambda: volopt.run("grid", seeds="five"),  # type: ignore[arg-type]
    "run grid --epochs -1": lambda: volopt.run("grid", epochs=-1),
    "run grid --trials 0": lambda: volopt.run("grid", trials=0),
    "run grid --pictures few": lambda: volopt.run("grid", pictures="few"),  # type: ignore[arg-type]
    "run grid --precision low": lambda: volopt.run("grid", precision="low"),
    "run grid --timeout nan": lambda: volopt.run("grid", timeout=float("nan")),
    "run grid --timeout -1": lambda: volopt.run("grid", timeout=-1),
    "run grid --phase wdth": lambda: volopt.run("grid", phase="wdth"),
    "run grid --device gpu": lambda: volopt.run("grid", device="gpu"),
    "run grid --pack some": lambda: volopt.run("grid", pack="some"),
    "run grid --scheduler here": lambda: volopt.run("grid", scheduler="here"),
    "run grid --name a/b": lambda: volopt.run("grid", name="a/b"),
    "run grid --data nowhere": lambda: volopt.run("grid", data="nowhere"),
    "run grid --storage my.db": lambda: volopt.run("grid", storage="my.db"),
    "run grid --artifacts here": lambda: volopt.run("grid", artifacts="here"),
    "run bad.toml": lambda: volopt.run("bad.toml"),
    "trials grid": lambda: volopt.load("grid"),
    "trials smal --storage {stored}": lambda: volopt.load("smal", storage=STORED),
    "plot small histry --storage {stored}": lambda: stored().figure("histry"),
    "plot small history --trial 0 --storage {stored}": lambda: stored().figure("history", trial=0),
    "plot small history --instrument A --storage {stored}": lambda: stored().figure("history", instrument="A"),
    "plot small forecast --instrument A --storage {stored}": lambda: stored().figure("forecast", instrument="A"),
    "plot small forecast --trial 9 --storage {stored}": lambda: stored().figure("forecast", trial=9),
    "plot small curves --trial har --storage {stored}": lambda: stored().figure("curves", trial="har"),
    "plot small rank --storage {stored}": lambda: stored().figure("rank"),
    "report small --out bad.toml/x.html --storage {stored}": lambda: stored().report("bad.toml/x.html"),
    "backtest small --from June": lambda: volopt.backtest("small", from_="June"),
    "backtest small --from 2018-01-01 --to 2017-01-01": lambda: volopt.backtest(
        "small", from_="2018-01-01", to="2017-01-01"
    ),
    "backtest small --from 2018-01-01 --coverage 1": lambda: volopt.backtest("small", from_="2018-01-01", coverage=1.0),
    "backtest small --from 2018-01-01 --refit day": lambda: volopt.backtest(
        "small",
        from_="2018-01-01",
        refit="day",  # type: ignore[arg-type]
    ),
    "backtest small --from 2018-01-01 --trial 7 --storage {stored}": lambda: volopt.backtest(
        "small", from_="2018-01-01", trial=7, storage=STORED
    ),
    "refit small --out bad.toml": lambda: volopt.refit("small", out="bad.toml"),
    "refit small --out new --until x": lambda: volopt.refit("small", out="new", until="x"),
    "refit small --out new --precision low": lambda: volopt.refit("small", out="new", precision="low"),
    "refit small --out new --trial har --storage {stored}": lambda: volopt.refit(
        "small", out="new", trial="har", storage=STORED
    ),
    "predict nowhere": lambda: volopt.load_bundle("nowhere"),
    "data import nowhere.csv --to new": lambda: volopt.import_data("nowhere.csv", to="new"),
    "data import bad.toml --to new": lambda: volopt.import_data(["bad.toml"], to="new"),
    "data import a.csv --to new --map clos=Last": lambda: volopt.import_data("a.csv", to="new", map={"clos": "Last"}),
    "data import a.csv --to new --volume-unit tons": lambda: volopt.import_data("a.csv", to="new", volume_unit="tons"),
    "data import a.csv --to new --instrument a/b": lambda: volopt.import_data("a.csv", to="new", instrument="a/b"),
    "data import a.csv --to new --dates first": lambda: volopt.import_data(
        "a.csv",
        to="new",
        dates="first",  # type: ignore[arg-type]
    ),
    "data import a.csv --to new --decimal x": lambda: volopt.import_data(
        "a.csv",
        to="new",
        decimal="x",  # type: ignore[arg-type]
    ),
    "data import a.csv --to new --timezone Asia/Kalkutta": lambda: volopt.import_data(
        "a.csv", to="new", timezone="Asia/Kalkutta"
    ),
    "data import a.csv --to new --timezone 5": lambda: volopt.import_data(
        "a.csv",
        to="new",
        timezone=5,  # type: ignore[arg-type]
    ),
    "data import a.csv --to new --encoding klingon": lambda: volopt.import_data("a.csv", to="new", encoding="klingon"),
    "data import a.csv --to new --encoding 5": lambda: volopt.import_data(
        "a.csv",
        to="new",
        encoding=5,  # type: ignore[arg-type]
    ),
    "data import a.csv --to new --header 0": lambda: volopt.import_data("a.csv", to="new", header=0),
    "data import a.csv --to new --on-duplicate first": lambda: volopt.import_data(
        "a.csv",
        to="new",
        on_duplicate="first",  # type: ignore[arg-type]
    ),
}
STORED = "sqlite:///stored/volopt.db"


def stored() -> volopt.Study:
    return volopt.Study("small", STORED)


@pytest.mark.parametrize("command", CALLS)
def test_a_mistake_ends_as_on_the_command_line(
    command: str, command_line: Volopt, two_trials: Path, tmp_path: Path
) -> None:
    (tmp_path / "stored").symlink_to(two_trials)
    (tmp_path / "bad.toml").write_text("format = 1\nseed = -1\n")
    code, out, _ = command_line(*command.format(stored=STORED).split(), "--json")
    said = json.loads(out)
    with pytest.raises(volopt.errors.VoloptError) as caught:
        CALLS[command]()
    error = caught.value
    mistakes = getattr(error, "mistakes", ())
    assert ": ".join([error.message, *(["; ".join(mistakes)] if mistakes else [])]) == said["error"].rstrip(".")
    assert error.exit_code == code
    assert error.hint == said["hint"].removesuffix(ALL_KINDS) or (said["hint"], error.hint) == SEE_HELP
