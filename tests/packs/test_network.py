"""Many networks as one: forward and gradients are those of each by itself, whatever stands beside it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from volopt.models.recurrent import CELLS, Recurrent
from volopt.packs.layout import WeightLayout
from volopt.packs.network import PackedRecurrent

FEATURES, WIDTHS, WINDOWS, BATCH = 2, (3, 8, 5), (4, 6, 6), 7


def networks(cell: str, num_layers: int, head_outputs: int = 1) -> list[Recurrent]:
    models = []
    for seed, hidden_size in enumerate(WIDTHS):
        torch.manual_seed(seed)
        models.append(
            Recurrent(
                cell,
                features=FEATURES,
                hidden_size=hidden_size,
                num_layers=num_layers,
                head_outputs=head_outputs,
            )
        )
    return models


def packed(cell: str, models: list[Recurrent]) -> PackedRecurrent:
    layers, outputs = models[0].recurrent.num_layers, models[0].head.out_features
    layout = WeightLayout(cell, features=FEATURES, hidden_size=max(WIDTHS), num_layers=layers, head_outputs=outputs)
    pack = PackedRecurrent(cell, layout, len(models))
    for index, model in enumerate(models):
        pack.rows[index] = layout.row(model.state_dict(), model.head.in_features)
    return pack


def windows(seed: int = 0) -> list[Tensor]:
    """One batch a member, each of shape (batch, its window, features)."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(BATCH, window, FEATURES, generator=generator) for window in WINDOWS]


def aligned(inputs: list[Tensor], before: float = 0.0) -> tuple[Tensor, Tensor]:
    """The windows to the right, with some value before them, and on which days each is alive."""
    days, alive = torch.full((3, max(WINDOWS), BATCH, FEATURES), before), torch.zeros(3, max(WINDOWS))
    for member, each in enumerate(inputs):
        days[member, -each.shape[1] :] = each.transpose(0, 1)
        alive[member, -each.shape[1] :] = 1
    return days, alive


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_forward_and_gradients_are_those_of_each_member_by_itself(cell: str, num_layers: int) -> None:
    models = networks(cell, num_layers, head_outputs=2)
    pack = packed(cell, models)
    forecasts = pack(*aligned(windows()))
    gradients = torch.autograd.grad(forecasts.square().mean(dim=1).sum(), list(pack.parameters.values()))
    rows = torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)
    for member, (model, inputs) in enumerate(zip(models, windows(), strict=True)):
        alone = model(inputs)
        torch.testing.assert_close(forecasts[member], alone)
        alone.square().mean().backward()
        own = pack.layout.values(rows[member], model.head.in_features)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(own[name], parameter.grad)


@pytest.mark.parametrize("cell", CELLS)
def test_units_that_a_narrower_member_lacks_have_a_gradient_of_exactly_zero(cell: str) -> None:
    models = networks(cell, 2)
    pack = packed(cell, models)
    loss = pack(*aligned(windows())).square().mean(dim=1).sum()
    rows = torch.cat([g.flatten(1) for g in torch.autograd.grad(loss, list(pack.parameters.values()))], dim=1)
    for member, model in enumerate(models):
        width = model.head.in_features
        assert torch.equal(pack.layout.row(pack.layout.values(rows[member], width), width), rows[member])


@pytest.mark.parametrize("cell", CELLS)
def test_windows_of_one_length_need_no_mask(cell: str) -> None:
    pack = packed(cell, networks(cell, 2))
    days = torch.randn(3, 5, BATCH, FEATURES, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pack(days), pack(days, torch.ones(3, 5)))


@settings(max_examples=25)
@given(
    cell=st.sampled_from(list(CELLS)),
    num_layers=st.integers(1, 3),
    before=st.floats(-1e6, 1e6, width=32),
    seed=st.integers(0, 1000),
)
def test_what_stands_before_a_window_changes_no_forecast_and_no_gradient(
    cell: str, num_layers: int, before: float, seed: int
) -> None:
    pack = packed(cell, networks(cell, num_layers))
    found = []
    for value in (0.0, before):
        forecasts = pack(*aligned(windows(seed), value))
        loss = forecasts.square().mean(dim=1).sum()
        found.append([forecasts, *torch.autograd.grad(loss, list(pack.parameters.values()))])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@settings(max_examples=25)
@given(cell=st.sampled_from(list(CELLS)), member=st.integers(0, 2), scale=st.floats(-1e3, 1e3, width=32))
def test_no_member_sees_anothers_days_or_weights(cell: str, member: int, scale: float) -> None:
    models = networks(cell, 2)
    days, alive = aligned(windows())
    before = packed(cell, models)(days, alive)
    other = packed(cell, models)
    for each in set(range(3)) - {member}:
        other.rows[each] *= scale
        days[each] += scale
    assert torch.equal(other(days, alive)[member], before[member])


def test_a_member_whose_numbers_are_not_finite_leaves_the_others_theirs() -> None:
    pack = packed("LSTM", networks("LSTM", 2))
    before = pack(*aligned(windows()))
    pack.rows[1] = torch.nan
    after = pack(*aligned(windows()))
    assert after[1].isnan().all()
    assert torch.equal(after[0], before[0])
    assert torch.equal(after[2], before[2])
