from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data import qlib_reader
from volopt.data.check import check_provider
from volopt.data.frame import load_frames
from volopt.data.provider import open_provider
from volopt.data.readers import READERS, read_natively
from volopt.data.sample import OTHERS, default_directory, write_sample
from volopt.definition.expressions import parse

FIELDS = ("open", "high", "low", "close", "volume", "factor", "change")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "provider"
    write_sample(directory)
    return directory


def table(directory: Path, last: str = "2017-12-31") -> pd.DataFrame:
    provider = open_provider(directory)
    rows = provider.rows(None, pd.Timestamp(last).date())
    values = read_natively(provider, "SH600000", [parse(f"${field}") for field in FIELDS], rows)
    return values.set_axis(list(FIELDS), axis=1)


def correlation(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.corrcoef(left, right)[0, 1])


def log_r2(actual: np.ndarray, forecast: np.ndarray) -> float:
    return float(1 - ((actual - forecast) ** 2).sum() / ((actual - actual.mean()) ** 2).sum())


def figures(days: pd.DataFrame) -> dict[str, float]:
    """Return the figures of the module's docstring."""
    trade = days[days.volume > 0]
    log = pd.Series(np.log(trade.volume.to_numpy()), index=trade.index)
    logs, returns = log.to_numpy(), np.diff(np.log(trade.close))
    har = np.column_stack([np.ones(len(log)), *(log.shift(1).rolling(span).mean() for span in (1, 5, 22))])
    train = (log.index < "2015-09-01") & ~np.isnan(har).any(axis=1)
    valid = log.index >= "2015-09-01"
    weights = np.linalg.lstsq(har[train], logs[train], rcond=None)[0]
    around = log - log.rolling(22, center=True, min_periods=5).mean()
    return {
        "deviation": float(logs.std()),
        **{f"after {lag}": correlation(logs[lag:], logs[:-lag]) for lag in (1, 5, 22, 60)},
        "change": float(np.diff(logs).std()),
        "range": correlation(logs, np.log(np.log(trade.high / trade.low))),
        "return": correlation(logs[1:], np.abs(returns)),
        "Monday": float(around[log.index.day_of_week == 0].mean()),
        "volatility": float(returns.std()),
        "suspended": float((days.volume == 0).mean()),
        "har": log_r2(logs[valid], har[valid] @ weights),
        "persistence": log_r2(logs[valid], har[valid, 1]),
    }


# The real stock's figure, and the tolerance of the sample's.
REAL = {
    "deviation": (0.992, 0.1),
    "after 1": (0.908, 0.02),
    "after 5": (0.830, 0.04),
    "after 22": (0.734, 0.05),
    "after 60": (0.630, 0.06),
    "change": (0.426, 0.04),
    "range": (0.731, 0.05),
    "return": (0.494, 0.05),
    "Monday": (0.044, 0.02),
    "volatility": (0.0186, 0.002),
    "suspended": (0.024, 0.01),
    "har": (0.684, 0.08),
    "persistence": (0.629, 0.08),
}


def test_the_sample_has_the_real_stock_s_figures(sample: Path) -> None:
    assert figures(table(sample)) == {name: pytest.approx(real, abs=band) for name, (real, band) in REAL.items()}


def test_the_figures_are_those_of_the_real_stock(real_data: Path) -> None:
    assert figures(table(real_data / "qlib_cn")) == {
        name: pytest.approx(real, abs=0.001) for name, (real, _) in REAL.items()
    }


def test_the_sample_is_a_provider_without_problems_and_marked_synthetic(sample: Path) -> None:
    report = check_provider(sample)
    assert report.problems == ()
    assert [each.name for each in report.instruments] == ["SH000300", "SH600000", *OTHERS]
    assert report.instruments[0].no_trade_days == 0
    assert (str(report.first), str(report.last)) == ("2010-01-04", "2018-12-28")
    assert 2150 < report.days < 2220
    assert open_provider(sample).synthetic


@pytest.mark.skipif(not qlib_reader.available(), reason="pyqlib has no wheels for this Python")
def test_qlib_reads_the_sample(sample: Path) -> None:
    by_reader = [
        load_frames(sample, "SH600000", ["Mean($close,3)"], None, None, reader=reader)[0][0] for reader in READERS
    ]
    np.testing.assert_array_equal(by_reader[0].values, by_reader[1].values)
    assert len(by_reader[0].dates) > 2100


def test_suspended_days_have_no_volume_and_stay_at_the_last_close(sample: Path) -> None:
    days = table(sample)
    suspended = days[days.volume == 0]
    assert len(suspended) > 20
    for field in ("open", "high", "low"):
        assert (suspended[field] == suspended.close).all()
    assert (suspended.change == 0).all()


def test_the_change_is_the_close_s_and_stays_within_the_exchange_s_limit(sample: Path) -> None:
    days = table(sample)
    np.testing.assert_allclose(days.change.iloc[1:], days.close.pct_change().iloc[1:], atol=1e-5)
    assert days.change.abs().max() <= 0.1053  # ten per cent of a log


def test_the_factor_rises_with_each_dividend(sample: Path) -> None:
    factor = table(sample).factor
    assert factor.is_monotonic_increasing
    assert factor.nunique() == 9


def test_a_seed_gives_the_same_bytes_and_another_seed_gives_others(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "same", seed=0)
    write_sample(tmp_path / "other", seed=1)
    volume = "features/sh600000/volume.day.bin"
    for path in (path for path in sample.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "same" / path.relative_to(sample)).read_bytes()
    assert (sample / volume).read_bytes() != (tmp_path / "other" / volume).read_bytes()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_directory_of_qlib_s_own_download_is_the_default(home: Path) -> None:
    qlib = home / ".qlib" / "qlib_data" / "cn_data"
    qlib.mkdir(parents=True)
    assert default_directory(home / "sample") == qlib
    assert not (home / "sample").exists()


def test_without_it_the_sample_is_written_once(home: Path) -> None:
    assert default_directory(home / "sample") == home / "sample"
    marker = home / "sample" / "synthetic.json"
    written = marker.stat().st_mtime_ns
    assert default_directory(home / "sample") == home / "sample"
    assert marker.stat().st_mtime_ns == written
