"""A panel study with static inputs in Python: the models of a backtest, and forecasts from a DataFrame."""

from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import volopt
from static_panels import STOCKS
from volopt.baselines.methods import BASELINES
from volopt.data.provider import open_provider

pytestmark = pytest.mark.filterwarnings("ignore:SYNTHETIC SAMPLE", "ignore:the data of SH", "ignore:the bundle")


def test_a_backtest_has_the_tables_of_its_models(static_storage: str) -> None:
    result = volopt.backtest(
        "static", from_="2019-03-01", refit="never", storage=static_storage, workers=1, device="cpu", progress=False
    )
    models, predictions = result.models(), result.predictions()
    assert set(models["model"]) == {"forecast", *BASELINES}
    assert set(predictions["model"]) == {"trial", *BASELINES}
    assert models["skill"].is_monotonic_decreasing

    own = predictions[predictions["model"] == "pooled_ridge"]
    har = predictions[predictions["model"] == "har"]
    errors = {
        name: (np.log(each["forecast"] / each["actual"]) ** 2).groupby(each["instrument"]).sum()
        for name, each in (("own", own), ("har", har))
    }
    skills = 1 - errors["own"] / errors["har"]
    (row,) = models[models["model"] == "pooled_ridge"].to_dict("records")
    assert row["skill"] == pytest.approx(skills.mean())
    assert (row["instruments"], row["instruments_above_0"]) == (len(STOCKS), (skills > 0).sum())
    assert row["least_instrument"] == pytest.approx(skills.min())
    assert (row["years"], row["years_above_0"]) == (1, int(row["skill"] > 0))
    assert row["least_year"] == pytest.approx(row["skill"])

    assert {f"skill_{name}" for name in BASELINES} < set(result.years()) & set(result.totals())
    assert result.tests()["baseline"].tolist() == list(BASELINES)
    assert isinstance(result.figure(), go.Figure)


def test_a_frame_of_many_stocks_has_the_forecasts_of_its_directory(
    static_storage: str, static_data: Path, tmp_path: Path
) -> None:
    forecaster = volopt.refit(
        "static", out=tmp_path / "bundle", storage=static_storage, trial="cell=GRU", workers=1, progress=False
    )
    provider = open_provider(static_data)
    tables = []
    for name in provider.instruments:
        fields = {field: provider.column(name, field) for field in provider.fields(name)}
        tables.append(pd.DataFrame(fields, index=pd.DatetimeIndex(provider.calendar)).assign(code=name))
    rows = pd.concat(tables).reset_index(names="date")
    of_directory, of_frame = forecaster.predict(last=2), forecaster.predict(rows, last=2)
    assert of_frame["instrument"].unique().tolist() == list(STOCKS)
    pd.testing.assert_frame_equal(of_frame, of_directory, rtol=1e-4)
    with pytest.raises(volopt.errors.DataError, match="lacks 1 of the 7 stocks of the cross-section, SH600006"):
        forecaster.predict(rows[rows["code"] != "SH600006"], instrument="SH600000")
    with pytest.raises(volopt.errors.DataError, match="has no instrument SH000300"):
        forecaster.predict(rows[rows["code"] != "SH000300"])
