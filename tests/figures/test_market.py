"""Volume against close."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.bins import write_provider
from volopt.data.frame import load_frames
from volopt.figures import market
from volopt.figures.chart import Chart, Line, Points
from volopt.figures.study_view import NothingToPlotError
from volopt.figures.words import SYNTHETIC

DAYS = pd.bdate_range("2010-01-04", "2010-03-31")
CLOSE = np.linspace(10, 20, len(DAYS))
VOLUME = np.full(len(DAYS), 1e6) + 1e4 * np.arange(len(DAYS))
VOLUME[5] = 0.0  # no trade
VOLUME[30] = 5e7


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    write_provider(tmp_path / "cn", DAYS, {"SH600000": pd.DataFrame({"close": CLOSE, "volume": VOLUME}, index=DAYS)})
    return tmp_path / "cn"


def drawn(
    directory: Path, first: date | None = None, last: date | None = None, *, files: tuple[str, ...] = ()
) -> Chart:
    (frame,), source = load_frames(directory, "SH600000", market.COLUMNS, first, last, files=files)
    return market.chart(frame, source)


def line(chart: Chart, subplot: int, name: str) -> Line:
    (match,) = (mark for mark in chart.subplots[subplot].marks if isinstance(mark, Line) and mark.name == name)
    return match


def test_both_go_from_0_to_1_over_the_days_shown(provider: Path) -> None:
    chart = drawn(provider, date(2010, 2, 1), date(2010, 2, 26))
    days = (DAYS >= "2010-02-01") & (DAYS <= "2010-02-26")
    for name, values in (("$volume", VOLUME[days]), ("$close", CLOSE[days])):
        normalised = (values - values.min()) / (values.max() - values.min())
        assert np.allclose(np.asarray(line(chart, 0, name).y, dtype=float), normalised, atol=1e-6)
    assert line(chart, 0, "$close").x == [str(day.date()) for day in DAYS[days]]
    assert chart.subtitle == "2010-02-01 to 2010-02-26, 20 trade days"


def test_each_has_a_panel_in_its_own_units(provider: Path) -> None:
    chart = drawn(provider)
    traded = VOLUME > 0
    volume = [value for value in line(chart, 1, "$volume").y if value is not None]
    close = [value for value in line(chart, 2, "$close").y if value is not None]
    assert np.allclose(np.asarray(volume, dtype=float), VOLUME[traded], rtol=1e-6)
    assert np.allclose(np.asarray(close, dtype=float), CLOSE[traded], rtol=1e-6)
    assert (chart.subplots[1].y.kind, chart.subplots[2].y.kind) == ("log", "number")


def test_a_day_without_trade_is_a_gap_and_a_weekend_is_none(provider: Path) -> None:
    chart = drawn(provider)
    volume = line(chart, 0, "$volume")
    assert [row for row, at in enumerate(volume.x) if at is None] == [5]
    assert volume.y[5] is None
    assert "Left out: 1 days without trade, 0 incomplete days." in chart.notes
    assert "Lines break where days are missing." in chart.notes


def test_outliers_are_marked_on_the_volume(provider: Path) -> None:
    (points,) = (mark for mark in drawn(provider).subplots[1].marks if isinstance(mark, Points))
    assert (points.x, points.y) == ([str(DAYS[30].date())], [pytest.approx(5e7)])
    assert points.hover[0].startswith(f"{DAYS[30].date()}: ")
    quiet = drawn(provider, date(2010, 1, 18), date(2010, 2, 5))
    assert not any(isinstance(mark, Points) for mark in quiet.subplots[1].marks)
    assert list(quiet.notes) == []


def test_a_file_without_a_calendar_breaks_where_holidays_do_not_explain_it(tmp_path: Path) -> None:
    kept = [0, 1, 2, 20, 21, 24]  # more than 10 calendar days, then three
    table = pd.DataFrame({"datetime": DAYS.strftime("%Y-%m-%d"), "$close": CLOSE, "$volume": VOLUME}).iloc[kept]
    table.to_csv(tmp_path / "market.csv", index=False)
    chart = drawn(tmp_path, files=("market.csv",))
    assert [row for row, at in enumerate(line(chart, 0, "$volume").x) if at is None] == [3]
    assert chart.title == "Volume and close of market.csv"


def test_a_synthetic_sample_is_reported(sample: Path) -> None:
    assert f"{SYNTHETIC}." in drawn(sample).notes


def test_one_day_has_nothing_to_draw(provider: Path) -> None:
    with pytest.raises(NothingToPlotError, match="one trade day, 2010-02-01"):
        drawn(provider, date(2010, 2, 1), date(2010, 2, 1))
