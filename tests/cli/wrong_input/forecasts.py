"""Commands that refit, walk forward or predict."""

from pathlib import Path

from cli.wrong_input.case import Case, Given
from cli.wrong_input.studies import stored


def _bundle(name: str, content: bytes = b"{}") -> Given:
    def given(place: Path) -> None:
        (place / "bundle").mkdir()
        (place / "bundle" / name).write_bytes(content)

    return given


REFIT = "`volopt refit` writes one"
FORECASTS = [
    *(
        stored(
            f"{command.split()[0]} of an unknown study",
            command,
            1,
            'there is no study "rihgt" in the storage, did you mean "right"?',
            "there are: right",
        )
        for command in ("refit rihgt --out bundle", "backtest rihgt --from 2016-01-01")
    ),
    stored(
        "a refit of no trial",
        "refit right --trial 7 --out bundle",
        1,
        "right has no trial 7",
        "`volopt trials right` lists its trials",
    ),
    stored(
        "a refit of a baseline",
        "refit right --trial har --out bundle",
        2,
        "har is a baseline, and only a trial can be refitted",
        "name a trial, likely, simplest or best",
    ),
    stored(
        "a refit in place of something",
        "refit right --out sample --force",
        2,
        "sample already exists",
        "name another --out",
    ),
    stored(
        "a refit on other data's place",
        "refit right --out bundle --data no_such",
        2,
        "the data directory no_such does not exist",
        "name a qlib provider directory",
    ),
    stored(
        "a refit that learns from nothing",
        "refit right --out bundle --until 2010-02-26",
        2,
        "SH600000 has 9 days to learn from before 2010-02-27, fewer than 100",
        "write a later day, or use data that begin earlier",
    ),
    stored(
        "a backtest after the data",
        "backtest right --from 2030-01-01",
        2,
        "the data end on 2018-12-28, before 2030-01-01",
        "write an earlier --from, or use newer data",
    ),
    stored(
        "a backtest from the first of all days",
        "backtest right --from 0001-01-01",
        2,
        "there is nothing to learn from before 0001-01-01: the study's train split begins on 2010-01-04",
        "write a later --from",
    ),
    stored(
        "a backtest that ends before it begins",
        "backtest right --from 2016-01-01 --to 2015-01-01",
        2,
        "--to 2015-01-01 lies before --from 2016-01-01",
        "write the earlier day first",
    ),
    stored(
        "a backtest from no day",
        "backtest right --from 2016-13-01",
        2,
        "Invalid value for '--from': '2016-13-01' does not match the format '%Y-%m-%d'",
        "Try 'volopt backtest --help' for help.",
    ),
    stored(
        "a backtest in a figure of no format",
        "backtest right --from 2016-01-01 --out walk.gif",
        2,
        "walk.gif names no format of figures",
        "end it with",
    ),
    Case("a bundle that is nowhere", "predict bundle", 2, "there is no bundle at bundle", REFIT),
    Case("a data directory for a bundle", "predict sample", 2, "there is no bundle at sample", REFIT),
    Case("a study file for a bundle", "predict right.toml", 2, "there is no bundle at right.toml", REFIT),
    Case(
        "a bundle without its sums",
        "predict bundle",
        2,
        "bundle/SHA256SUMS is missing",
        "check that the directory is the right one and complete",
        _bundle("bundle.json"),
    ),
    Case(
        "a coverage of all",
        "predict bundle --coverage 1",
        2,
        "Invalid value for '--coverage': 1.0 is not in the range 0<x<1",
        "Try 'volopt predict --help' for help.",
    ),
]
