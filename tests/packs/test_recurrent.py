"""Many networks as one: forecasts and gradients are those of each network alone, regardless of the others."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from volopt.models.cells import CELLS
from volopt.models.recurrent import Recurrent
from volopt.packs.layout import WeightLayout
from volopt.packs.recurrent import PackedRecurrent

PACKABLE = [name for name, cell in CELLS.items() if cell.packing]
FEATURES, WIDTHS, WINDOWS, BATCH = 2, (3, 8, 5), (4, 6, 6), 7


def network(cell: str, hidden_size: int, num_layers: int, head_outputs: int = 1) -> Recurrent:
    return Recurrent(cell, features=FEATURES, hidden_size=hidden_size, num_layers=num_layers, head_outputs=head_outputs)


def networks(cell: str, num_layers: int, head_outputs: int = 1) -> list[Recurrent]:
    models = []
    for seed, hidden_size in enumerate(WIDTHS):
        torch.manual_seed(seed)
        models.append(network(cell, hidden_size, num_layers, head_outputs))
    return models


def packed(cell: str, models: list[Recurrent]) -> PackedRecurrent:
    layout = WeightLayout(network(cell, max(WIDTHS), models[0].num_layers, models[0].head.out_features))
    pack = PackedRecurrent(cell, layout, len(models))
    for member, model in enumerate(models):
        pack.rows[member] = layout.row(model.state_dict(), model.hidden_size)
    return pack


def gradient_rows(pack: PackedRecurrent, loss: Tensor) -> Tensor:
    gradients = torch.autograd.grad(loss, list(pack.parameters.values()))
    return torch.cat([gradient.flatten(1) for gradient in gradients], dim=1)


def batches(seed: int = 0) -> list[Tensor]:
    """Return the inputs of each member, of shape (batch, its window, features)."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(BATCH, window, FEATURES, generator=generator) for window in WINDOWS]


def aligned(inputs: list[Tensor], padding: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return the inputs aligned to the right, with some value before them, and the mask of their days."""
    days, mask = torch.full((3, max(WINDOWS), BATCH, FEATURES), padding), torch.zeros(3, max(WINDOWS))
    for member, batch in enumerate(inputs):
        days[member, -batch.shape[1] :] = batch.transpose(0, 1)
        mask[member, -batch.shape[1] :] = 1
    return days, mask


@pytest.mark.parametrize("cell", PACKABLE)
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_forecasts_and_gradients_are_those_of_each_member_alone(cell: str, num_layers: int) -> None:
    models = networks(cell, num_layers, head_outputs=2)
    pack = packed(cell, models)
    forecasts = pack(*aligned(batches()))
    rows = gradient_rows(pack, forecasts.square().mean(dim=1).sum())
    for member, (model, inputs) in enumerate(zip(models, batches(), strict=True)):
        forecast = model(inputs)
        torch.testing.assert_close(forecasts[member], forecast)
        forecast.square().mean().backward()
        gradients = pack.layout.values(rows[member], model.hidden_size)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(gradients[name], parameter.grad)


@pytest.mark.parametrize("cell", PACKABLE)
def test_units_that_a_narrower_member_does_not_use_have_a_gradient_of_exactly_zero(cell: str) -> None:
    models = networks(cell, 2)
    pack = packed(cell, models)
    rows = gradient_rows(pack, pack(*aligned(batches())).square().mean(dim=1).sum())
    for member, model in enumerate(models):
        used = pack.layout.values(rows[member], model.hidden_size)
        assert torch.equal(pack.layout.row(used, model.hidden_size), rows[member])


@pytest.mark.parametrize("cell", PACKABLE)
def test_windows_of_one_length_need_no_mask(cell: str) -> None:
    pack = packed(cell, networks(cell, 2))
    days = torch.randn(3, 5, BATCH, FEATURES, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pack(days), pack(days, torch.ones(3, 5)))


@settings(max_examples=25)
@given(
    cell=st.sampled_from(PACKABLE),
    num_layers=st.integers(1, 3),
    padding=st.floats(-1e6, 1e6, width=32),
    seed=st.integers(0, 1000),
)
def test_values_before_a_window_change_no_forecast_and_no_gradient(
    cell: str, num_layers: int, padding: float, seed: int
) -> None:
    pack = packed(cell, networks(cell, num_layers))
    results = []
    for value in (0.0, padding):
        forecasts = pack(*aligned(batches(seed), value))
        results.append((forecasts, gradient_rows(pack, forecasts.square().mean(dim=1).sum())))
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


@settings(max_examples=25)
@given(cell=st.sampled_from(PACKABLE), member=st.integers(0, 2), scale=st.floats(-1e3, 1e3, width=32))
def test_no_member_sees_the_days_or_weights_of_another(cell: str, member: int, scale: float) -> None:
    models = networks(cell, 2)
    days, mask = aligned(batches())
    forecast = packed(cell, models)(days, mask)[member]
    changed = packed(cell, models)
    for other in set(range(3)) - {member}:
        changed.rows[other] *= scale
        days[other] += scale
    assert torch.equal(changed(days, mask)[member], forecast)


def test_a_member_whose_numbers_are_not_finite_does_not_change_the_others() -> None:
    pack = packed("LSTM", networks("LSTM", 2))
    expected = pack(*aligned(batches()))
    pack.rows[1] = torch.nan
    forecasts = pack(*aligned(batches()))
    assert forecasts[1].isnan().all()
    assert torch.equal(forecasts[0], expected[0])
    assert torch.equal(forecasts[2], expected[2])
