"""The market's series against a plain computation, their sentences, and the future."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.bins import write_provider
from volopt.data.market import MIN_STOCKS, Market, market_nodes, read_market
from volopt.data.provider import Provider, open_provider
from volopt.definition.expressions import parse
from volopt.errors import DataError

DAYS = pd.bdate_range("2010-01-04", periods=80)
STOCKS = [f"SH60000{number}" for number in range(7)]
CROSS = ["CSMean(Log($volume))", "CSStd($close/Ref($close,1)-1)", "CSShare($close>Ref($close,1))", "CSMean($volume)"]
INDEX = ["Of(SH000300,$close/Ref($close,1))", "Of(SH000300,Mean($close,5))"]
Tables = dict[str, pd.DataFrame]


def tables() -> Tables:
    """Return seven stocks, of which each is suspended on four days and the last is listed late, and an index."""
    random = np.random.default_rng(0)
    made = {}
    for number, name in enumerate(STOCKS):
        close = 20 * np.exp(np.cumsum(0.02 * random.standard_normal(80)))
        volume = np.exp(random.standard_normal(80) + 10)
        volume[20 + 3 * number : 24 + 3 * number] = 0
        made[name] = pd.DataFrame({"close": close, "volume": volume}, index=DAYS)[40 if number == 6 else 0 :]
    level = 3000 * np.exp(np.cumsum(0.01 * random.standard_normal(80)))
    made["SH000300"] = pd.DataFrame({"close": level}, index=DAYS)
    return made


def written(directory: Path, content: Mapping[str, pd.DataFrame]) -> Provider:
    write_provider(directory, DAYS, content)
    return open_provider(directory)


def read(provider: Provider, texts: list[str], *days: date | None, stocks: list[str] = STOCKS) -> Market:
    return read_market(provider, stocks, [parse(text) for text in texts], *days)


def test_series_over_stocks_are_those_of_a_plain_table(tmp_path: Path) -> None:
    content = tables()
    market = read(written(tmp_path / "p", content), ["Mean(CSMean(Log($volume)),5)-$close", *CROSS[1:]])
    assert sorted(market.series) == sorted(CROSS)
    traded = {
        name: table[table["volume"] > 0].astype(np.float32).astype(float)
        for name, table in content.items()
        if "volume" in table
    }
    volume = pd.DataFrame({name: table["volume"] for name, table in traded.items()}, index=DAYS)
    change = pd.DataFrame({name: table["close"].pct_change() for name, table in traded.items()}, index=DAYS)
    plain = {
        CROSS[0]: (np.log(volume).mean(axis=1), volume),
        CROSS[1]: (change.std(axis=1, ddof=0), change),
        CROSS[2]: ((change > 0).sum(axis=1) / change.notna().sum(axis=1), change),
        CROSS[3]: (volume.mean(axis=1), volume),
    }
    for text, (wanted, values) in plain.items():
        wanted = wanted.where(values.notna().sum(axis=1) >= MIN_STOCKS)
        np.testing.assert_allclose(market.series[text], wanted, rtol=1e-9)
    assert np.isnan(market.series[CROSS[1]][0])  # no stock has a return on its first day
    assert sum(np.isnan(market.series[CROSS[0]])) == 5  # two are suspended while the seventh is not listed
    assert len(market.notes) == 4
    assert f"{CROSS[3]} has no value on 5 days between " in market.notes[0]
    late = read(written(tmp_path / "q", content), CROSS, date(2010, 3, 15), None)
    assert late.notes == ()
    np.testing.assert_array_equal(late.series[CROSS[0]], market.series[CROSS[0]])


def test_a_standard_deviation_keeps_its_digits_on_a_high_level(tmp_path: Path) -> None:
    content = {name: pd.DataFrame({"volume": 1e7 + number}, index=DAYS) for number, name in enumerate(STOCKS)}
    series = read(written(tmp_path / "p", content), ["CSStd($volume)"]).series["CSStd($volume)"]
    np.testing.assert_allclose(series, 2, rtol=1e-12)  # of 0 to 6


def test_an_index_without_volume_is_read_on_days_with_a_close(tmp_path: Path) -> None:
    content = tables()
    level = content["SH000300"]["close"].to_numpy().astype(np.float32).astype(float)
    wanted = {INDEX[0]: pd.Series(level).pct_change() + 1, INDEX[1]: pd.Series(level).rolling(5, min_periods=1).mean()}
    for volume in (None, 0.0, np.nan):
        if volume is not None:
            content["SH000300"]["volume"] = volume
        market = read(written(tmp_path / str(volume), content), INDEX, stocks=[])
        for text, values in wanted.items():
            np.testing.assert_allclose(market.series[text], values, rtol=1e-9)
    missing = content["SH000300"].assign(close=np.where(np.arange(80) == 30, np.nan, level))
    series = read(written(tmp_path / "p", content | {"SH000300": missing}), INDEX).series[INDEX[0]]
    assert np.isnan(series[30])
    assert series[31] == pytest.approx(level[31] / level[29])  # windows count its own days


def test_of_reads_another_stock_on_its_trade_days(tmp_path: Path) -> None:
    content = tables()
    series = read(written(tmp_path / "p", content), ["Of(SH600000,Ref($volume,1))"]).series[
        "Of(SH600000,Ref($volume,1))"
    ]
    assert np.isnan(series[20:24]).all()
    assert series[24] == np.float32(content["SH600000"]["volume"].iloc[19])


def test_only_what_market_nodes_need_is_read(tmp_path: Path) -> None:
    provider = written(tmp_path / "p", tables())
    assert read(provider, ["$close", "Mean($nothing,5)"], stocks=["nobody"]) == Market()
    twice = [parse("CSMean($close)-Of(SH000300,$close)"), parse("CSMean($close)")]
    assert [node.text for node in market_nodes(twice)] == ["CSMean($close)", "Of(SH000300,$close)"]


def test_a_stock_that_lacks_a_field_is_told_and_one_that_no_panel_has_is_not(tmp_path: Path) -> None:
    content = tables()
    with_high = {name: table.assign(high=2 * table["close"]) for name, table in content.items()}
    provider = written(tmp_path / "p", with_high | {"SH600001": content["SH600001"]})
    (tmp_path / "p/features/sh600002/volume.day.bin").write_bytes(b"abc")
    market = read(provider, ["CSMean($high)"], date(2010, 3, 15), None)
    assert ["SH600001" in note for note in market.notes] == [True]
    left = [name for name in STOCKS if name not in ("SH600001", "SH600002")]
    np.testing.assert_array_equal(
        market.series["CSMean($high)"], read(provider, ["CSMean($high)"], stocks=left).series["CSMean($high)"]
    )


@pytest.mark.parametrize(
    ("text", "days", "stocks", "message", "hint"),
    [
        ("Of(SH000301,$close)", (), STOCKS, "has no instrument SH000301", "SH000300"),
        ("Of(SH000300,$clos)", (), STOCKS, r"SH000300 has no field \$clos", "did you mean $close"),
        ("CSMean($close)", (), STOCKS[:4], "has no value on any day .*: fewer than 5 stocks have one", "more stocks"),
        ("CSMean($nothing)", (), STOCKS, "has no field \\$nothing", "there are"),
        ("Of(SH000300,Log(0-$close))", (), STOCKS, "has no value on any day .*: SH000300 has none", "leave it out"),
        (
            "Of(LATE,$close)",
            (date(2010, 1, 4), None),
            STOCKS,
            "LATE .* begins on 2010-02-01, .* from 2010-01-04",
            "later",
        ),
        ("Of(EARLY,$close)", (), STOCKS, "EARLY .* ends on 2010-02-12, but is needed until 2010-04-23", "update"),
        ("Of(EMPTY,$close)", (), STOCKS, "EMPTY .* has no trade day", "another"),
        ("CSMean($close)", (date(2011, 1, 3), None), STOCKS, "lies outside the calendar", "it has the days"),
    ],
)
def test_what_cannot_be_computed_is_said(
    tmp_path: Path, text: str, days: tuple[date | None, ...], stocks: list[str], message: str, hint: str
) -> None:
    content = tables()
    index = content["SH000300"]
    content |= {"LATE": index[20:], "EARLY": index[:30], "EMPTY": index * np.nan}
    with pytest.raises(DataError, match=message) as caught:
        read(written(tmp_path / "p", content), [text], *days, stocks=stocks)
    assert hint in caught.value.hint


def test_an_index_may_begin_late_where_no_first_day_is_needed_and_end_a_holiday_early(tmp_path: Path) -> None:
    content = tables() | {"LATE": tables()["SH000300"][20:76]}
    market = read(written(tmp_path / "p", content), ["Of(LATE,$close)"])
    assert "has no value on 24 days between 2010-01-04 and 2010-04-23: LATE has none" in market.notes[0]


Change = Callable[[Tables, int], Tables]


def assert_no_look_ahead(series_of: Callable[[Tables], Mapping[str, np.ndarray]], change: Change) -> None:
    """Check that no value up to a day moves when all values after the day change."""
    before = series_of(tables())
    for day in (21, 50, 70):
        after = series_of(change(tables(), day))
        for text, values in before.items():
            np.testing.assert_array_equal(after[text][: day + 1], values[: day + 1], err_msg=f"{text} up to {day}")
            assert not np.array_equal(after[text], values, equal_nan=True)


def other_values(content: Tables, day: int) -> Tables:
    """Return the tables with other prices, volumes and suspensions after a day."""
    random = np.random.default_rng(1)
    changed = {}
    for name, table in content.items():
        factors = np.exp(random.standard_normal(table.shape)) * (random.random(table.shape) > 0.2)
        changed[name] = pd.concat([table[: DAYS[day]], (table * factors)[DAYS[day + 1] :]])
        if "volume" not in table:  # an index that has volume later
            changed[name]["volume"] = np.where(table.index > DAYS[day], 5.0, 0.0)
    return changed


def shuffled(content: Tables, day: int) -> Tables:
    """Return the tables with the next stock's values, half as large again, after a day."""
    names = list(content)
    changed = {}
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        own, other = content[name], content[following].reindex(columns=content[name].columns)
        changed[name] = pd.concat([own[: DAYS[day]], 1.5 * other[DAYS[day + 1] :]])
    return changed


@pytest.mark.parametrize("change", [other_values, shuffled])
def test_no_value_depends_on_a_later_day(tmp_path_factory: pytest.TempPathFactory, change: Change) -> None:
    def series_of(content: Tables) -> Mapping[str, np.ndarray]:
        return read(written(tmp_path_factory.mktemp("m") / "p", content), [*CROSS, *INDEX]).series

    assert_no_look_ahead(series_of, change)

    def planted(content: Tables) -> Mapping[str, np.ndarray]:
        return {text: np.append(values[1:], np.nan) for text, values in series_of(content).items()}

    with pytest.raises(AssertionError, match="up to"):
        assert_no_look_ahead(planted, change)
