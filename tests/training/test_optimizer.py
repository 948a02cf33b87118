"""The optimizer has the numbers of torch's own classes, and starts without torch's compiler."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from volopt.training.optimizer import Adam, one_cycle


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.LSTM(3, 4, batch_first=True)


def train(model: nn.Module, optimizer: Any, steps: int = 5) -> None:
    inputs = torch.randn(6, 7, 3, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        optimizer.zero_grad()
        model(inputs)[0].pow(2).sum().backward()
        optimizer.step()


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(*pair) for pair in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_steps_are_those_of_torch(decay: float) -> None:
    ours, theirs = network(), network()
    train(ours, Adam(ours.parameters(), 0.05, decay))
    kind = torch.optim.AdamW if decay else torch.optim.Adam
    train(theirs, kind(theirs.parameters(), lr=0.05, weight_decay=decay))
    assert same(ours, theirs)


def test_a_restored_optimizer_takes_the_same_next_step_at_its_own_rate() -> None:
    ours, theirs = network(), network()
    first, torchs = Adam(ours.parameters(), 0.05), torch.optim.Adam(theirs.parameters(), lr=0.05)
    train(ours, first)
    train(theirs, torchs)
    second = Adam(ours.parameters(), 0.5)
    second.restore(first.arrays())
    train(ours, second, steps=1)
    torchs.param_groups[0]["lr"] = 0.5
    train(theirs, torchs, steps=1)
    assert same(ours, theirs)


def test_a_weight_without_a_gradient_is_an_error() -> None:
    model = network()
    with pytest.raises(ValueError, match="a weight has no gradient"):
        Adam(model.parameters(), 0.05).step()


def test_it_counts_its_steps_and_a_restored_one_goes_on_counting() -> None:
    model = network()
    first, second = Adam(model.parameters(), 0.05), Adam(model.parameters(), 0.05)
    train(model, first, steps=3)
    second.restore(first.arrays())
    assert (first.steps, second.steps) == (3, 3)


@given(steps=st.integers(1, 300), highest=st.floats(1e-6, 10))
def test_a_cycle_is_that_of_torch(steps: int, highest: float) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = OneCycleLR(optimizer, highest, steps, cycle_momentum=False)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < steps:
            schedule.step()
    assert [one_cycle(step, steps, highest) for step in range(steps)] == pytest.approx(rates, rel=1e-9, abs=0)


def test_a_fit_does_not_import_torch_s_compiler() -> None:
    script = """
import sys
from builders import dataset, definition
from volopt.training.fit import advance
from volopt.training.task import tasks
task = tasks(definition(), {"cell": "LSTM"}, "cpu", "highest")[0]
state = advance(dataset(), task, None, 2)
advance(dataset(), task, state, task.epochs)
print("torch._dynamo" in sys.modules)
"""
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
