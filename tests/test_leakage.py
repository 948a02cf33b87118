"""No input of the forecast for the next session knows anything after the close of the day before it.

The whole way is tested, from a provider's files to what a network takes: features, static inputs, the calendar, the
cross-section and an index.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from static_panels import CALENDAR, INDEX, STATIC, STOCKS, Change, write_static_panel
from volopt.data import panel
from volopt.data.frame import load_frames
from volopt.data.market import Market, read_market
from volopt.data.panel import market_of, read_data
from volopt.definition.load import read
from volopt.windows.prepare import prepare
from volopt.windows.static import static_scaling
from volopt.windows.windows import fitted_scaling, samples_at

STUDY = read(STATIC, "static")
WINDOW = STUDY.model.window
ROWS = (700, 760, 803)  # of the calendar, in valid: the last day that is known
Inputs = dict[str, tuple[torch.Tensor, ...]]


def inputs_at(directory: Path, row: int) -> Inputs:
    """Return by stock what a network takes for the session after a day, without the stocks that did not trade."""
    day = CALENDAR[row].to_datetime64().astype("datetime64[D]")
    read_panel = read_data(STUDY, directory, directory.parent / f"cache-{directory.name}")
    data = prepare(read_panel.frames, STUDY, read_panel.source.fingerprint)
    static = static_scaling(data, WINDOW)
    found: Inputs = {}
    for index, series in enumerate(data.series):
        last = int(np.searchsorted(series.dates, day))
        if series.dates[last] == day:
            alone = replace(data, series=(series,))
            rows, scaling = [range(last + 1, last + 2)], [fitted_scaling(data, index, WINDOW)]
            found[series.name] = samples_at(alone, rows, scaling, WINDOW, "cpu", static).entrances()
    return found


def check_no_leak(directory: Path, row: int, change: Change) -> None:
    """Refuse inputs that move when the days after a row change."""
    before, after = directory / f"before-{row}", directory / f"after-{row}"
    write_static_panel(before)
    write_static_panel(after, change)
    expected, found = inputs_at(before, row), inputs_at(after, row)
    assert found.keys() == expected.keys()
    assert len(found) >= 5
    for name, tensors in expected.items():
        for one, other in zip(tensors, found[name], strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0, msg=f"the inputs of {name} know a later day")


def everything_after(row: int) -> Change:
    """Return a change of every price, volume and suspension after a row, of each stock and of the index."""
    random = np.random.default_rng(row)

    def change(_: str, table: pd.DataFrame) -> None:
        later = slice(row + 1, None)
        factors = np.exp(random.normal(0, 0.3, (len(table) - row - 1, table.shape[1] - 1)))
        table.iloc[later, :-1] = table.iloc[later, :-1] * factors
        volume = table.columns.get_loc("volume")
        suspended = random.random(len(table) - row - 1) < 0.1  # with more, the cross-section has too few stocks
        table.iloc[row + 1 :, volume] = np.where(suspended, 0.0, 1e6 * factors[:, 0])

    return change


def shuffled_after(row: int, directory: Path) -> Change:
    """Return a change that gives each stock another's next day."""
    tables: dict[str, pd.DataFrame] = {}
    write_static_panel(directory, lambda name, table: tables.update({name: table.copy()}))
    order = dict(zip(STOCKS, np.random.default_rng(row).permutation(STOCKS), strict=True))

    def change(name: str, table: pd.DataFrame) -> None:
        if name != INDEX:
            table.iloc[row + 1] = tables[order[name]].iloc[row + 1]

    return change


@pytest.mark.parametrize("row", ROWS)
def test_a_change_of_everything_after_a_close_moves_no_input_of_the_next_session(tmp_path: Path, row: int) -> None:
    check_no_leak(tmp_path, row, everything_after(row))


def test_the_next_day_s_cross_section_moves_no_input(tmp_path: Path) -> None:
    check_no_leak(tmp_path, ROWS[0], shuffled_after(ROWS[0], tmp_path / "original"))


@pytest.mark.parametrize("leaking", ["Of(", "CSMean(", "CSShare("])
def test_a_series_of_the_market_that_is_a_day_ahead_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaking: str
) -> None:
    def ahead(*arguments: Any, **options: Any) -> Market:
        market = read_market(*arguments, **options)
        return replace(market, series={name: _shifted(name, series) for name, series in market.series.items()})

    def _shifted(name: str, series: np.ndarray) -> np.ndarray:
        return np.append(series[1:], 0.0) if name.startswith(leaking) else series

    monkeypatch.setattr(panel, "read_market", ahead)
    with pytest.raises(AssertionError, match="know a later day"):
        check_no_leak(tmp_path, ROWS[0], everything_after(ROWS[0]))


def test_an_input_moves_with_its_own_day(tmp_path: Path) -> None:
    """The checks above would not fail if nothing moved at all."""

    def change(name: str, table: pd.DataFrame) -> None:
        columns = [column for column in table if column != "factor"]
        table.loc[table.index[ROWS[0]], columns] *= 1.1 if name == STOCKS[0] else 1.0

    with pytest.raises(AssertionError, match="know a later day"):
        check_no_leak(tmp_path, ROWS[0], change)


def test_a_stock_that_joins_the_cross_section_changes_every_stock_s_fingerprint(tmp_path: Path) -> None:
    write_static_panel(tmp_path / "all")
    texts = ["CSMean($volume)"]
    fingerprints = set()
    for stocks in (STOCKS, STOCKS[:-1]):
        market = market_of(tmp_path / "all", stocks, texts, None, None)
        _, source = load_frames(tmp_path / "all", STOCKS[0], texts, None, None, market=market.series)
        fingerprints.add(source.fingerprint)
    assert len(fingerprints) == 2
