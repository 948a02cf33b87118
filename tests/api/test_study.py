"""A stored study in Python: the tables of ``volopt export``, the trials of ``volopt best``, figures and the report."""

import gc
import json
import shutil
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

import volopt
from builders import Volopt
from volopt.errors import StudyError
from volopt.storage.database.retrying import RetryingStorage

TABLES = ("trials", "seeds", "curves", "gradients", "predictions", "instruments", "importance")
pytestmark = pytest.mark.filterwarnings("ignore:SYNTHETIC SAMPLE", "ignore:.* no say", "ignore:.* needs at least")


@pytest.fixture
def url(two_trials: Path) -> str:
    return f"sqlite:///{two_trials}/volopt.db"


@pytest.fixture
def study(url: str) -> volopt.Study:
    return volopt.Study("small", url)


def test_each_table_is_that_of_export(study: volopt.Study, url: str, command_line: Volopt, tmp_path: Path) -> None:
    assert command_line("export", "small", "--format", "parquet", "--storage", url, "--out", "tables")[0] == 0
    for name in TABLES:
        table = getattr(study, name)()
        pd.testing.assert_frame_equal(table, pd.read_parquet(tmp_path / "tables" / f"{name}.parquet"))
    assert [len(study.trials()), len(study.seeds())] == [2, 4]


def test_best_is_that_of_the_command_line(study: volopt.Study, url: str, command_line: Volopt) -> None:
    said = json.loads(command_line("best", "small", "--storage", url, "--json")[1])
    best = study.best()
    assert study.choice() == {name: said[name] for name in study.choice()}
    assert best[best["in_set"]]["number"].tolist() == said["set"]
    marked = [best[best[name]]["number"].item() for name in ("likely", "simplest")]
    assert marked == [said["likely"], said["simplest"]]
    for row, trial in zip(best.to_dict("records"), said["trials"], strict=True):
        assert [row["low"], row["high"]] == trial["interval"]
        assert row["params_hidden_size"] == trial["params"]["hidden_size"]
        same = ("number", "value", "estimate", "weights", "seconds", "seeds", "p_best", "regret", "in_set")
        assert {name: row[name] for name in same} == {name: trial[name] for name in same}


def test_a_study_of_one_valid_period_has_no_table_of_periods(study: volopt.Study) -> None:
    with pytest.raises(StudyError, match="has one valid period"):
        study.periods()


def test_a_figure_is_that_of_plot(study: volopt.Study, url: str, command_line: Volopt, tmp_path: Path) -> None:
    figure = study.figure("curves", trial=[0, "best"])
    assert isinstance(figure, go.Figure)
    assert command_line("plot", "small", "curves", "--trial", 0, "--trial", "best", "--storage", url)[0] == 0
    title = json.dumps(figure.layout.title.text)
    for sign in "<>/":
        title = title.replace(sign, rf"\u{ord(sign):04x}")
    assert title in (tmp_path / "small-curves.html").read_text()


def test_the_report_is_that_of_the_command_line(
    study: volopt.Study, url: str, command_line: Volopt, tmp_path: Path
) -> None:
    path = study.report()
    assert path == Path("small-report.html")
    assert command_line("report", "small", "--out", "other.html", "--storage", url)[0] == 0
    assert (tmp_path / path).read_bytes() == (tmp_path / "other.html").read_bytes()


def test_it_is_the_study_of_optuna(study: volopt.Study) -> None:
    assert [trial.value for trial in study.optuna.trials] == study.trials()["value"].tolist()


def test_load_warns_of_synthetic_data_and_finds_the_storage_of_the_environment(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLOPT_STORAGE", url)
    with pytest.warns(UserWarning, match="SYNTHETIC SAMPLE") as caught:
        study = volopt.load("small")
    assert caught[0].filename == __file__
    assert repr(study) == '<volopt study "small">'


def test_a_table_warns_of_what_is_missing_and_says_where_it_was_asked(two_trials: Path, tmp_path: Path) -> None:
    shutil.copytree(two_trials, tmp_path / "copy")
    for path in (tmp_path / "copy" / "artifacts").iterdir():
        if path.is_file():
            path.unlink()
    study = volopt.Study("small", f"sqlite:///{tmp_path}/copy/volopt.db")
    with pytest.warns(UserWarning, match=r"leave out the curves and forecasts of these trials.*: 0, 1\.") as caught:
        assert study.predictions().empty
    assert caught[0].filename == __file__
    assert len(study.trials()) == 2


def test_the_storage_is_closed_with_the_study(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[RetryingStorage] = []
    monkeypatch.setattr(RetryingStorage, "close", lambda self: closed.append(self))
    study = volopt.Study("small", url)
    assert not closed
    del study
    gc.collect()
    assert len(closed) == 1
