"""One Adam for all members: each member's weights become those of torch's own optimizer."""

import pytest
import torch

from volopt.packs.adam import PackedAdam

RATES, DECAYS = (1e-4, 0.005, 0.1, 0.03), (0.0, 0.0, 0.2, 1e-6)


def gradients(steps: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(4, 30, generator=generator) * 10.0 ** (step % 5 - 3) for step in range(steps)]


@pytest.mark.parametrize("steps", [1, 2, 100])
def test_each_member_has_torchs_adam_or_adamw_with_its_own_rate_and_decay(steps: int) -> None:
    initial = torch.randn(4, 30, generator=torch.Generator().manual_seed(0))
    rows = initial.clone()
    adam = PackedAdam(rows)
    adam.rate[:, 0], adam.decay[:, 0] = (torch.tensor(values, dtype=torch.float64) for values in (RATES, DECAYS))
    for gradient in gradients(steps):
        adam.step(gradient)
    for member, (rate, decay) in enumerate(zip(RATES, DECAYS, strict=True)):
        weights = initial[member].clone().requires_grad_()
        optimizer: torch.optim.Optimizer = torch.optim.Adam([weights], rate)
        if decay:
            optimizer = torch.optim.AdamW([weights], lr=rate, weight_decay=decay)
        for gradient in gradients(steps):
            weights.grad = gradient[member]
            optimizer.step()
        state = optimizer.state[weights]
        torch.testing.assert_close(rows[member], weights.detach(), rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(adam.first[member], state["exp_avg"], rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(adam.second[member], state["exp_avg_sq"], rtol=1e-6, atol=1e-12)
        assert float(adam.steps[member]) == float(state["step"]) == steps


def test_members_may_have_taken_different_numbers_of_steps() -> None:
    """Later in a fit the same gradient moves the weights differently, because the moments need no correction."""
    rows = torch.zeros(2, 3)
    adam = PackedAdam(rows)
    adam.rate[:] = 0.1
    adam.steps[1] = 1000
    adam.step(torch.ones(2, 3))
    assert rows[0].tolist() == pytest.approx([-0.1] * 3)
    corrected = 0.1 / (1 - 0.9**1001) / ((0.001 / (1 - 0.999**1001)) ** 0.5)
    assert rows[1].tolist() == pytest.approx([-0.1 * corrected] * 3, rel=1e-5)
