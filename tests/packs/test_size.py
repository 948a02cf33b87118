"""The number of fits that are trained together."""

from typing import Any

import pytest

from builders import definition
from volopt.definition.schema import Phase
from volopt.errors import UsageError
from volopt.packs.size import max_pack

GRID, RANDOM = definition().phases


def phase(**changes: Any) -> Phase:
    return RANDOM.model_copy(update=changes)


@pytest.mark.parametrize(
    ("option", "members"),
    [(None, 1), ("auto", 1024), ("1", 1), ("7", 7)],
)
def test_packs_are_off_without_the_option(option: str | None, members: int) -> None:
    assert max_pack(option, [GRID, RANDOM], 3) == members


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_auto_leaves_a_sampler_that_learns_four_rounds_of_trials_to_learn_from(sampler: str) -> None:
    assert max_pack("auto", [GRID, phase(sampler=sampler, trials=60)], 5) == 75
    assert max_pack("auto", [phase(sampler=sampler, trials=2)], 5) == 5
    assert max_pack("auto", [phase(sampler=sampler, trials=100_000)], 5) == 1024
    assert max_pack("500", [phase(sampler=sampler, trials=60)], 5) == 500


@pytest.mark.parametrize("option", ["", "0", "-1", "4097", "1.5", "many", "AUTO", "²", "9" * 5000])
def test_any_other_option_is_a_usage_error(option: str) -> None:
    with pytest.raises(UsageError, match="neither auto nor a number from 1 to 4096") as caught:
        max_pack(option, [GRID], 1)
    assert "auto" in caught.value.hint
