"""Frames of many instruments: which are read, which are left out, and their fingerprint."""

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from panels import INDEX, KEPT, LATE, write_panel
from static_panels import STOCKS, write_static_panel
from volopt.data.frame import load_frames
from volopt.data.panel import Panel, is_index, load_panel
from volopt.errors import DataError

TEXTS = ["$close", "$volume"]
FIRST, LAST = date(2015, 1, 5), date(2018, 12, 28)


def load(
    directory: Path, names: Sequence[str] | Literal["all"] = "all", first: date = FIRST, last: date = LAST
) -> Panel:
    return load_panel(directory, names, TEXTS, first, last)


def test_all_stands_for_every_instrument_but_indices(panel_data: Path) -> None:
    panel = load(panel_data)
    assert [frame.name for frame in panel.frames] == [*KEPT, LATE]
    assert panel.left_out == {}
    assert panel.source.synthetic


def test_an_index_is_read_if_it_is_named_and_the_order_is_that_of_the_names(panel_data: Path) -> None:
    assert [frame.name for frame in load(panel_data, [INDEX, KEPT[2], KEPT[0]]).frames] == [INDEX, KEPT[2], KEPT[0]]


def test_each_frame_is_that_of_the_instrument_alone(panel_data: Path) -> None:
    for frame in load(panel_data).frames:
        (alone,), _ = load_frames(panel_data, frame.name, TEXTS, FIRST, LAST)
        np.testing.assert_array_equal(frame.dates, alone.dates)
        np.testing.assert_array_equal(frame.values, alone.values)


def test_the_static_inputs_of_all_frames_are_rows_of_one_array(panel_data: Path) -> None:
    static = ("Mean($volume,5)", "Log($close)")
    panel = load_panel(panel_data, "all", TEXTS, FIRST, LAST, static=static)
    bases = {id(frame.static.base) for frame in panel.frames if frame.static is not None}
    assert len(bases) == 1
    for frame in panel.frames:
        (alone,), _ = load_frames(panel_data, frame.name, TEXTS, FIRST, LAST, static=static)
        np.testing.assert_array_equal(frame.static, alone.static)


def test_only_a_cross_section_depends_on_all_stocks_of_a_panel(tmp_path: Path) -> None:
    write_static_panel(tmp_path / "data")

    def stocks(text: str) -> Sequence[str]:
        return load_panel(tmp_path / "data", "all", TEXTS, FIRST, LAST, static=[text]).market

    assert stocks("Of(SH000300,$close)") == ()
    assert stocks("CSMean($close)") == list(STOCKS)


def test_an_unknown_name_is_refused_with_the_nearest(panel_data: Path) -> None:
    with pytest.raises(DataError, match="has no instrument SZ00001") as caught:
        load(panel_data, [KEPT[0], "SZ00001"])
    assert "SZ000001" in caught.value.hint


def test_an_instrument_that_is_not_listed_in_the_range_is_left_out_with_the_reason(panel_data: Path) -> None:
    panel = load(panel_data, last=date(2015, 12, 31))
    assert [frame.name for frame in panel.frames] == list(KEPT)
    assert panel.left_out == {LATE: f"{LATE} is not listed between 2015-01-05 and 2015-12-31"}


def test_a_panel_without_a_readable_instrument_is_an_error_with_the_first_reason(
    panel_data: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"no instrument of .* can be read: {LATE} is not listed") as caught:
        load(panel_data, [LATE], last=date(2015, 12, 31))
    assert caught.value.hint == "it is listed from 2016-02-29 to 2018-12-28"
    directory = shutil.copytree(panel_data, tmp_path / "indices")
    (directory / "instruments" / "all.txt").write_text(f"{INDEX}\t2015-01-05\t2018-12-28\n")
    with pytest.raises(DataError, match=r"no instrument of .* can be read: it lists only indices"):
        load(directory)


def test_the_fingerprint_changes_with_the_data_of_any_instrument_and_of_no_other(
    panel_data: Path, tmp_path: Path
) -> None:
    before = load(panel_data).source.fingerprint
    panel = {}
    for name in (*KEPT, LATE, INDEX):
        write_panel(tmp_path / name, changed=name)
        panel[name] = load(tmp_path / name).source.fingerprint
    assert panel.pop(INDEX) == before
    assert len({before, *panel.values()}) == 1 + len(panel)


def test_the_fingerprint_changes_with_the_instruments(panel_data: Path) -> None:
    panels = [KEPT, KEPT[:2], KEPT[1:], KEPT[:1]]
    assert len({load(panel_data, names).source.fingerprint for names in panels}) == len(panels)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        *((name, True) for name in ("SH000300", "sh000001", "SZ399001", "BJ899050", "CSI300", "^GSPC")),
        *((name, False) for name in ("SH600000", "SZ000001", "SZ300750", "BJ430047", "AAPL", "XSH000300")),
    ],
)
def test_indices_are_known_by_their_names(name: str, index: bool) -> None:
    assert is_index(name) == index
