"""The number of fits that are trained together."""

import pytest

from volopt.errors import UsageError
from volopt.packs.size import max_pack


@pytest.mark.parametrize(
    ("option", "members"),
    [(None, 1), ("auto", 1024), ("1", 1), ("7", 7)],
)
def test_packs_are_off_without_the_option(option: str | None, members: int) -> None:
    assert max_pack(option) == members


@pytest.mark.parametrize("option", ["", "0", "-1", "4097", "1.5", "many", "AUTO", "²", "9" * 5000])
def test_any_other_option_is_a_usage_error(option: str) -> None:
    with pytest.raises(UsageError, match="neither auto nor a number from 1 to 4096") as caught:
        max_pack(option)
    assert "auto" in caught.value.hint
