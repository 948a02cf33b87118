"""New days are merged into a provider: new values replace old ones, and nothing else changes."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.importing.merge import merge_days, read_days, write_merged
from volopt.data.provider import Span, open_provider
from volopt.errors import DataError

DAYS = pd.bdate_range("2010-08-02", periods=3, unit="s")  # after those of provider_dir


def table(days: pd.DatetimeIndex, close: float = 2.0, **fields: float) -> pd.DataFrame:
    known = {"close": close, "volume": 30.0, "factor": 1.0, "change": np.nan} | fields
    return pd.DataFrame(known, index=pd.DatetimeIndex(days, name="day"))


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_new_days_follow_and_the_change_joins_them() -> None:
    old, new = table(DAYS[:1], change=0.25), table(DAYS[1:], close=3)
    merged = merge_days(old, new)
    assert (merged.added, merged.known, merged.doubted) == (2, 0, ())
    assert merged.values["close"].tolist() == [2, 3, 3]
    assert merged.values["change"].tolist() == [0.25, 0.5, 0]


def test_a_known_day_gets_the_new_values_and_is_reported_if_they_differ() -> None:
    merged = merge_days(table(DAYS), table(DAYS[1:2], close=3))
    assert (merged.added, merged.known) == (0, 1)
    assert merged.values["close"].tolist() == [2, 3, 2]
    np.testing.assert_allclose(merged.values["change"], [np.nan, 0.5, -1 / 3])
    (issue,) = merged.doubted
    assert issue.what == "known days with different values (new ones used)"
    assert issue.examples == ("2010-08-03",)


def test_a_known_day_that_is_the_same_within_float32_is_not_reported() -> None:
    old = table(DAYS, close=0.1).astype(np.float32).astype(np.float64)
    assert merge_days(old, table(DAYS, close=0.1)).doubted == ()


def test_fields_that_only_the_old_days_have_stay() -> None:
    merged = merge_days(table(DAYS[:2], vwap=7.0), table(DAYS[1:], open=1.0)).values
    np.testing.assert_array_equal(merged["vwap"], [7, 7, np.nan])
    np.testing.assert_array_equal(merged["open"], [np.nan, 1, 1])


def test_days_that_are_adjusted_to_another_day_are_reported() -> None:
    merged = merge_days(table(DAYS[:2], factor=1.0), table(DAYS[1:], factor=0.5))
    kinds = [issue.what for issue in merged.doubted]
    assert any("another factor (days outside the file keep theirs" in what for what in kinds)
    assert any("jumps of the factor between old and new days" in what for what in kinds)
    whole = merge_days(table(DAYS, factor=1.0), table(DAYS, factor=0.5))
    assert [issue.what for issue in whole.doubted] == ["known days with different values (new ones used)"]


def test_days_after_the_calendar_leave_other_series_and_unknown_files_byte_for_byte(
    provider_dir: Path, tmp_path: Path
) -> None:
    (provider_dir / "instruments" / "mine.txt").write_text("SH600001\t2010-01-04\t2010-02-01\n")
    before = files(provider_dir)
    calendar = write_merged(tmp_path / "new", open_provider(provider_dir), {"AAPL": table(DAYS)})
    after = files(tmp_path / "new")
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"calendars/day.txt", "instruments/all.txt"}
    assert {name.split("/")[1] for name in after.keys() - before.keys()} == {"aapl"}
    assert calendar[-1] == DAYS[-1]
    provider = open_provider(tmp_path / "new")
    assert list(provider.instruments) == ["SH600000", "SH600001", "AAPL"]
    assert files(provider_dir) == before


def test_days_inside_the_calendar_shift_other_series_with_their_days(provider_dir: Path, tmp_path: Path) -> None:
    days = pd.DatetimeIndex(["2009-12-31", "2010-04-03"]).as_unit("s")  # before the first, and on a Saturday
    old = open_provider(provider_dir)
    write_merged(tmp_path / "new", old, {"AAPL": table(days)})
    new = open_provider(tmp_path / "new")
    for name in ("SH600000", "SH600001"):
        pd.testing.assert_frame_equal(read_days(new, name), read_days(old, name))
        assert new.instruments[name] == old.instruments[name]
        assert new.series(name, "$close")[1].size == old.series(name, "$close")[1].size + 1
    assert len(new.calendar) == len(old.calendar) + 2


def test_a_series_without_a_day_is_shifted_too(provider_dir: Path, tmp_path: Path) -> None:
    (provider_dir / "features/sh600001/close.day.bin").write_bytes(np.array([40], "<f4").tobytes())
    write_merged(
        tmp_path / "new", open_provider(provider_dir), {"A": table(pd.DatetimeIndex(["2009-12-31"]).as_unit("s"))}
    )
    assert open_provider(tmp_path / "new").series("SH600001", "$close")[0] == 41


def test_the_listing_of_an_instrument_grows_with_its_days(provider_dir: Path, tmp_path: Path) -> None:
    old = open_provider(provider_dir)
    (provider_dir / "instruments" / "all.txt").write_text(
        "SH600001\t2010-05-03\t2010-06-01\nSH600001\t2010-06-07\t2010-06-09\n"
    )
    old = open_provider(provider_dir)
    values = merge_days(read_days(old, "SH600001"), table(DAYS)).values
    write_merged(tmp_path / "new", old, {"SH600001": values})
    first, last = open_provider(tmp_path / "new").instruments["SH600001"]
    assert first == Span(pd.Timestamp("2010-03-01").date(), pd.Timestamp("2010-06-01").date())
    assert last == Span(pd.Timestamp("2010-06-07").date(), DAYS[-1].date())


def test_a_broken_series_of_the_old_provider_is_refused(provider_dir: Path, tmp_path: Path) -> None:
    (provider_dir / "features/sh600001/close.day.bin").write_bytes(b"xxx")
    with pytest.raises(DataError, match="is broken"):
        write_merged(
            tmp_path / "new", open_provider(provider_dir), {"A": table(pd.DatetimeIndex(["2009-12-31"]).as_unit("s"))}
        )


def test_nothing_is_written_through_a_link_that_leads_out(provider_dir: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(provider_dir / "features/sh600000", outside)
    (provider_dir / "features/sh600000").symlink_to(outside)
    before = files(outside)
    with pytest.raises(DataError, match="leads out of"):
        write_merged(tmp_path / "new", open_provider(provider_dir), {"SH600000": table(DAYS)})
    assert files(outside) == before
