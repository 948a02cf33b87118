"""A pack trains each member as ``advance`` trains it alone: losses, weights, states, records and errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from builders import dataset, definition
from packed_fits import DATASET, pack_of, put, task, train_in_pack
from volopt.errors import TrainingError
from volopt.packs.pack import Pack
from volopt.training.fit import advance
from volopt.training.task import Fit, State, Task
from volopt.windows.dataset import Dataset

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
DEVICES = ["cpu", pytest.param("cuda", marks=CUDA)]
MEMBERS: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 1, "learning_rate": 0.02, "window": 6},
    {"seed": 2, "hidden_size": 5, "optimizer": "adamw", "weight_decay": 0.1, "window": 2},
    {"seed": 3, "learning_rate": 0.05, "early_stopping": 3},
    {"seed": 4, "hidden_size": 4, "learning_rate": 0.05, "early_stopping": 50},
)


def members(**changes: Any) -> list[Task]:
    """Return five tasks with all differences that members may have, except dropout."""
    return [task(**(member | changes)) for member in MEMBERS]


def alone(fit: Task, state: State | None = None, data: Dataset = DATASET) -> Fit:
    result = advance(data, fit, state, fit.epochs)
    assert isinstance(result, Fit)
    return result


def assert_close(result: Any, expected: Fit, rtol: float = 2e-4) -> None:
    """Compare two fits within the rounding of float32 over 20 epochs."""
    assert isinstance(result, Fit)
    assert (result.seed, result.epochs, result.best_epoch) == (expected.seed, expected.epochs, expected.best_epoch)
    assert result.metrics == pytest.approx(expected.metrics, rel=rtol, abs=1e-6)
    assert result.arrays.keys() == expected.arrays.keys()
    for name, values in result.arrays.items():
        assert (values.dtype, values.shape) == (expected.arrays[name].dtype, expected.arrays[name].shape)
        np.testing.assert_allclose(values, expected.arrays[name], rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("batch_size", ["full", 16])
def test_twenty_epochs_of_a_pack_equal_those_of_each_member_alone(
    cell: str, num_layers: int, batch_size: int | str, device: str
) -> None:
    fits = members(cell=cell, num_layers=num_layers, batch_size=batch_size, device=device)
    for result, fit in zip(train_in_pack(fits), fits, strict=True):
        assert_close(result, alone(fit))


@pytest.mark.parametrize("changes", [{"loss": "huber"}, {"head_outputs": 5}, {"batch_size": 1000}, {"batch_size": 85}])
def test_other_losses_heads_and_batches_are_packed_too(changes: dict[str, Any]) -> None:
    fits = members(cell="GRU", **changes)
    for result, fit in zip(train_in_pack(fits), fits, strict=True):
        assert_close(result, alone(fit))


def test_anchored_windows_are_packed_too() -> None:
    data = dataset(definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}))
    fits = members(cell="LSTM", batch_size=30)
    for result, fit in zip(train_in_pack(fits, dataset=data), fits, strict=True):
        assert_close(result, alone(fit, data=data))


def test_a_diverging_member_fails_with_its_own_error_and_the_others_go_on() -> None:
    fits = [task(), task(learning_rate=1e30), task(seed=1)]
    results = train_in_pack(fits)
    with pytest.raises(TrainingError) as caught:
        alone(fits[1])
    assert isinstance(results[1], TrainingError)
    assert (str(results[1]), results[1].hint) == (str(caught.value), caught.value.hint)
    for index in (0, 2):
        assert_close(results[index], alone(fits[index]))


def test_a_member_with_infinite_weights_behind_a_saturated_tanh_fails_although_its_loss_is_finite() -> None:
    state = reached(task(), 1)
    broken = state.arrays | {"weights.recurrent.bias_ih_l0": np.full(3, np.inf, dtype=np.float32)}
    failed, other = train_in_pack([task(), task(seed=1)], [State(arrays=broken, epoch=1), reached(task(seed=1), 1)])
    assert str(failed) == "the weights are not finite in epoch 2"
    assert_close(other, alone(task(seed=1)))


# Continuing: from a pack alone, and from alone in a pack.


def reached(fit: Task, epoch: int) -> State:
    """Return the state of a task that is trained alone."""
    state = advance(DATASET, fit, None, epoch)
    assert isinstance(state, State)
    return state


def packed_states(fits: Sequence[Task], epoch: int, pack: Pack | None = None) -> list[State]:
    pack = pack or pack_of(fits)
    slots = [put(pack, fit) for fit in fits]
    for _ in range(epoch):
        pack.train_one_epoch()
    states = [pack.progress(slot) for slot in slots]
    assert all(isinstance(state, State) for state in states)
    return states


RESUMED = {"cell": "LSTM", "num_layers": 2, "batch_size": 16}


def test_a_state_of_a_pack_equals_the_state_of_the_fit_alone() -> None:
    fits = members(**RESUMED)
    for state, fit in zip(packed_states(fits, 4), fits, strict=True):
        expected = reached(fit, 4)
        assert state.epoch == 4
        assert state.arrays.keys() == expected.arrays.keys()
        for name, values in expected.arrays.items():
            assert (state.arrays[name].dtype, state.arrays[name].shape) == (values.dtype, values.shape)
            np.testing.assert_allclose(state.arrays[name], values, rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(state.arrays["generator.cpu"], expected.arrays["generator.cpu"])


def test_a_fit_that_began_in_a_pack_continues_alone() -> None:
    fits = members(**RESUMED)
    for state, fit in zip(packed_states(fits, 4), fits, strict=True):
        assert_close(alone(fit, state), alone(fit))


def test_fits_that_began_alone_continue_in_a_pack_each_from_its_own_epoch() -> None:
    fits = members(**RESUMED)
    states = [reached(fit, epoch) for epoch, fit in zip((2, 3, 4, 1, 5), fits, strict=True)]
    for result, fit in zip(train_in_pack(fits, states), fits, strict=True):
        assert_close(result, alone(fit))


def test_a_paused_member_continues_in_its_slot_and_its_state_continues_in_any_other_pack() -> None:
    fits = members(**RESUMED)[:3]  # they do not stop early
    pack = pack_of(fits)
    states = packed_states(fits, 4, pack)
    assert [put(pack, fit, state) for fit, state in zip(fits, states, strict=True)] == [0, 1, 2]
    pack.train_one_epoch()
    same_slots = [pack.progress(slot) for slot in range(3)]
    other_pack = pack_of(fits)
    for fit, state in zip(reversed(fits), reversed(states), strict=True):
        put(other_pack, fit, state)
    other_pack.train_one_epoch()
    for slot, state in enumerate(same_slots):
        other = other_pack.progress(2 - slot)
        assert isinstance(state, State)
        assert isinstance(other, State)
        for name, values in state.arrays.items():
            np.testing.assert_allclose(other.arrays[name], values, rtol=1e-5, atol=1e-7)


def test_a_paused_member_is_lost_when_the_others_train_and_its_fit_continues_from_the_state() -> None:
    fits = [task(), task(seed=1)]
    pack = pack_of(fits)
    slots = [put(pack, fit) for fit in fits]
    pack.train_one_epoch()
    state = pack.progress(slots[0])
    assert pack.paused_slot(state) == slots[0]
    pack.train_one_epoch()  # of the other member: it changes the weights in all slots
    assert pack.paused_slot(state) is None
    put(pack, fits[0], state)
    for _ in range(19):
        pack.train_one_epoch()
    assert_close(pack.progress(slots[0]), alone(fits[0]))


def test_another_fit_gets_an_empty_slot() -> None:
    pack = pack_of(members())
    slots = [put(pack, fit) for fit in members()]
    pack.train_one_epoch()
    pack.drop(slots[2])
    late = task(seed=9, window=3, learning_rate=0.03)
    assert put(pack, late) == slots[2]
    for _ in range(20):
        pack.train_one_epoch()
    assert_close(pack.progress(slots[2]), alone(late))


def test_later_epochs_do_not_change_progress() -> None:
    pack = pack_of([task()])
    slot = put(pack, task())
    pack.train_one_epoch()
    progress = pack.progress(slot)
    assert isinstance(progress, State)
    expected = {name: values.copy() for name, values in progress.arrays.items()}
    put(pack, task(), progress)
    pack.train_one_epoch()
    assert len(progress.curves.train_mse) == 1
    for name, values in expected.items():
        np.testing.assert_array_equal(progress.arrays[name], values)


# Dropout: its masks are not torch's.


def with_dropout(**changes: Any) -> Task:
    return task(**({"cell": "GRU", "num_layers": 2, "dropout": 0.4, "batch_size": 16} | changes))


def test_a_fit_with_dropout_is_the_same_in_any_pack_and_from_a_state() -> None:
    fit = with_dropout()
    (expected,) = train_in_pack([fit])
    assert isinstance(expected, Fit)
    in_pack, *_ = train_in_pack([fit, with_dropout(seed=1, window=6, hidden_size=5), with_dropout(seed=2, dropout=0.1)])
    assert_close(in_pack, expected)
    (resumed,) = train_in_pack([fit], packed_states([fit], 7))
    assert_close(resumed, expected)
    (without,) = train_in_pack([with_dropout(dropout=0.0)])
    assert isinstance(without, Fit)
    assert without.metrics["train_mse"] != pytest.approx(expected.metrics["train_mse"], rel=1e-2)


def test_a_member_without_dropout_is_as_exact_among_members_with_dropout() -> None:
    fit = with_dropout(dropout=0.0)
    result, _ = train_in_pack([fit, with_dropout(seed=1)])
    assert_close(result, alone(fit))
