"""A panel study with static inputs as a person or a program meets it: every command knows its baselines."""

import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from builders import Volopt
from dashboard.asking import ask
from report.reading import Page
from static_panels import INDEX, STATIC, STOCKS, Change, write_static_panel
from volopt.baselines.methods import BASELINES
from volopt.dashboard.pages import Pages
from volopt.dashboard.serve import dashboard
from volopt.report.page import page
from volopt.report.studies import studies_page
from volopt.storage.artifacts import artifacts_of
from volopt.storage.database.connect import connect

NEW = ("har_rolling", "har_x", "pooled_ridge", "pooled_lightgbm")
DAYS = ("--from", "2019-03-01", "--workers", 1, "--device", "cpu")


@pytest.fixture(autouse=True)
def _stored(static_storage: str, volopt: Volopt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLOPT_STORAGE", static_storage)


def test_trials_and_export_have_the_baselines_of_static_inputs(volopt: Volopt, tmp_path: Path) -> None:
    code, out, err = volopt("trials", "static")
    assert (code, err) == (0, "")
    assert [row.split()[0] for row in out.splitlines() if " baseline " in row] == list(BASELINES)
    (trial,) = json.loads(volopt("trials", "static", 0, "--json")[1])
    for name in NEW:
        assert trial["metrics"][f"test_skill_{name}"] is not None
    assert [each["instrument"] for each in trial["instruments"]] == list(STOCKS)
    assert volopt("trials", "static", 0)[0] == 0
    assert volopt("export", "static", "--out", "tables")[0] == 0
    with (tmp_path / "tables/predictions.csv").open() as file:
        assert set(NEW) < {row["model"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", NEW)
def test_each_of_them_can_be_compared_with(volopt: Volopt, name: str) -> None:
    code, out, err = volopt("compare", "static", 0, name)
    assert (code, err) == (0, "")
    assert f"B: baseline {name}" in out


def test_best_and_report_and_dashboard_render(volopt: Volopt, static_storage: str, tmp_path: Path) -> None:
    assert volopt("best", "static")[0] == 0
    assert volopt("report", "static", "--out", "static.html")[0] == 0
    found = Page((tmp_path / "static.html").read_text())
    assert any("pooled_lightgbm" in str(found.table(name)) for name in found.tables)
    storage = connect(static_storage)
    app = dashboard(storage, None, artifacts_of(storage), Pages(studies_page, page))
    for path in ("/", "/report/static", "/pictures/static/0.png"):
        assert ask(app, path).status == 200


def test_a_backtest_prints_its_models_the_strongest_rival_and_the_rule(
    volopt: Volopt, static_storage: str, static_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study with ``[forecast]`` is another one; as a file it differs from the stored one by this table alone."""
    ruled = STATIC.replace('"static"', '"ruled"', 1) + '[forecast]\ncombine = "stack"\nafter_suspension = "har"\n'
    (tmp_path / "ruled.toml").write_text(ruled)
    monkeypatch.setenv("VOLOPT_STORAGE", f"sqlite:///{tmp_path}/ruled.db")
    assert volopt("run", "ruled.toml", "--data", static_data, "--workers", 1, "--device", "cpu")[0] == 0
    code, out, err = volopt("backtest", "ruled", *DAYS, "--trial", "best")
    assert code == 0, err
    facts = json.loads(volopt("backtest", "ruled", *DAYS, "--trial", "best", "--json")[1])
    rows = out.partition("Skill of each model over har")[2].partition("\n\n")[0].splitlines()[2:]
    assert [row.split()[0] for row in rows] == list(facts["models"])
    assert facts["models"].keys() == {"forecast", "network", *BASELINES}
    assert f"The strongest of these baselines is {facts['strongest_rival']}." in out
    shares = ", ".join(f"{weight:.0%} {name}" for name, weight in facts["weights"].items())
    assert f"The forecast combines the network with pooled baselines: in the last period {shares}." in out
    assert f"HAR forecasts the {facts['after_suspension']} days on which a stock resumes trade" in out

    onnx = ("refit", "ruled", "--out", "bundle", "--onnx", "--until", "2019-05-31", "--workers", 1, "--trial")
    code, out, err = volopt(*onnx, "cell=GRU")
    assert code == 0, err
    assert "The ONNX model is the networks alone: only volopt predict has the combination with pooled_ridge and" in out
    lines = [line.strip() for line in out.splitlines() if line.startswith("  ")]
    static = np.zeros((3, 21), np.float32)
    names = {"onnxruntime": onnxruntime, "inputs": np.zeros((3, 8, 3), np.float32), "static": static}
    exec("\n".join(lines[-2:]), names)
    assert names["scaled"].shape == (3, 2)
    facts = json.loads(volopt(*onnx, "cell=none", "--force", "--json")[1])["onnx"]
    assert (facts["static"], facts["scaled"], "inputs" in facts) == (["batch", 21], ["batch", 2], False)
    assert volopt("predict", "bundle", "--json")[0] == 0


def few_stocks(name: str, table: pd.DataFrame) -> None:
    if name in STOCKS[:4]:
        table.loc["2016-05-02":"2016-05-06", "volume"] = 0.0  # type: ignore[misc]


def ended_index(name: str, table: pd.DataFrame) -> None:
    if name == INDEX:
        table.loc["2018-06-02":] = np.nan  # type: ignore[misc]


def with_static(text: str) -> str:
    """Return the study with one more static input."""
    return STATIC.replace("static = [", f'static = ["{text}", ', 1)


@pytest.mark.parametrize(
    ("study", "change", "says"),
    [
        (with_static("$factor"), None, "the static input $factor is constant (1) over train and cannot be standard"),
        (with_static("Log(0-$close)"), None, "Log(0-$close) of SH600000 has no value on any trade day of the range"),
        (
            STATIC.replace('"all"', json.dumps(STOCKS[:4])),
            None,
            "CSMean(Log($close/Ref($close,1))) has no value on any day between 2015-01-05 and 2018-12-28: fewer than 5 "
            "stocks have one",
        ),
        (with_static("Of(SH000905,$close)"), None, "has no instrument SH000905"),
        (
            STATIC,
            ended_index,
            "SH000300 of Of(SH000300,Log($close/Ref($close,1))) ends on 2018-06-01, but is needed until 2018-12-28",
        ),
    ],
    ids=["constant", "no value", "four stocks", "no index", "ended index"],
)
def test_static_inputs_that_cannot_be_used_are_refused_in_a_sentence(
    volopt: Volopt, static_data: Path, tmp_path: Path, study: str, change: Change | None, says: str
) -> None:
    data = static_data
    if change:
        data = tmp_path / "changed"
        write_static_panel(data, change)
    (tmp_path / "wrong.toml").write_text(study)
    code, _, err = volopt("check", "wrong.toml", "--data", data)
    assert code == 2
    assert says in " ".join(err.split())
    assert "Hint: " in err


def test_a_day_with_fewer_than_five_stocks_is_told(volopt: Volopt, tmp_path: Path) -> None:
    write_static_panel(tmp_path / "few", few_stocks)
    (tmp_path / "static.toml").write_text(STATIC)
    code, out, _ = volopt("check", "static.toml", "--data", tmp_path / "few")
    assert code == 0
    text = "CSStd(Log($volume)-Mean(Log($volume),20))"
    assert f"{text} has no value on 5 days between 2016-05-02 and 2016-05-06: fewer than 5 stocks have one" in out
