import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from volopt.data.bins import SYNTHETIC
from volopt.data.frame import Frame, load_frames
from volopt.errors import DataError
from volopt.storage.files import write_arrays
from volopt.storage.run_record import DataSource

ROOT = Path(__file__).parents[2]
PUBLISHED = ("$close", "$volume", "Ref($close,1)", "Mean($close,3)", "$high-$low")


def load(directory: Path, *texts: str, reader: str | None = "native", **options: object) -> tuple[Frame, DataSource]:
    start, end = options.pop("start", None), options.pop("end", None)
    frames, source = load_frames(directory, "SH600000", texts, start, end, reader=reader, **options)
    return frames[0], source


def change(directory: Path, field: str, values: object, rows: slice = slice(None)) -> None:
    path = directory / f"features/sh600000/{field}.day.bin"
    series = np.fromfile(path, "<f4")
    series[1:][rows] = values
    path.write_bytes(series.tobytes())


def assert_same(left: Frame, right: Frame) -> None:
    assert (left.name, left.columns, left.quality) == (right.name, right.columns, right.quality)
    np.testing.assert_array_equal(left.dates, right.dates)
    np.testing.assert_array_equal(left.values, right.values)
    assert left.dates.dtype == right.dates.dtype == np.dtype("datetime64[D]")


def test_days_without_trade_are_dropped_and_counted_even_if_volume_is_not_a_column(provider_dir: Path) -> None:
    change(provider_dir, "volume", np.nan, slice(20, 22))
    frame, source = load(provider_dir, "$close", "Mean( $close, 3)", "$close")
    assert frame.columns == ("$close", "Mean($close,3)")
    assert frame.values.shape == (145, 2)
    assert (frame.quality.days, frame.quality.no_trade, frame.quality.incomplete) == (150, 5, 0)
    assert np.datetime64("2010-01-18") not in frame.dates
    assert (source.provider, source.reader, source.synthetic) == (str(provider_dir), "native", False)


def test_days_with_a_missing_or_infinite_value_are_dropped_and_counted(provider_dir: Path) -> None:
    change(provider_dir, "open", np.nan, slice(30, 31))
    change(provider_dir, "open", 0.0, slice(40, 42))
    frame, _ = load(provider_dir, "1/$open", "Ref($close,1)")
    assert frame.quality.incomplete == 4
    assert np.isfinite(frame.values).all()


def test_the_marker_file_makes_the_source_synthetic(provider_dir: Path) -> None:
    (provider_dir / SYNTHETIC).write_text("{}")
    assert load(provider_dir, "$close")[1].synthetic


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.nan, r"\$open of SH600000 has no value on any trade day"),
        (3.0, r"\$open of SH600000 is 3 on every trade day"),
    ],
)
def test_a_feature_without_values_or_without_change_is_refused(provider_dir: Path, values: float, reason: str) -> None:
    change(provider_dir, "open", values)
    with pytest.raises(DataError, match=reason):
        load(provider_dir, "$close", "$open")


def test_features_that_never_meet_are_refused(provider_dir: Path) -> None:
    change(provider_dir, "open", np.nan, slice(0, 70))
    change(provider_dir, "close", np.nan, slice(70, None))
    with pytest.raises(DataError, match="no day on which all"):
        load(provider_dir, "$close", "$open")


def test_a_range_without_trade_is_refused(provider_dir: Path) -> None:
    with pytest.raises(DataError, match="no day with trade"):
        load(provider_dir, "$close", start=date(2010, 1, 18), end=date(2010, 1, 20))


def test_an_expression_outside_the_grammar_is_refused(provider_dir: Path) -> None:
    with pytest.raises(DataError, match="looks into the future"):
        load(provider_dir, "Ref($close,-1)")


def test_the_fingerprint_is_that_of_data_and_request_not_of_the_place_or_the_reader(
    provider_dir: Path, tmp_path: Path
) -> None:
    _, source = load(provider_dir, "$close")
    moved = provider_dir.rename(tmp_path / "elsewhere")
    assert load(moved, " $close ")[1].fingerprint == source.fingerprint
    others = [
        load(moved, "$open")[1],
        load(moved, "$close", start=date(2010, 1, 5))[1],
        load(moved, "$close", end=date(2010, 7, 29))[1],
    ]
    change(moved, "volume", 7.0, slice(0, 1))
    others.append(load(moved, "$close")[1])
    assert len({each.fingerprint for each in (source, *others)}) == 5


def test_a_field_that_no_expression_uses_leaves_the_fingerprint_alone(provider_dir: Path) -> None:
    before = load(provider_dir, "$close")[1].fingerprint
    change(provider_dir, "open", 7.0, slice(0, 1))
    assert load(provider_dir, "$close")[1].fingerprint == before


def test_what_an_exchange_publishes_changes_the_fingerprint_only_of_days_near_it(provider_dir: Path) -> None:
    """The calendar ends on a Friday, 2010-07-30, and another future calendar has its next day on Wednesday."""
    texts, early = ["$close", "$days_after_next", "$next_day"], date(2010, 6, 1)
    before = [load(provider_dir, *texts, end=end)[1].fingerprint for end in (early, None)]
    (provider_dir / "calendars/day_future.txt").write_text("2010-08-04\n")
    frame, source = load(provider_dir, *texts)
    assert load(provider_dir, *texts, end=early)[1].fingerprint == before[0]
    assert source.fingerprint != before[1]
    assert frame.values[-2:, 1:].tolist() == [[5, 30], [1, 4]]
    unaware = load(provider_dir, *texts, following=np.array([], "datetime64[D]"))[0]
    assert unaware.values[-2:, 1:].tolist() == [[3, 30], [1, 2]]


def test_a_cached_frame_is_the_frame(provider_dir: Path, tmp_path: Path) -> None:
    change(provider_dir, "volume", 1e9, slice(50, 51))
    change(provider_dir, "volume", 0.0, slice(60, 75))
    first, source = load(provider_dir, "$close", "$volume", cache=tmp_path / "cache")
    assert first.quality.gaps
    assert first.quality.outliers
    again, restored = load(provider_dir, "$close", "$volume", cache=tmp_path / "cache", reader="qlib")
    assert_same(again, first)
    assert restored == source  # and says who read it


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_broken_cache_file_is_written_anew(provider_dir: Path, tmp_path: Path, content: bytes) -> None:
    first, source = load(provider_dir, "$close", cache=tmp_path / "cache")
    entry = tmp_path / "cache" / f"{source.fingerprint}.safetensors"
    entry.write_bytes(content)
    assert_same(load(provider_dir, "$close", cache=tmp_path / "cache")[0], first)
    assert len(entry.read_bytes()) > 1000


def test_a_cache_file_of_another_program_is_written_anew(provider_dir: Path, tmp_path: Path) -> None:
    first, source = load(provider_dir, "$close")
    write_arrays(tmp_path / f"{source.fingerprint}.safetensors", {}, {"reader": "x", "frames": [{"name": "y"}]})
    assert_same(load(provider_dir, "$close", cache=tmp_path)[0], first)


def test_a_cache_directory_that_cannot_be_written_to_is_left_alone(provider_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert_same(load(provider_dir, "$close", cache=tmp_path / "file")[0], load(provider_dir, "$close")[0])
    assert (tmp_path / "file").read_text() == "in the way"


def test_with_the_cache_at_hand_qlib_is_not_imported(provider_dir: Path, tmp_path: Path) -> None:
    load(provider_dir, "$close", cache=tmp_path / "cache")
    code = f"""
import sys
from pathlib import Path
from volopt.data.frame import load_frames
load_frames(Path({str(provider_dir)!r}), "SH600000", ["$close"], None, None, cache=Path({str(tmp_path / "cache")!r}))
sys.exit("qlib" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ)).returncode == 0


@pytest.fixture
def csv_dir(tmp_path: Path) -> Path:
    for name, year in (("one.csv", 2010), ("two.csv", 2011)):
        rows = [f"SH600000,{year}-01-{day:02},{day},{day * 100}" for day in range(3, 20)]
        (tmp_path / name).write_text("\n".join(["instrument,datetime,$close,$volume", *rows]))
    return tmp_path


def test_each_csv_file_gives_a_frame_in_the_order_asked_for(csv_dir: Path, tmp_path: Path) -> None:
    for _ in ("read", "restored"):
        frames, source = load_frames(
            csv_dir, "SH600000", ["$close"], None, None, files=["two.csv", "one.csv"], cache=tmp_path / "cache"
        )
        assert [(frame.name, str(frame.dates[0])) for frame in frames] == [
            ("two.csv", "2011-01-03"),
            ("one.csv", "2010-01-03"),
        ]
        assert source.reader == "csv"


def test_csv_files_are_cut_to_the_range(csv_dir: Path) -> None:
    frame, _ = load(csv_dir, "$close", start=date(2010, 1, 5), end=date(2010, 1, 8), files=["one.csv"])
    assert frame.values[:, 0].tolist() == [5, 6, 7, 8]


def test_a_changed_csv_file_has_another_fingerprint(csv_dir: Path) -> None:
    before = load(csv_dir, "$close", files=["one.csv"])[1].fingerprint
    path = csv_dir / "one.csv"
    path.write_text(path.read_text().replace(",3,300", ",4,300"))
    assert load(csv_dir, "$close", files=["one.csv"])[1].fingerprint != before


def test_a_missing_csv_file_is_named(csv_dir: Path) -> None:
    with pytest.raises(DataError, match=r"three\.csv is missing"):
        load(csv_dir, "$close", files=["three.csv"])


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2010, 1, 1), date(2015, 8, 31), 1353),
        (date(2015, 9, 1), date(2017, 12, 31), 544),
        (date(2018, 1, 1), date(2018, 12, 31), 243),
    ],
)
def test_the_real_stock_has_the_paper_s_trade_days(real_data: Path, start: date, end: date, days: int) -> None:
    frame, _ = load(real_data / "qlib_cn", "$close", "$volume", start=start, end=end, reader=None)
    assert len(frame.dates) == days


def test_the_published_files_have_their_known_rows(real_data: Path) -> None:
    files = ["SH600000.csv", "SH600000TE.csv"]
    frames, _ = load_frames(real_data / "published", "SH600000", PUBLISHED, None, None, files=files)
    history, test = frames
    assert history.quality.days == 1897
    assert history.values.shape == (1895, 5)
    assert len(test.dates) == 243
    assert len(history.quality.gaps) == 4
