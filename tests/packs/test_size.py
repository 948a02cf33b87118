"""How many fits are trained together."""

from typing import Any

import pytest

from builders import definition
from volopt.definition.schema import Phase
from volopt.errors import UsageError
from volopt.packs.size import members

GRID, RANDOM = definition().phases


def phase(**changes: Any) -> Phase:
    return RANDOM.model_copy(update=changes)


@pytest.mark.parametrize(
    ("said", "device", "found"),
    [
        (None, "cpu", 1),
        (None, "cuda", 1024),
        (None, "cuda:1", 1024),
        ("auto", "cpu", 1024),
        ("1", "cuda", 1),
        ("7", "cpu", 7),
    ],
)
def test_it_is_what_was_said_or_one_on_a_cpu_and_many_on_a_gpu(said: str | None, device: str, found: int) -> None:
    assert members(said, device, [GRID, RANDOM], 3) == found


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes"])
def test_auto_leaves_a_sampler_that_learns_four_rounds_of_trials_to_learn_from(sampler: str) -> None:
    assert members("auto", "cpu", [GRID, phase(sampler=sampler, trials=60)], 5) == 75
    assert members("auto", "cpu", [phase(sampler=sampler, trials=2)], 5) == 5
    assert members("auto", "cpu", [phase(sampler=sampler, trials=100_000)], 5) == 1024
    assert members("500", "cpu", [phase(sampler=sampler, trials=60)], 5) == 500


@pytest.mark.parametrize("said", ["", "0", "-1", "4097", "1.5", "many", "AUTO", "²", "9" * 5000])
def test_anything_else_is_a_wrong_usage(said: str) -> None:
    with pytest.raises(UsageError, match="neither auto nor a number from 1 to 4096") as caught:
        members(said, "cpu", [GRID], 1)
    assert "auto" in caught.value.hint
