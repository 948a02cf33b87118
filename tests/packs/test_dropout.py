"""Dropout by hashing: the right share, the same units in any pack, and no change at rate 0."""

import pytest
import torch
from torch import Tensor

from volopt.packs.dropout import PackedDropout

WINDOW, BATCH, WIDTH = 6, 40, 16


def dropout(
    rates: list[float], seeds: list[int], steps: list[int], window: int = WINDOW, width: int = WIDTH
) -> PackedDropout:
    made = PackedDropout(window, BATCH, width, torch.tensor(steps, dtype=torch.float64)[:, None])
    made.rate[:, 0], made.seed[:, 0] = torch.tensor(rates), torch.tensor(seeds)
    return made


def dropped(
    rates: list[float], seeds: list[int], steps: list[int], layer: int = 0, window: int = WINDOW, width: int = WIDTH
) -> Tensor:
    """Return what dropout makes of ones, shape (members, window, batch, width)."""
    ones = torch.ones(len(rates), window, BATCH, width)
    outputs: Tensor = dropout(rates, seeds, steps, window, width)(ones, layer)
    return outputs


def test_rate_0_changes_no_bit_and_rate_1_drops_everything() -> None:
    outputs = torch.randn(2, WINDOW, BATCH, WIDTH, generator=torch.Generator().manual_seed(0))
    kept, lost = dropout([0.0, 1.0], [0, 1], [0, 1])(outputs, 0)
    assert torch.equal(kept, outputs[0])
    assert not lost.any()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.9])
def test_the_share_of_zeros_is_the_rate_and_the_other_outputs_are_scaled_up(rate: float) -> None:
    outputs = dropped([rate] * 50, list(range(50)), [3] * 50)
    count = outputs.numel()
    assert float((outputs == 0).float().mean()) == pytest.approx(rate, abs=4 * (rate * (1 - rate) / count) ** 0.5)
    assert outputs.max() == pytest.approx(1 / (1 - rate))


def test_masks_of_different_seeds_steps_and_layers_agree_only_by_chance() -> None:
    masks = [dropped([0.5], [seed], [step], layer) > 0 for seed in (0, 1) for step in (0, 1, 2) for layer in (0, 1)]
    count = masks[0].numel()
    for index, mask in enumerate(masks):
        for other in masks[:index]:
            assert abs(float((mask == other).float().mean()) - 0.5) < 5 * 0.5 / count**0.5


def test_days_samples_and_units_are_dropped_independently() -> None:
    mask = (dropped([0.5] * 20, list(range(20)), [7] * 20) > 0).float()
    for dimension in (1, 2, 3):
        shifted = mask.roll(1, dimension)
        assert abs(float((mask == shifted).float().mean()) - 0.5) < 5 * 0.5 / mask.numel() ** 0.5


def test_a_member_drops_the_same_units_in_any_pack_with_a_longer_window_a_larger_width_and_a_smaller_batch() -> None:
    alone = dropped([0.5], [3], [11])
    assert torch.equal(dropped([0.2, 0.5], [8, 3], [2, 11])[1], alone[0])
    assert torch.equal(dropped([0.5], [3], [11], window=WINDOW + 4)[:, 4:], alone)
    assert torch.equal(dropped([0.5], [3], [11], width=WIDTH + 8)[..., :WIDTH], alone)
    assert torch.equal(dropout([0.5], [3], [11])(torch.ones(1, WINDOW, 9, WIDTH), 0), alone[:, :, :9])
