"""``volopt.backtest``: the numbers of ``volopt backtest`` as tables."""

import json

import plotly.graph_objects as go
import pytest

import volopt
from builders import Volopt
from volopt.baselines.methods import baselines_of

BASELINES = baselines_of(())

pytestmark = pytest.mark.filterwarnings("ignore:SYNTHETIC SAMPLE")


def test_its_tables_are_those_of_the_command_line(
    storage: str, command_line: Volopt, capsys: pytest.CaptureFixture[str]
) -> None:
    result = volopt.backtest("small", from_="2015-06-01", to="2016-12-30", storage=storage, workers=1, device="cpu")
    assert "forecast 2016-01-01 to 2016-12-30" in capsys.readouterr().out
    days = ("--from", "2015-06-01", "--to", "2016-12-30", "--workers", 1, "--device", "cpu")
    said = json.loads(command_line("backtest", "small", *days, "--storage", storage, "--json")[1])
    for row, year in zip(result.years().to_dict("records"), said["years"], strict=True):
        assert (row["year"], row["in_selection"], row["log_r2"]) == (year["year"], year["seen"], year["log_r2"])
        assert {name: row[f"skill_{name}"] for name in BASELINES} == year["skill"]
    totals = result.totals().set_index("days_of")["coverage"].to_dict()
    assert totals == {"all": said["total"]["coverage"], "outside_selection": said["unseen"]["coverage"]}
    tests = result.tests().set_index("baseline")
    assert tests["p"].to_dict() == said["unseen"]["p"]
    assert tests.loc["har", ["low", "high"]].tolist() == said["unseen"]["difference"]["har"]["interval"]
    (name,) = set(result.instruments()["instrument"])
    assert result.instruments()["days"].tolist() == [year["days"] for year in said["instruments"][name].values()][:-1]
    predictions = result.predictions()
    assert predictions.groupby("model").size().to_dict() == dict.fromkeys(("trial", *BASELINES), said["total"]["days"])
    trial = predictions[predictions["model"] == "trial"]
    inside = trial["actual"].between(trial["low"], trial["high"])
    assert inside.mean() == pytest.approx(said["total"]["coverage"])
    assert isinstance(result.figure(), go.Figure)
