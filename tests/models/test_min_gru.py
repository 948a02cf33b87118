"""minGRU against its formula, written out day by day."""

import numpy as np
import pytest
import torch

from volopt.models.min_gru import MinGRU

INPUTS = torch.randn(4, 6, 2, generator=torch.Generator().manual_seed(0))  # shape: (batch, window, features)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("num_layers", [1, 3])
def test_the_states_are_those_of_the_formula(num_layers: int) -> None:
    """h_t = (1 - z_t) h_{t-1} + z_t n_t, with z_t = sigmoid(W_z x_t + b_z) and n_t = W_n x_t + b_n."""
    torch.manual_seed(0)
    network = MinGRU(2, 5, num_layers)
    days = INPUTS.numpy().astype(np.float64)
    for layer in range(num_layers):
        weight = network.get_parameter(f"weight_ih_l{layer}").detach().double().numpy()
        bias = network.get_parameter(f"bias_ih_l{layer}").detach().double().numpy()
        state, states = np.zeros((4, 5)), []
        for day in days.transpose(1, 0, 2):
            z = sigmoid(day @ weight[:5].T + bias[:5])
            state = (1 - z) * state + z * (day @ weight[5:].T + bias[5:])
            states.append(state)
        days = np.stack(states, axis=1)
    outputs, last = network(INPUTS)
    np.testing.assert_allclose(outputs.detach().numpy(), days, rtol=1e-5, atol=1e-6)
    assert torch.equal(last, outputs[:, -1])


def test_the_gate_and_the_candidate_see_the_input_alone() -> None:
    """A unit whose gate is open forgets all earlier days."""
    network = MinGRU(2, 3)
    with torch.no_grad():
        network.get_parameter("bias_ih_l0")[:3] = 1e3
    changed = INPUTS.clone()
    changed[:, :-1] += 1
    assert torch.equal(network(INPUTS)[1], network(changed)[1])


def test_weights_start_within_one_over_the_root_of_the_units() -> None:
    for name, values in MinGRU(2, 16, 2).named_parameters():
        assert values.detach().abs().max() <= 0.25, name
        assert values.detach().std() > 0.1, name
    assert [name for name, _ in MinGRU(2, 4, 2).named_parameters()] == [
        "weight_ih_l0", "bias_ih_l0", "weight_ih_l1", "bias_ih_l1",
    ]  # fmt: skip


def test_dropout_acts_between_layers_in_training_only() -> None:
    network = MinGRU(2, 4, 2, dropout=0.5)
    assert not torch.equal(network(INPUTS)[0], network(INPUTS)[0])
    network.eval()
    assert torch.equal(network(INPUTS)[0], network(INPUTS)[0])
