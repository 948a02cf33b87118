"""``volopt backtest``, ``refit`` and ``predict`` as a person or a program calls them, on a study really run."""

import json
import re
from pathlib import Path

import pytest

from builders import Volopt
from forecast.conftest import STUDY
from volopt.baselines.methods import baselines_of

BASELINES = baselines_of(())


@pytest.fixture
def forecaster(volopt: Volopt, sample: Path, tmp_path: Path) -> Volopt:
    """The command line in a directory with a study."""
    (tmp_path / "small.toml").write_text(STUDY)
    assert volopt("run", "small.toml", "--data", sample, "--workers", 1, "--pictures", "none")[0] == 0
    return volopt


def test_backtest_prints_the_table_by_year_and_draws_a_figure(forecaster: Volopt, tmp_path: Path) -> None:
    code, out, err = forecaster("backtest", "small", "--from", "2015-06-01", "--to", "2016-12-30", "--workers", 1)
    assert code == 0
    lines = out.splitlines()
    (header,) = (line.split() for line in lines if line.startswith("year"))
    assert [name for name in header if name in BASELINES] == list(BASELINES)
    assert [line.split()[0] for line in lines if line[:4] in ("2015", "2016", "all ", "with")] == [
        "2015*", "2016", "all", "without",
    ]  # fmt: skip
    assert "Error reduction against each baseline" in out
    mark = "* used to select the configuration (2013-01-01 to 2015-12-31): these scores are too optimistic."
    assert mark in lines
    assert "SYNTHETIC SAMPLE" in lines[0]
    assert "Skill of each model over har in the years without *" in lines
    tests = next(line for line in lines if "beside each baseline's in the years without *" in line)
    *verdicts, rival = lines[lines.index(tests) + 1 : -2]
    assert re.fullmatch(rf"The strongest of these baselines is ({'|'.join(BASELINES)})\.", rival)
    assert sorted(re.findall(r"(\w+) \([+-]", " ".join(verdicts))) == sorted(BASELINES)
    assert all(re.match("- (better than|worse than|not to be told apart from) ", line) for line in verdicts)
    promise = next(line for line in lines if line.startswith("The search promised skill"))
    promised, walked, optimism = map(float, re.findall(r"[+-]\d\.\d{3}\b", promise))
    assert promised - walked == pytest.approx(optimism, abs=0.0011)
    assert "Figure: small-backtest.html" in lines
    assert "SYNTHETIC" in (tmp_path / "small-backtest.html").read_text()
    assert "forecast 2016-01-01 to 2016-12-30 (1/3)" in err.splitlines()


def test_backtest_prints_the_same_as_json(forecaster: Volopt, tmp_path: Path) -> None:
    arguments = (
        "backtest",
        "small",
        "--from",
        "2016-01-01",
        "--refit",
        "quarter",
        "--to",
        "2016-06-30",
        "--workers",
        1,
    )
    code, out, _ = forecaster(*arguments, "--json", "--out", "walk.png")
    facts = json.loads(out)
    assert code == 0
    assert (facts["study"], facts["refit"], facts["from"], facts["to"]) == (
        "small",
        "quarter",
        "2016-01-01",
        "2016-06-30",
    )
    (year,) = facts["years"]
    assert (year["year"], year["seen"]) == (2016, False)
    assert set(year["skill"]) == set(facts["unseen"]["p"]) == set(facts["unseen"]["difference"]) == set(BASELINES)
    har = facts["unseen"]["difference"]["har"]
    assert har["interval"][0] < har["effect"] < har["interval"][1]
    assert har["effect"] == pytest.approx(-year["skill"]["har"])
    assert facts["total"]["days"] == facts["unseen"]["days"] == year["days"]
    assert set(facts["instruments"]) == {"SH600000"}
    assert 0 < facts["total"]["coverage"] <= 1
    assert facts["data"]["synthetic"] is True
    assert (tmp_path / "walk.png").read_bytes()[:4] == b"\x89PNG"


def test_a_backtest_fits_nothing_twice(forecaster: Volopt, tmp_path: Path) -> None:
    arguments = ("backtest", "small", "--from", "2016-01-01", "--to", "2016-12-30", "--workers", 1, "--json")
    first = forecaster(*arguments)[1]
    walks = tmp_path / "storage" / "artifacts" / "walks"
    written = {path: path.stat().st_mtime_ns for path in walks.rglob("*.safetensors")}
    assert forecaster(*arguments)[1] == first
    assert {path: path.stat().st_mtime_ns for path in walks.rglob("*.safetensors")} == written


def test_refit_and_predict_give_tomorrow_in_shares(forecaster: Volopt, tmp_path: Path) -> None:
    code, out, _ = forecaster("refit", "small", "--until", "2017-12-29", "--out", "bundle", "--workers", 1)
    assert code == 0
    assert "Next: volopt predict bundle" in out.splitlines()
    code, out, err = forecaster("predict", "bundle", "--date", "2018-04-27", "--json")
    (prediction,) = json.loads(out)
    assert (code, err) == (0, "")
    names = ["instrument", "target", "as_of", "date", "forecast", "interval", "unit", "actual"]
    assert list(prediction) == names
    assert (prediction["instrument"], prediction["target"], prediction["unit"]) == ("SH600000", "$volume", "shares")
    assert (prediction["as_of"], prediction["date"]) == ("2018-04-27", "2018-04-30")
    assert prediction["interval"][0] < prediction["forecast"] < prediction["interval"][1]
    assert prediction["actual"] is None
    code, out, _ = forecaster("predict", "bundle", "--date", "2018-04-27", "--last", 3)
    assert "SYNTHETIC SAMPLE" in out.splitlines()[0]
    assert "2018-04-30" in out.splitlines()[-2]
    assert re.fullmatch(r"Out-of-sample coverage: \d\d\.\d% of \d+ days \(target 80%\)", out.splitlines()[-1])


def test_refit_prints_json_and_writes_a_bundle_once(forecaster: Volopt) -> None:
    arguments = ("refit", "small", "--trial", 1, "--until", "2017-12-29", "--out", "bundle", "--workers", 1, "--json")
    code, out, _ = forecaster(*arguments)
    facts = json.loads(out)
    assert code == 0
    assert (facts["bundle"], facts["study"], facts["trial"], facts["until"]) == ("bundle", "small", 1, "2017-12-29")
    assert facts["instruments"] == ["SH600000"]
    assert set(facts["backtest"]["skill"]) == set(BASELINES)
    code, _, err = forecaster(*arguments)
    assert code == 2
    assert err.splitlines() == ["Error: bundle already exists.", "Hint: --force replaces it."]
    assert forecaster(*arguments, "--force")[0] == 0


def test_predict_warns_on_stderr_and_answers(forecaster: Volopt) -> None:
    assert forecaster("refit", "small", "--out", "bundle", "--workers", 1)[0] == 0
    code, out, err = forecaster("predict", "bundle", "--json")
    assert code == 0
    assert json.loads(out)[0]["as_of"] == "2018-12-28"
    assert "Warning: the data of SH600000 are stale: its last trade day is 2018-12-28" in err
    assert json.loads(out)[0]["date"] == "2019-01-02"  # the exchange is closed on the last day of the year
