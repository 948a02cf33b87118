"""The native reader against qlib itself: the same bits."""

import atexit
import importlib.util
import logging
import os
import subprocess
import sys
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volopt.data import qlib_reader
from volopt.data.provider import COMPUTED_FIELDS, open_provider
from volopt.data.readers import READERS, default_reader, read_natively
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
