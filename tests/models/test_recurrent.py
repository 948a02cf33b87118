from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from volopt.models.cells import BRANCH_UNITS, CELLS, JOINED_UNITS
from volopt.models.recurrent import Recurrent

OF_WINDOWS = [name for name, cell in CELLS.items() if cell.module]


def network(cell: str = "RNN", hidden_size: int = 3, num_layers: int = 1, **options: Any) -> Recurrent:
    torch.manual_seed(0)
    return Recurrent(cell, features=2, hidden_size=hidden_size, num_layers=num_layers, **options)


def layers(model: Recurrent) -> nn.Module:
    assert model.recurrent is not None
    return model.recurrent


def static_inputs(batch: int = 6) -> Tensor:
    return torch.randn(batch, 3, generator=torch.Generator().manual_seed(2))


def inputs(batch: int = 6, window: int = 5) -> Tensor:
    return torch.randn(batch, window, 2, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("cell", OF_WINDOWS)
@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"num_layers": 3, "dropout": 0.2}, {"head_outputs": 5}])
def test_every_cell_turns_a_batch_of_windows_into_one_forecast_each(cell: str, options: dict[str, Any]) -> None:
    assert network(cell, **options)(inputs()).shape == (6,)


@pytest.mark.parametrize("cell", OF_WINDOWS)
def test_the_forecast_is_the_head_over_the_top_layers_last_day(cell: str) -> None:
    model = network(cell, num_layers=2)
    outputs, _ = layers(model)(inputs())
    module = CELLS[cell].module
    assert module is not None
    assert type(model.recurrent) is resolve_name(module)
    torch.testing.assert_close(model(inputs()), (outputs[:, -1] @ model.head.weight.T + model.head.bias)[:, 0])


def test_a_network_of_one_unit_is_the_textbook_formula() -> None:
    """h_t = tanh(W x_t + b + U h_{t-1} + c), forecast = v h_T + d (Elman 1990)."""
    model = network(hidden_size=1)
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    hidden = np.zeros(6)
    for day in inputs().double().numpy().transpose(1, 0, 2):
        hidden = np.tanh(
            day @ weights["recurrent.weight_ih_l0"][0]
            + weights["recurrent.bias_ih_l0"]
            + weights["recurrent.weight_hh_l0"][0] * hidden
            + weights["recurrent.bias_hh_l0"]
        )
    expected = weights["head.weight"][0, 0] * hidden + weights["head.bias"]
    np.testing.assert_allclose(model(inputs()).detach().numpy(), expected, rtol=1e-5)


def test_batch_norm_normalises_each_unit_over_batch_and_time_before_the_head() -> None:
    model = network(batch_norm=True)
    assert model.norm is not None
    with torch.no_grad():
        model.norm.weight.copy_(torch.tensor([1.0, 2.0, 0.5]))
        model.norm.bias.copy_(torch.tensor([0.0, -1.0, 3.0]))
    outputs = layers(model)(inputs())[0]
    mean, variance = outputs.mean(dim=(0, 1)), outputs.var(dim=(0, 1), unbiased=False)
    normalised = (outputs - mean) / (variance + 1e-5).sqrt() * model.norm.weight + model.norm.bias
    torch.testing.assert_close(model(inputs()), model.head(normalised[:, -1])[:, 0])


def test_batch_norm_in_eval_mode_uses_what_it_saw_in_training() -> None:
    model = network(batch_norm=True)
    assert model.norm is not None
    for _ in range(3):
        model(inputs())
    outputs = layers(model.eval())(inputs(2))[0]
    seen = (outputs - model.norm.running_mean) / (model.norm.running_var + 1e-5).sqrt()
    torch.testing.assert_close(model(inputs(2)), model.head(seen[:, -1])[:, 0])


def test_of_several_head_outputs_the_last_is_the_forecast() -> None:
    model = network(head_outputs=5)
    outputs, _ = layers(model)(inputs())
    torch.testing.assert_close(model(inputs()), outputs[:, -1] @ model.head.weight[4] + model.head.bias[4])


def test_dropout_acts_between_layers_in_training_only() -> None:
    model = network(num_layers=2, dropout=0.5)
    assert not torch.equal(model(inputs()), model(inputs()))
    model.eval()
    assert torch.equal(model(inputs()), model(inputs()))


def test_dropout_of_a_single_layer_has_no_effect_and_gives_no_warning() -> None:
    assert torch.equal(network(dropout=0.5)(inputs()), network()(inputs()))


@pytest.mark.parametrize("cell", OF_WINDOWS)
def test_gradient_norms_are_those_of_each_layers_own_weights_first_layer_first(cell: str) -> None:
    model = network(cell, num_layers=12)  # more than ten: layer 1 is not layer 11
    model(inputs()).pow(2).mean().backward()
    weights = dict(layers(model).named_parameters())
    gradients = torch.autograd.grad(model(inputs()).pow(2).mean(), list(weights.values()))
    by_layer: dict[int, list[Tensor]] = {}
    for name, gradient in zip(weights, gradients, strict=True):
        by_layer.setdefault(int(name.rpartition("_l")[2]), []).append(gradient.flatten())
    by_hand = [float(torch.cat(by_layer[layer]).norm()) for layer in range(12)]
    assert model.layer_gradient_norms() == pytest.approx(by_hand, rel=1e-5)


# The static branch.


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"num_layers": 2, "dropout": 0.3}], ids=str)
def test_with_a_branch_the_first_forecast_is_0(cell: str, options: dict[str, Any]) -> None:
    model = network(cell, static_inputs=3, **options)
    assert torch.equal(model(inputs(), static_inputs()), torch.zeros(6))


@pytest.mark.parametrize("cell", CELLS)
def test_after_two_steps_every_weight_has_a_gradient(cell: str) -> None:
    model = network(cell, static_inputs=3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        (model(inputs(), static_inputs()) - 1).pow(2).mean().backward()
        optimizer.step()
    assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in model.parameters())


@pytest.mark.parametrize("cell", CELLS)
def test_the_branch_joins_the_last_day_with_the_static_inputs(cell: str) -> None:
    model = network(cell, hidden_size=5, static_inputs=3)
    for parameter in model.parameters():  # of a trained network: none is 0
        nn.init.normal_(parameter, std=0.3)
    weights = {name.removeprefix("branch."): value for name, value in model.named_parameters()}
    last_day = torch.empty(6, 0) if model.recurrent is None else model.recurrent(inputs())[0][:, -1]
    of_static = silu(static_inputs() @ weights["static.0.weight"].T + weights["static.0.bias"])
    together = torch.cat([last_day, of_static], dim=1)
    joined = silu(together @ weights["joined.0.weight"].T + weights["joined.0.bias"])
    direct = static_inputs() @ weights["linear.weight"].T
    expected = joined @ weights["head.weight"].T + weights["head.bias"] + direct
    torch.testing.assert_close(model(inputs(), static_inputs()), expected[:, 0])
    assert (len(of_static[0]), len(joined[0])) == (BRANCH_UNITS, JOINED_UNITS)


def test_a_network_without_a_branch_has_the_weights_of_earlier_versions_and_does_not_use_static_inputs() -> None:
    model = network("LSTM")
    names = [f"recurrent.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    assert list(model.state_dict()) == [*names, "head.weight", "head.bias"]
    assert torch.equal(model(inputs(), static_inputs()), model(inputs()))


def test_a_network_of_static_inputs_alone_does_not_see_the_window() -> None:
    model = network("none", static_inputs=3)
    nn.init.ones_(model.head.weight)
    assert torch.equal(model(inputs(), static_inputs()), model(2 * inputs(), static_inputs()))
    assert (model.layer_gradient_norms(), model.hidden_size) == ([], 0)


@pytest.mark.parametrize("cell", ["LSTM", "none"])
def test_dropout_acts_in_the_branch_in_training_only(cell: str) -> None:
    model = network(cell, dropout=0.5, static_inputs=3)
    nn.init.ones_(model.head.weight)
    assert not torch.equal(model(inputs(), static_inputs()), model(inputs(), static_inputs()))
    model.eval()
    assert torch.equal(model(inputs(), static_inputs()), model(inputs(), static_inputs()))
