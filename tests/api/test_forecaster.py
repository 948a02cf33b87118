"""``volopt.refit`` and ``volopt.load_bundle``: forecasts of a directory and of a DataFrame."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import volopt
from builders import Volopt
from volopt.data.provider import open_provider
from volopt.errors import DataError, UsageError

pytestmark = pytest.mark.filterwarnings(
    "ignore:SYNTHETIC SAMPLE", "ignore:the data of SH600000 are stale", "ignore:the calendar ends", "ignore:the bundle"
)


@pytest.fixture(scope="module")
def bundle(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a forecaster that was fitted up to the end of 2017."""
    out = tmp_path_factory.mktemp("refit") / "bundle"
    until = pd.Timestamp("2017-12-31")
    with warnings.catch_warnings(action="ignore"):
        volopt.refit(
            "small", out=out, until=until, storage=storage, trial="best", workers=1, device="cpu", progress=False
        )
    return out


@pytest.fixture(scope="module")
def rows(sample: Path) -> pd.DataFrame:
    """The daily rows of the sample, under the names of qlib's fields."""
    provider = open_provider(sample)
    columns = {field: provider.column("SH600000", field) for field in provider.fields("SH600000")}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(provider.calendar)).dropna(how="all")


def test_its_forecasts_are_those_of_the_command_line(bundle: Path, command_line: Volopt) -> None:
    forecaster = volopt.load_bundle(bundle)
    options = ("--date", "2018-06-29", "--last", 3, "--coverage", 0.9)
    said = json.loads(command_line("predict", bundle, *options, "--json")[1])
    table = forecaster.predict(date="2018-06-29", last=3, coverage=0.9)
    known = table.astype(object).where(table.notna(), None)
    for row, prediction in zip(known.to_dict("records"), said, strict=True):
        assert [row["low"], row["high"]] == prediction["interval"]
        assert str(row["date"].date()) == prediction["date"]
        same = ("instrument", "target", "forecast", "unit", "actual")
        assert {name: row[name] for name in same} == {name: prediction[name] for name in same}
    assert table.dtypes.astype(str).to_dict() == {
        **{"instrument": "string", "target": "string", "as_of": "datetime64[s]", "date": "datetime64[s]"},
        **{"forecast": "float64", "low": "float64", "high": "float64", "unit": "string", "actual": "float64"},
    }
    assert (forecaster.facts["until"], repr(forecaster).partition(" of ")[0]) == ("2017-12-29", "<volopt forecaster")


def test_a_frame_of_daily_rows_has_the_forecasts_of_its_directory(bundle: Path, rows: pd.DataFrame) -> None:
    forecaster = volopt.load_bundle(bundle)
    of_directory, of_frame = forecaster.predict(last=5), forecaster.predict(rows, last=5)
    pd.testing.assert_frame_equal(of_frame, of_directory, rtol=1e-5)
    named = rows.assign(code="sh.600000").reset_index(names="date")
    pd.testing.assert_frame_equal(forecaster.predict(named, last=5), of_directory, rtol=1e-5)


def test_it_warns_of_rows_of_a_frame_that_are_dropped(bundle: Path, rows: pd.DataFrame) -> None:
    twice = pd.concat([rows, rows.iloc[[-1]] * 2])
    with pytest.warns(UserWarning, match="SH600000: dropped earlier rows of days with different rows: 1") as caught:
        volopt.load_bundle(bundle).predict(twice)
    assert {each.filename for each in caught} == {__file__}


def test_it_warns_where_predict_does(bundle: Path) -> None:
    with pytest.warns(UserWarning, match="the data of SH600000 are stale"):
        volopt.load_bundle(bundle).predict()


def test_a_frame_of_other_data_is_refused(bundle: Path, rows: pd.DataFrame) -> None:
    forecaster = volopt.load_bundle(bundle)
    with pytest.raises(DataError, match=r"\$volume of SH600000 on .* in these data"):
        forecaster.predict(rows.assign(**{"$volume": rows["$volume"] * np.e}))
    with pytest.raises(DataError, match="the frame has no column for volume"):
        forecaster.predict(rows.drop(columns="$volume"))
    with pytest.raises(UsageError, match="the bundle was not fitted on SZ000001"):
        forecaster.predict(instrument="SZ000001")


@pytest.mark.parametrize("exchange", ["NYS", "", 5])
def test_an_unknown_exchange_is_refused_as_on_the_command_line(
    bundle: Path, command_line: Volopt, exchange: Any
) -> None:
    code, out, _ = command_line("predict", bundle, "--exchange", exchange, "--json")
    with pytest.raises(volopt.errors.UsageError) as caught:
        volopt.load_bundle(bundle).predict(exchange=exchange)
    said = json.loads(out)
    assert (code, said["error"], said["hint"]) == (2, caught.value.message, caught.value.hint)
    assert "is not an exchange whose trading days volopt knows" in said["error"]
