"""New days among those of a provider: new values win, and nothing else changes."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.importing.merge import extend, old_days, write
from volopt.data.provider import Span, open_provider
from volopt.errors import DataError

DAYS = pd.bdate_range("2010-08-02", periods=3, unit="s")  # behind those of provider_dir


def table(days: pd.DatetimeIndex, close: float = 2.0, **fields: float) -> pd.DataFrame:
    known = {"close": close, "volume": 30.0, "factor": 1.0, "change": np.nan} | fields
    return pd.DataFrame(known, index=pd.DatetimeIndex(days, name="day"))


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_new_days_come_behind_and_the_change_joins_them() -> None:
    old, new = table(DAYS[:1], change=0.25), table(DAYS[1:], close=3)
    found = extend(old, new)
    assert (found.added, found.known, found.doubted) == (2, 0, ())
    assert found.values["close"].tolist() == [2, 3, 3]
    assert found.values["change"].tolist() == [0.25, 0.5, 0]


def test_a_known_day_is_the_new_one_and_told_where_it_differs() -> None:
    found = extend(table(DAYS), table(DAYS[1:2], close=3))
    assert (found.added, found.known) == (0, 1)
    assert found.values["close"].tolist() == [2, 3, 2]
    np.testing.assert_allclose(found.values["change"], [np.nan, 0.5, -1 / 3])
    (finding,) = found.doubted
    assert finding.what == "known days with differing values, the new ones taken"
    assert finding.examples == ("2010-08-03",)


def test_a_known_day_that_is_the_same_within_float32_is_nothing_to_tell() -> None:
    old = table(DAYS, close=0.1).astype(np.float32).astype(np.float64)
    assert extend(old, table(DAYS, close=0.1)).doubted == ()


def test_fields_that_only_the_old_days_have_stay() -> None:
    found = extend(table(DAYS[:2], vwap=7.0), table(DAYS[1:], open=1.0)).values
    np.testing.assert_array_equal(found["vwap"], [7, 7, np.nan])
    np.testing.assert_array_equal(found["open"], [np.nan, 1, 1])


def test_days_that_are_adjusted_to_another_day_are_told() -> None:
    found = extend(table(DAYS[:2], factor=1.0), table(DAYS[1:], factor=0.5))
    told = [finding.what for finding in found.doubted]
    assert any("another factor, where the days outside the file keep theirs" in what for what in told)
    assert any("jumps of the factor between old and new days" in what for what in told)
    whole = extend(table(DAYS, factor=1.0), table(DAYS, factor=0.5))
    assert [finding.what for finding in whole.doubted] == ["known days with differing values, the new ones taken"]


def test_behind_the_calendar_other_series_and_unknown_files_stay_byte_for_byte(
    provider_dir: Path, tmp_path: Path
) -> None:
    (provider_dir / "instruments" / "mine.txt").write_text("SH600001\t2010-01-04\t2010-02-01\n")
    before = files(provider_dir)
    calendar = write(tmp_path / "new", open_provider(provider_dir), {"AAPL": table(DAYS)})
    after = files(tmp_path / "new")
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"calendars/day.txt", "instruments/all.txt"}
    assert {name.split("/")[1] for name in after.keys() - before.keys()} == {"aapl"}
    assert calendar[-1] == DAYS[-1]
    provider = open_provider(tmp_path / "new")
    assert list(provider.instruments) == ["SH600000", "SH600001", "AAPL"]
    assert files(provider_dir) == before


def test_between_known_days_other_series_follow_theirs(provider_dir: Path, tmp_path: Path) -> None:
    days = pd.DatetimeIndex(["2009-12-31", "2010-04-03"]).as_unit("s")  # before the first, and on a Saturday
    old = open_provider(provider_dir)
    write(tmp_path / "new", old, {"AAPL": table(days)})
    new = open_provider(tmp_path / "new")
    for name in ("SH600000", "SH600001"):
        pd.testing.assert_frame_equal(old_days(new, name), old_days(old, name))
        assert new.instruments[name] == old.instruments[name]
        assert new.series(name, "$close")[1].size == old.series(name, "$close")[1].size + 1
    assert len(new.calendar) == len(old.calendar) + 2


def test_a_series_without_a_day_follows_too(provider_dir: Path, tmp_path: Path) -> None:
    (provider_dir / "features/sh600001/close.day.bin").write_bytes(np.array([40], "<f4").tobytes())
    write(tmp_path / "new", open_provider(provider_dir), {"A": table(pd.DatetimeIndex(["2009-12-31"]).as_unit("s"))})
    assert open_provider(tmp_path / "new").series("SH600001", "$close")[0] == 41


def test_the_listing_of_an_instrument_grows_with_its_days(provider_dir: Path, tmp_path: Path) -> None:
    old = open_provider(provider_dir)
    (provider_dir / "instruments" / "all.txt").write_text(
        "SH600001\t2010-05-03\t2010-06-01\nSH600001\t2010-06-07\t2010-06-09\n"
    )
    old = open_provider(provider_dir)
    values = extend(old_days(old, "SH600001"), table(DAYS)).values
    write(tmp_path / "new", old, {"SH600001": values})
    first, last = open_provider(tmp_path / "new").instruments["SH600001"]
    assert first == Span(pd.Timestamp("2010-03-01").date(), pd.Timestamp("2010-06-01").date())
    assert last == Span(pd.Timestamp("2010-06-07").date(), DAYS[-1].date())


def test_a_broken_series_of_the_old_one_is_told(provider_dir: Path, tmp_path: Path) -> None:
    (provider_dir / "features/sh600001/close.day.bin").write_bytes(b"xxx")
    with pytest.raises(DataError, match="is broken"):
        write(
            tmp_path / "new", open_provider(provider_dir), {"A": table(pd.DatetimeIndex(["2009-12-31"]).as_unit("s"))}
        )


def test_nothing_is_written_through_a_link_of_a_stranger(provider_dir: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(provider_dir / "features/sh600000", outside)
    (provider_dir / "features/sh600000").symlink_to(outside)
    before = files(outside)
    with pytest.raises(DataError, match="leads out of"):
        write(tmp_path / "new", open_provider(provider_dir), {"SH600000": table(DAYS)})
    assert files(outside) == before
