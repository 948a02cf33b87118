from pathlib import Path

import pytest

from volopt.data.importing.instruments import instrument_name, instrument_of_file, is_chinese
from volopt.errors import DataError


@pytest.mark.parametrize(
    "code", ["sh.600000", "600000.SH", "SH600000", "sh600000", "600000.ss", "600000.XSHG", " 600000.SH ", "SH_600000"]
)
def test_a_chinese_code_is_spelt_as_qlib_does(code: str) -> None:
    assert instrument_name(code, "x.csv") == "SH600000"


@pytest.mark.parametrize(
    "code",
    ["AAPL", "BRK.B", "aapl", "600000", "0700.HK", "^GSPC"[1:], "000001", "M&M", "BTC/USDT", "S&P 500", "Nestlé"],
)
def test_other_codes_stay_as_they_are(code: str) -> None:
    assert instrument_name(code, "x.csv") == code


@pytest.mark.parametrize("code", ["..", "../x", "/x", '{"code": 1}', "x" * 61, "\x1b[31m", "-" * 61])
def test_a_code_that_cannot_be_a_name_is_refused(code: str) -> None:
    with pytest.raises(DataError, match=r"x.csv has .* where the code of an instrument belongs"):
        instrument_name(code, "x.csv")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("INFY.csv", "INFY"),
        ("data/INFY.CSV.gz", "INFY"),
        ("sh.600000.csv", "SH600000"),
        ("600000.SH.parquet", "SH600000"),
        ("BRK.B.txt", "BRK.B"),
        ("INFY", "INFY"),
    ],
)
def test_a_file_name_gives_the_instrument(file: str, name: str) -> None:
    assert instrument_of_file(Path(file).name, file) == name


def test_a_file_name_that_is_no_instrument_asks_for_one() -> None:
    with pytest.raises(DataError, match="its file name is not an instrument name") as caught:
        instrument_of_file("prices [new].csv", "prices [new].csv")
    assert "--instrument" in caught.value.hint


def test_only_codes_of_china_are_chinese() -> None:
    assert is_chinese("SZ000001")
    assert not any(map(is_chinese, ["AAPL", "600000", "0700.HK"]))
