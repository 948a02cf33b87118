import pytest
import torch
from torch import Tensor, nn

from volopt.training import state


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


def test_a_restored_generator_draws_on_from_where_it_was() -> None:
    before = torch.get_rng_state()
    arrays = state.generator_arrays("cpu")
    drawn = torch.rand(3)
    state.restore_generators("cpu", arrays)
    again = torch.rand(3)
    torch.set_rng_state(before)
    assert torch.equal(drawn, again)
