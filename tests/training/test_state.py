import pytest
import torch
from torch import Tensor, nn

from volopt.training import state


def trained(learning_rate: float = 0.1, steps: int = 2) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for _ in range(steps):
        step(model, optimizer)
    return model, optimizer


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(4, 3)).pow(2).sum().backward()
    optimizer.step()


@pytest.mark.parametrize(
    "tensor", [torch.tensor(7), torch.rand(2, 3), torch.arange(4), torch.tensor([], dtype=torch.uint8)]
)
def test_tensors_come_back_with_value_shape_and_type(tensor: Tensor) -> None:
    found = state.to_tensors("weights", state.to_arrays("weights", {"head.bias": tensor}))
    assert set(found) == {"head.bias"}
    assert torch.equal(found["head.bias"], tensor)
    assert found["head.bias"].dtype == tensor.dtype


def test_only_arrays_of_the_prefix_come_back() -> None:
    arrays = state.to_arrays("best", {"a": torch.zeros(1)}) | state.to_arrays("bestow", {"b": torch.zeros(1)})
    assert set(state.to_tensors("best", arrays)) == {"a"}


def test_arrays_and_tensors_are_copies_that_training_on_does_not_change() -> None:
    weight = nn.Parameter(torch.zeros(2))
    arrays = state.to_arrays("weights", {"weight": weight})
    with torch.no_grad():
        weight.add_(1)
    assert arrays["weights.weight"].tolist() == [0, 0]
    state.to_tensors("weights", arrays)["weight"].add_(1)
    assert arrays["weights.weight"].tolist() == [0, 0]


def test_a_restored_optimizer_takes_the_same_next_step() -> None:
    model, optimizer = trained()
    arrays = state.optimizer_arrays(optimizer)
    other, fresh = trained(steps=0)
    other.load_state_dict(model.state_dict())
    state.restore_optimizer(fresh, arrays)
    step(model, optimizer)
    step(other, fresh)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))


def test_a_restored_optimizer_keeps_its_own_learning_rate() -> None:
    _, optimizer = trained(learning_rate=0.1)
    _, other = trained(learning_rate=0.5)
    state.restore_optimizer(other, state.optimizer_arrays(optimizer))
    assert other.param_groups[0]["lr"] == 0.5


def test_an_optimizer_that_has_not_stepped_has_nothing_to_store() -> None:
    _, optimizer = trained(steps=0)
    assert state.optimizer_arrays(optimizer) == {}


def test_a_restored_generator_draws_on_from_where_it_was() -> None:
    before = torch.get_rng_state()
    arrays = state.generator_arrays("cpu")
    drawn = torch.rand(3)
    state.restore_generators("cpu", arrays)
    again = torch.rand(3)
    torch.set_rng_state(before)
    assert torch.equal(drawn, again)
