"""Random daily tables in random dialects are read back equal, or refused because they can be read in two ways.

``pytest --hypothesis-profile=long`` tries 5,000 of them.
"""

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volopt.data.importing.options import ImportOptions
from volopt.data.importing.rows import parse_rows
from volopt.data.importing.table import read_table
from volopt.errors import DataError

ENGLISH = ("Date", "Open", "High", "Low", "Close", "Volume")
CHINESE = ("日期", "开盘", "最高", "最低", "收盘", "成交量")
BINANCE = ("open_time", "open", "high", "low", "close", "volume")
EXAMPLES = 50 if settings.get_current_profile_name() == "volopt" else settings().max_examples
EPOCHS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DAYS = [
    *("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y"),
    *("%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%y/%m/%d", "%b %d, %Y", "%Y年%m月%d日", "%Y-%m-%dT00:00:00Z", *EPOCHS),
]
UNITS = {"K": 10**3, "M": 10**6, "万": 10**4, "亿": 10**8}


class Dialect(NamedTuple):
    """How a table is written."""

    separator: str
    decimal: str
    group: str  # between thousands, or ""
    price_group: bool
    digits: int  # of prices
    fixed: bool  # whether zeros at the end stay
    day: str
    unit: str
    names: tuple[str, ...]
    encoding: str
    title: str
    end: str
    comma: bool  # after each row, but not after the header
    note: str
    newest_first: bool


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    decimal = draw(st.sampled_from(".,"))
    names = draw(st.sampled_from([ENGLISH, CHINESE, BINANCE]))
    unit = draw(st.sampled_from(["", "", "", *UNITS]))
    day = draw(st.sampled_from(DAYS))
    chinese = names == CHINESE or unit in ("万", "亿") or "年" in day
    return Dialect(
        separator=draw(st.sampled_from(",;\t|")),
        decimal=decimal,
        group=draw(st.sampled_from(["", "", "," if decimal == "." else ".", " ", "'"])),
        price_group=draw(st.booleans()),
        digits=draw(st.integers(0, 5)),
        fixed=draw(st.booleans()),
        day=day,
        unit=unit,
        names=names,
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gbk" if chinese else "cp1252"])),
        title=draw(st.sampled_from(["", "", "AAPL daily prices", "sep="])),
        end=draw(st.sampled_from(["\n", "\r\n"])),
        comma=draw(st.booleans()),
        note=draw(st.sampled_from(["", "", "Source: a vendor"])),
        newest_first=draw(st.booleans()),
    )


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[date, list[float], int]]:
    """Days, four prices, and a volume, of 40 rows and more."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    first = date(2005, 1, 3) + timedelta(days=draw(st.integers(0, 6000)))
    count = draw(st.integers(40, 70))
    days = [day for day in (first + timedelta(days=n) for n in range(2 * count)) if day.weekday() < 5][:count]
    price, volume = 10.0 ** draw(st.integers(-1, 5)), 10.0 ** draw(st.integers(2, 10))
    walk = price * np.exp(np.cumsum(random.normal(0, 0.01, count)))
    spread = walk[:, None] * (1 + np.abs(random.normal(0, 0.01, (count, 4))) * [0, 1, -1, 0.5])
    traded = (volume * np.exp(random.normal(0, 1, count))).astype(int)
    return list(zip(days, spread.tolist(), traded.tolist(), strict=True))


def grouped(text: str, dialect: Dialect, group: bool) -> str:
    whole, _, decimals = text.partition(".")
    if group and dialect.group:
        whole = f"{int(whole):,}".replace(",", dialect.group)
    return whole + (dialect.decimal + decimals if decimals else "")


def price(value: float, dialect: Dialect) -> tuple[str, float]:
    text = f"{value:.{dialect.digits}f}"
    if not dialect.fixed and "." in text:
        text = text.rstrip("0").rstrip(".")
    return grouped(text, dialect, dialect.price_group), float(text)


def volume(value: int, dialect: Dialect) -> tuple[str, float]:
    scale = UNITS.get(dialect.unit, 1)
    if value < scale or not dialect.unit:
        return grouped(str(value), dialect, True), float(value)
    text = f"{value / scale:.2f}"
    return grouped(text, dialect, False) + dialect.unit, float(round(float(text) * scale))


def day(value: date, dialect: Dialect) -> str:
    if dialect.day in EPOCHS:
        return str((value - date(1970, 1, 1)).days * 86_400 * EPOCHS[dialect.day])
    return value.strftime(dialect.day)


def write(table: Any, dialect: Dialect) -> tuple[str, list[list[Any]]]:
    """Return the file, and what is right: days, prices, volume."""
    text = io.StringIO()
    if dialect.title:
        text.write(f"sep={dialect.separator}\n" if dialect.title == "sep=" else f"{dialect.title}\n")
    writer = csv.writer(text, delimiter=dialect.separator, lineterminator="\n")
    writer.writerow(dialect.names)
    right = []
    for when, prices, traded in reversed(table) if dialect.newest_first else table:
        shown = [price(value, dialect) for value in prices]
        counted = volume(traded, dialect)
        cells = [day(when, dialect), *(cell for cell, _ in shown), counted[0]]
        writer.writerow([*cells, ""] if dialect.comma else cells)
        right.append([when, *(value for _, value in shown), counted[1]])
    return (text.getvalue() + dialect.note).replace("\n", dialect.end), right


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables(), dialect=dialects())
def test_a_table_in_any_dialect_is_read_back_equal_or_refused_as_unclear(
    tmp_path: Path, table: Any, dialect: Dialect
) -> None:
    text, right = write(table, dialect)
    (tmp_path / "A.csv").write_bytes(text.encode(dialect.encoding))
    refused = None
    try:
        values = parse_rows(read_table(tmp_path / "A.csv", {}), "A", ImportOptions()).values
    except DataError as error:
        refused = error
    if refused is not None:
        assert "which may be" in refused.message, refused.message
        assert refused.hint.startswith("choose --d")
        return
    assert values["day"].dt.date.tolist() == [row[0] for row in right]
    expected = np.array([row[1:] for row in right], float)
    np.testing.assert_allclose(values[["open", "high", "low", "close", "volume"]].to_numpy(float), expected, rtol=1e-12)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables(), dialect=dialects())
def test_a_table_with_cents_and_plain_volumes_is_never_refused(tmp_path: Path, table: Any, dialect: Dialect) -> None:
    plain = dialect._replace(digits=2, fixed=True, unit="", group="", price_group=False, day="%Y-%m-%d")
    text, right = write(table, plain)
    (tmp_path / "A.csv").write_bytes(text.encode(dialect.encoding))
    values = parse_rows(read_table(tmp_path / "A.csv", {}), "A", ImportOptions()).values
    np.testing.assert_allclose(values["close"], [row[4] for row in right])


def test_a_dialect_that_can_be_read_in_two_ways_is_read_as_the_user_says(tmp_path: Path) -> None:
    rows = "".join(f"2020-01-{number:02}\t30,16{number % 9 + 1}\t450,645\n" for number in range(1, 20))
    (tmp_path / "A.tsv").write_text("date\tclose\tvolume\n" + rows)
    table = read_table(tmp_path / "A.tsv", {})
    with pytest.raises(DataError, match=r"'30,162' .* may be 30162 \(--decimal \.\) or 30.162 \(--decimal ,\)"):
        parse_rows(table, "A", ImportOptions())
    for decimal, close, traded in ((".", 30162, 450645), (",", 30.162, 450.645)):
        values = parse_rows(table, "A", ImportOptions(decimal=decimal)).values  # type: ignore[arg-type]
        assert values[["close", "volume"]].iloc[0].tolist() == [close, traded]
