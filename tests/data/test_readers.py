"""The native reader against qlib itself: the same bits."""

import atexit
import importlib.util
import logging
import math
import os
import statistics
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volopt.data import qlib_reader
from volopt.data.provider import COMPUTED_FIELDS, open_provider
from volopt.data.readers import READERS, default_reader, read_natively, read_on_trade_days, trade_rows
from volopt.definition.expressions import PLAIN, parse
from volopt.definition.nodes import WINDOWED, Binary, Call, Expression, Field, Number

needs_qlib = pytest.mark.skipif(importlib.util.find_spec("qlib") is None, reason="pyqlib has no wheels for this Python")

OPERATORS = [f"{name}({text},{days})" for name in WINDOWED for text in ("$close", "$volume") for days in (1, 3, 60)]
OPERATORS += [f"{name}({text})" for name in PLAIN for text in ("$volume", "$close-$open", "0-$close")]
OPERATORS += [f"{name}({text})" for name in ("Greater", "Less") for text in ("$open,$close", "$close,9.5", "0,$volume")]
OPERATORS += [
    "If($close>$open,$volume,0)",
    "If($close-$open<=Ref($close-$open,1),1,0-$close)",
    "$volume<Mean($volume,5)",
]
OPERATORS += ["If($volume>=1000000,$high/$low,Log($close))", "Mean($close>Ref($close,1),20)", "1<$close/Ref($close,1)"]
OPERATORS += ["$close", "$high-$low", "$close+2", "2-$close", "-2.5*$close", "$close/0", "0/$volume", "$low/$volume"]
OPERATORS += ["Log($close/Ref($close,1))", "Std($close,5)/Mean($close,20)", "Mean(Ref(Log($volume),2),5)"]


def expressions() -> st.SearchStrategy[Expression]:
    fields = st.sampled_from(["$close", "$volume", "$high", "$low"]).map(Field)
    numbers = st.sampled_from([-3, 0, 1, 2.5, 1000000]).map(Number)

    def deeper(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        signs, windows = st.sampled_from("+-*/"), st.sampled_from([1, 2, 5, 30]).map(Number)
        return st.one_of(
            st.builds(Binary, signs, inner, st.one_of(inner, numbers)),
            st.builds(Binary, signs, numbers, inner),
            st.builds(Call, st.sampled_from(WINDOWED), st.tuples(inner, windows)),
            st.builds(Call, st.sampled_from(PLAIN), st.tuples(inner)),
            st.builds(Call, st.sampled_from(["Greater", "Less"]), st.tuples(inner, st.one_of(inner, numbers))),
        )

    return st.recursive(fields, deeper, max_leaves=5)


def assert_same_bits(directory: Path, instrument: str, wanted: list[Expression], start: date, end: date) -> None:
    provider = open_provider(directory)
    rows = provider.check(instrument, {field for each in wanted for field in each.fields}, start, end)
    ours = read_natively(provider, instrument, wanted, rows)
    theirs = qlib_reader.read(provider, instrument, wanted, rows)
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True, check_freq=False)
    assert list(ours.columns) == [each.text for each in wanted]
    assert len(ours) == len(rows)


@needs_qlib
@pytest.mark.parametrize("instrument", ["SH600000", "SH600001"])
def test_every_operator_gives_qlib_s_bits(provider_dir: Path, instrument: str) -> None:
    wanted = [parse(text) for text in OPERATORS]
    assert_same_bits(provider_dir, instrument, wanted, date(2010, 2, 1), date(2010, 6, 30))


@needs_qlib
@pytest.mark.parametrize("instrument", ["SH600000", "SZ000156", "SZ300750", "SH600030"])
def test_every_operator_gives_qlib_s_bits_on_real_data(real_data: Path, instrument: str) -> None:
    """With suspended days, years of suspension, a late listing and days of NaN."""
    wanted = [parse(text) for text in OPERATORS]
    assert_same_bits(real_data / "qlib_cn", instrument, wanted, date(2016, 1, 1), date(2019, 12, 31))


@needs_qlib
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(expressions(), min_size=1, max_size=3, unique_by=lambda each: each.text))
def test_any_expressions_give_qlib_s_bits(provider_dir: Path, wanted: list[Expression]) -> None:
    assert_same_bits(provider_dir, "SH600001", wanted, date(2010, 1, 20), date(2010, 7, 30))


@needs_qlib
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(expressions(), min_size=1, max_size=3, unique_by=lambda each: each.text))
def test_any_expressions_give_qlib_s_bits_on_real_data(real_data: Path, wanted: list[Expression]) -> None:
    assert_same_bits(real_data / "qlib_cn", "SH600000", wanted, date(2015, 5, 1), date(2016, 4, 30))


@needs_qlib
@pytest.mark.parametrize("instrument", ["SH600000", "SH600001"])
def test_the_days_to_the_next_trade_day_are_the_same_with_both_readers(provider_dir: Path, instrument: str) -> None:
    """qlib does not know this field: it reads the others, and columns keep their order and rows."""
    texts = ["$days_to_next", "$close", "Log($days_to_next)", "Ref($days_to_next,2)", "$volume/$days_to_next"]
    provider, wanted = open_provider(provider_dir), [parse(text) for text in texts]
    rows = provider.check(instrument, {field for each in wanted for field in each.fields}, date(2010, 5, 1), None)
    tables = {
        name: read(provider, instrument, wanted, rows)[[w.text for w in wanted]] for name, read in READERS.items()
    }
    pd.testing.assert_frame_equal(tables["qlib"], tables["native"], check_exact=True, check_freq=False)
    days = tables["qlib"]["$days_to_next"]
    assert days["2010-05-06":"2010-05-10"].tolist() == [1, 3, 1]  # Thursday, Friday, Monday
    assert days.iloc[-1] == 3  # a Friday
    alone = READERS["qlib"](provider, instrument, wanted[:1], rows)
    assert alone["$days_to_next"].tolist() == days.tolist()


@needs_qlib
def test_computed_fields_are_the_same_with_both_readers(provider_dir: Path) -> None:
    provider, wanted = open_provider(provider_dir), [parse(field) for field in ("$close", *sorted(COMPUTED_FIELDS))]
    tables = [READERS[name](provider, "SH600000", wanted, range(20, 100)) for name in ("qlib", "native")]
    pd.testing.assert_frame_equal(*(table[[w.text for w in wanted]] for table in tables), check_freq=False)


def test_values_are_computed_by_hand_too(provider_dir: Path) -> None:
    provider = open_provider(provider_dir)
    wanted = [parse(text) for text in ("Mean($close,3)", "Ref($close,2)", "Log($factor)*2")]
    table = read_natively(provider, "SH600000", wanted, range(5, 9))
    close, factor = (provider.series("SH600000", field)[1].astype(float) for field in ("$close", "$factor"))
    np.testing.assert_allclose(table["Mean($close,3)"], [close[i - 2 : i + 1].mean() for i in range(5, 9)], 1e-6)
    np.testing.assert_array_equal(table["Ref($close,2)"], close[3:7])
    np.testing.assert_allclose(table["Log($factor)*2"], 2 * np.log(factor[5:9]), 1e-6)
    assert table.index[0] == pd.Timestamp("2010-01-11")
    assert set(table.dtypes) == {np.dtype("float64")}


@needs_qlib
def test_expressions_that_qlib_has_only_in_part_are_the_same_with_both_readers(provider_dir: Path) -> None:
    """And comparisons add up: qlib's are truth values, of which 1 + 1 is 1 and 1 - 1 is an error."""
    texts = ["Clip($close/Ref($close,1)-1,-0.01,0.01)", "Decay($days_to_next,2)", "$volume", "CSMean($close)*2"]
    texts += ["($close>0)+($volume>=0)-($close<0)", "Mean(Of(SH600001,$low),3)/$close"]
    provider, wanted = open_provider(provider_dir), [parse(text) for text in texts]
    market = {text: np.arange(len(provider.calendar)) / 7 for text in ("CSMean($close)", "Of(SH600001,$low)")}
    rows = provider.check("SH600000", {"$close", "$volume"}, date(2010, 2, 1), None)
    tables = {name: read(provider, "SH600000", wanted, rows, market)[texts] for name, read in READERS.items()}
    pd.testing.assert_frame_equal(tables["qlib"], tables["native"], check_exact=True, check_freq=False)
    table, close = tables["native"], provider.column("SH600000", "$close")
    returns = (close[1:] / close[:-1] - 1)[rows.start - 1 :]
    np.testing.assert_allclose(table[texts[0]], np.clip(returns, -0.01, 0.01), atol=1e-6)
    np.testing.assert_allclose(
        table["Decay($days_to_next,2)"], np.exp(-provider.column("SH600000", "$days_to_next")[rows] / 2), 1e-6
    )
    np.testing.assert_allclose(table["CSMean($close)*2"], np.arange(rows.start, rows.stop) * 2 / 7, 1e-6)
    assert set(table["($close>0)+($volume>=0)-($close<0)"]) == {2}
    np.testing.assert_allclose(table[texts[5]], (np.arange(rows.start, rows.stop) - 1) / 7 / close[rows], 1e-6)


def test_a_comparison_with_a_field_that_begins_later_is_false_before(provider_dir: Path) -> None:
    file = provider_dir / "features/sh600000/close.day.bin"
    content = np.frombuffer(file.read_bytes(), "<f4")
    file.write_bytes(np.concatenate([np.float32([7]), content[8:]]).astype("<f4").tobytes())
    provider, text = open_provider(provider_dir), "If($close<Mean($open,2),1,$open)"
    rows = provider.check("SH600000", {"$close", "$open"}, None, None)
    values = read_natively(provider, "SH600000", [parse(text)], rows)[text]
    opens, closes = (provider.column("SH600000", field) for field in ("$open", "$close"))
    means = pd.Series(opens).rolling(2, min_periods=1).mean()
    np.testing.assert_array_equal(values, np.where(closes < means, 1, opens))
    assert values[:7].tolist() == opens[:7].tolist()


def trade_days(provider_dir: Path, texts: list[str], instrument: str = "SH600000") -> pd.DataFrame:
    provider = open_provider(provider_dir)
    market = {"CSMean($close)": np.arange(len(provider.calendar), dtype=float)}
    return read_on_trade_days(provider, instrument, [parse(text) for text in texts], market)


def test_windows_on_trade_days_leave_suspended_days_out(provider_dir: Path) -> None:
    """The rows 10, 11 and 12 have no volume."""
    texts = [
        "$volume",
        "Ref($volume,1)",
        "Mean($volume,3)",
        "Min($volume,60)",
        "Ref(CSMean($close),1)",
        "$days_to_next",
    ]
    table, provider = trade_days(provider_dir, texts), open_provider(provider_dir)
    volume = provider.column("SH600000", "$volume")
    assert table.index.tolist() == [row for row in range(len(volume)) if row not in (10, 11, 12)]
    assert table.index.tolist() == trade_rows(provider, "SH600000").tolist()
    assert table["Ref($volume,1)"][13] == volume[9]
    np.testing.assert_allclose(
        table["Mean($volume,3)"][[13, 14]], [volume[[8, 9, 13]].mean(), volume[[9, 13, 14]].mean()]
    )
    assert table["Min($volume,60)"].iloc[-1] == table["$volume"].iloc[-60:].min() > 0
    assert table["Ref(CSMean($close),1)"][13] == 9
    assert table["$days_to_next"][9] == 3  # the exchange's next day, not the stock's
    assert trade_days(provider_dir, texts, "SH600001").index[0] == 40
    assert set(table.dtypes) == {np.dtype("float64")}


def of_values(provider_dir: Path, text: str, values: "list[float] | np.ndarray") -> np.ndarray:
    """Return an expression over any values, in place of CSMean($close), on the first days of the calendar."""
    provider = open_provider(provider_dir)
    series = np.concatenate([values, np.zeros(len(provider.calendar) - len(values))])
    rows = np.arange(len(values))
    market = {"CSMean($close)": series}
    return read_on_trade_days(provider, "SH600000", [parse(text)], market, rows=rows)[text].to_numpy()


ANY_VALUES = st.lists(st.one_of(st.floats(0.01, 1e6), st.just(np.nan), st.just(np.inf)), min_size=1, max_size=25)
SLOW: dict[str, Callable[[list[float]], float]] = {
    "Mean": statistics.fmean,
    "Sum": math.fsum,
    "Std": lambda window: statistics.stdev(window) if len(window) > 1 else np.nan,
    "Max": max,
    "Min": min,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_VALUES, st.integers(1, 30), st.sampled_from(sorted(SLOW)))
def test_rolling_values_on_trade_days_are_those_of_their_window_alone(
    provider_dir: Path, values: list[float], days: int, name: str
) -> None:
    windows = [values[max(0, stop - days) : stop] for stop in range(1, len(values) + 1)]
    there = [[value for value in window if math.isfinite(value)] for window in windows]
    slow = [SLOW[name](window) if window else np.nan for window in there]
    np.testing.assert_allclose(of_values(provider_dir, f"{name}(CSMean($close),{days})", values), slow, rtol=1e-9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40), st.integers(1, 30))
def test_an_exponential_mean_on_trade_days_takes_all_days_before(
    provider_dir: Path, values: list[float], days: int
) -> None:
    """With the weights (1 - 2 / (span + 1)) ** age, as qlib and pandas."""
    weights = [(1 - 2 / (days + 1)) ** age for age in range(len(values))]
    slow = [np.average(values[: t + 1], weights=weights[t::-1]) for t in range(len(values))]
    np.testing.assert_allclose(of_values(provider_dir, f"EMA(CSMean($close),{days})", values), slow, rtol=1e-9)


@pytest.mark.parametrize("name", ["Mean", "Sum", "Std"])
def test_no_rounding_stays_of_values_that_left_the_window(provider_dir: Path, name: str) -> None:
    """pandas carries rounding along: after days of very large values it is off, as the last line shows."""
    ordinary = np.random.default_rng(0).lognormal(size=140)
    large = np.arange(140) % 40 < 20
    ends = ~large & np.roll(~large, 4)  # of windows without a large value
    text = f"{name}(CSMean($close),5)"
    wanted = of_values(provider_dir, text, ordinary)[ends]
    errors = []
    for factor in (1e12, 1e14, 1e16):
        values = np.where(large, factor * ordinary, ordinary)
        np.testing.assert_allclose(of_values(provider_dir, text, values)[ends], wanted, 1e-9)
        carried = getattr(pd.Series(values).rolling(5, min_periods=1), name.lower())()[ends]
        errors.append(abs(carried / wanted - 1).max())
    assert max(errors) > 1e-4


LEAK_FREE = [
    "EMA($volume,30)",
    "Std(Log($volume),250)",
    "If($close>Ref($close,1),Max($high,20),0-$low)",
    "Sum($volume,5)",
]
LEAK_FREE += ["Mean(CSMean($close),5)", "Sign($close-Mean($close,60))", "Clip(Log($high/$low),0.01,1)*$days_to_next"]


@pytest.mark.parametrize("day", [9, 45, 100])
def test_no_value_on_a_trade_day_depends_on_a_later_day(provider_dir: Path, day: int) -> None:
    """Later prices, volumes and suspensions change; nothing up to the day does."""
    before = trade_days(provider_dir, LEAK_FREE)
    random = np.random.default_rng(1)
    for file in (provider_dir / "features" / "sh600000").iterdir():
        content = np.frombuffer(file.read_bytes(), "<f4").copy()
        content[day + 2 :] = random.permutation(content[day + 2 :]) * random.uniform(0.1, 10)  # the first is no value
        file.write_bytes(content.tobytes())
    after = trade_days(provider_dir, LEAK_FREE)
    pd.testing.assert_frame_equal(before.loc[:day], after.loc[:day], check_exact=True)
    assert not before.loc[day + 1 :].equals(after.loc[day + 1 :])


def test_the_default_reader_is_native_if_qlib_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_reader() in READERS
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert default_reader() == "native"


@needs_qlib
def test_qlib_leaves_the_process_as_it_was(
    provider_dir: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_exit: list[object] = []
    monkeypatch.setattr(atexit, "register", lambda function, **_: at_exit.append(function))
    monkeypatch.setattr(atexit, "unregister", lambda function: at_exit.remove(function))
    before = sys.excepthook, list(logging.getLogger().handlers), np.geterr(), list(warnings.filters)
    qlib_reader.read(open_provider(provider_dir), "SH600000", [parse("Log($volume)")], range(21))
    assert (sys.excepthook, logging.getLogger().handlers, np.geterr(), warnings.filters) == before
    assert not [function for function in at_exit if "qlib" in type(getattr(function, "__self__", 0)).__module__]
    assert capfd.readouterr() == ("", "")


@needs_qlib
def test_a_fresh_process_reads_quietly_and_writes_nothing_anywhere(provider_dir: Path, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    code = f"""
from datetime import date
from pathlib import Path
from volopt.data.frame import load_frames
frames, source = load_frames(Path({str(provider_dir)!r}), "SH600000", ["$close"], None, None, reader="qlib")
assert source.reader == "qlib", source
"""
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), environment["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=work, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.rglob("*")) == []
    assert list(work.rglob("*")) == []
