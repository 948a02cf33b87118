"""Dropout by counting: the right share, the same units in any company, and nothing at all at rate 0."""

import pytest
import torch
from torch import Tensor

from volopt.packs.dropout import PackedDropout

WINDOW, BATCH, WIDTH = 6, 40, 16


def dropped(
    rates: list[float], seeds: list[int], steps: list[int], layer: int = 0, window: int = WINDOW, width: int = WIDTH
) -> Tensor:
    """What becomes of ones, shape (members, window, batch, width)."""
    found: Tensor = PackedDropout(window, BATCH, width, "cpu")(
        torch.ones(len(rates), window, BATCH, width),
        torch.tensor(rates),
        torch.tensor(seeds),
        torch.tensor(steps),
        layer,
    )
    return found


def test_at_rate_0_nothing_changes_to_the_last_bit_and_at_rate_1_all_is_dropped() -> None:
    outputs = torch.randn(2, WINDOW, BATCH, WIDTH, generator=torch.Generator().manual_seed(0))
    drop = PackedDropout(WINDOW, BATCH, WIDTH, "cpu")
    found = drop(outputs, torch.tensor([0.0, 1.0]), torch.tensor([0, 1]), torch.tensor([0, 1]), 0)
    assert torch.equal(found[0], outputs[0])
    assert not found[1].any()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.9])
def test_the_share_of_zeros_is_the_rate_and_what_stays_makes_up_for_it(rate: float) -> None:
    found = dropped([rate] * 50, list(range(50)), [3] * 50)
    count = found.numel()
    assert float((found == 0).float().mean()) == pytest.approx(rate, abs=4 * (rate * (1 - rate) / count) ** 0.5)
    assert found.max() == pytest.approx(1 / (1 - rate))


def test_masks_of_other_seeds_steps_and_layers_agree_no_more_than_by_chance() -> None:
    masks = [dropped([0.5], [seed], [step], layer) > 0 for seed in (0, 1) for step in (0, 1, 2) for layer in (0, 1)]
    count = masks[0].numel()
    for index, one in enumerate(masks):
        for other in masks[:index]:
            assert abs(float((one == other).float().mean()) - 0.5) < 5 * 0.5 / count**0.5


def test_days_samples_and_units_are_dropped_independently() -> None:
    mask = (dropped([0.5] * 20, list(range(20)), [7] * 20) > 0).float()
    for dimension in (1, 2, 3):
        shifted = mask.roll(1, dimension)
        assert abs(float((mask == shifted).float().mean()) - 0.5) < 5 * 0.5 / mask.numel() ** 0.5


def test_a_member_drops_the_same_units_in_any_company_a_longer_window_a_wider_pack_and_a_smaller_batch() -> None:
    alone = dropped([0.5], [3], [11])
    assert torch.equal(dropped([0.2, 0.5], [8, 3], [2, 11])[1], alone[0])
    assert torch.equal(dropped([0.5], [3], [11], window=WINDOW + 4)[:, 4:], alone)
    assert torch.equal(dropped([0.5], [3], [11], width=WIDTH + 8)[..., :WIDTH], alone)
    drop = PackedDropout(WINDOW, BATCH, WIDTH, "cpu")
    last = drop(torch.ones(1, WINDOW, 9, WIDTH), torch.tensor([0.5]), torch.tensor([3]), torch.tensor([11]), 0)
    assert torch.equal(last, alone[:, :, :9])
