"""A pack trains each member as ``advance`` trains it alone: losses, weights, states, records and errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from builders import dataset, definition
from packed_fits import DATASET, pack_of, seat, task, through
from volopt.errors import TrainingError
from volopt.packs.pack import Pack
from volopt.training.fit import advance
from volopt.training.task import Fit, State, Task
from volopt.windows.dataset import Dataset

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
DEVICES = ["cpu", pytest.param("cuda", marks=CUDA)]
COMPANY: tuple[dict[str, Any], ...] = (
    {},
    {"seed": 1, "learning_rate": 0.02, "window": 6},
    {"seed": 2, "hidden_size": 5, "optimizer": "adamw", "weight_decay": 0.1, "window": 2},
    {"seed": 3, "learning_rate": 0.05, "early_stopping": 3},
    {"seed": 4, "hidden_size": 4, "learning_rate": 0.05, "early_stopping": 50},
)


def company(**changes: Any) -> list[Task]:
    """Five tasks that differ in all that members may differ in but dropout."""
    return [task(**(own | changes)) for own in COMPANY]


def alone(given: Task, state: State | None = None, data: Dataset = DATASET) -> Fit:
    fit = advance(given, data, state, given.epochs).fit
    assert fit is not None
    return fit


def assert_close(found: Any, expected: Fit, rtol: float = 2e-4) -> None:
    """The same fit within what float32 makes of 20 epochs of other sums."""
    assert isinstance(found, Fit)
    assert (found.seed, found.epochs, found.best_epoch) == (expected.seed, expected.epochs, expected.best_epoch)
    assert found.metrics == pytest.approx(expected.metrics, rel=rtol, abs=1e-6)
    for arrays, others in (
        (found.curves, expected.curves),
        (found.weights, expected.weights),
        (found.forecasts, expected.forecasts),
    ):
        assert arrays.keys() == others.keys()
        for name in arrays:
            assert (arrays[name].dtype, arrays[name].shape) == (others[name].dtype, others[name].shape)
            np.testing.assert_allclose(arrays[name], others[name], rtol=rtol, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("batch_size", ["full", 16])
def test_twenty_epochs_of_a_pack_are_those_of_each_member_alone(
    cell: str, num_layers: int, batch_size: int | str, device: str
) -> None:
    given = company(cell=cell, num_layers=num_layers, batch_size=batch_size, device=device)
    for found, own in zip(through(given), given, strict=True):
        assert_close(found, alone(own))


@pytest.mark.parametrize("changes", [{"loss": "huber"}, {"head_outputs": 5}, {"batch_size": 1000}, {"batch_size": 85}])
def test_other_losses_heads_and_batches_are_packed_too(changes: dict[str, Any]) -> None:
    given = company(cell="GRU", **changes)
    for found, own in zip(through(given), given, strict=True):
        assert_close(found, alone(own))


def test_windows_relative_to_their_mean_are_packed_too() -> None:
    data = dataset(definition(data={"transform": "log", "anchor": "window_mean", "scaling": "standard"}))
    given = company(cell="LSTM", batch_size=30)
    for found, own in zip(through(given, dataset=data), given, strict=True):
        assert_close(found, alone(own, data=data))


def test_a_member_that_diverges_fails_alone_as_it_does_by_itself() -> None:
    given = [task(), task(learning_rate=1e30), task(seed=1)]
    found = through(given)
    with pytest.raises(TrainingError) as caught:
        alone(given[1])
    assert isinstance(found[1], TrainingError)
    assert (str(found[1]), found[1].hint) == (str(caught.value), caught.value.hint)
    for index in (0, 2):
        assert_close(found[index], alone(given[index]))


def test_infinite_weights_behind_a_full_tanh_fail_the_member_although_its_loss_is_finite() -> None:
    state = reached(task(), 1)
    broken = state.arrays | {"weights.recurrent.bias_ih_l0": np.full(3, np.inf, dtype=np.float32)}
    failed, other = through([task(), task(seed=1)], [State(1, broken), reached(task(seed=1), 1)])
    assert str(failed) == "the weights are not finite in epoch 2"
    assert_close(other, alone(task(seed=1)))


# Going on: from a pack alone, and from alone in a pack.


def reached(given: Task, epoch: int) -> State:
    """The state of a task trained alone."""
    state = advance(given, DATASET, None, epoch).state
    assert state is not None
    return state


def packed_states(given: Sequence[Task], epoch: int, pack: Pack | None = None) -> list[State]:
    pack = pack or pack_of(given)
    slots = [seat(pack, each) for each in given]
    for _ in range(epoch):
        pack.train_one_epoch()
    states = [pack.progress(slot).state for slot in slots]
    assert None not in states
    return [state for state in states if state is not None]


RESUMED = {"cell": "LSTM", "num_layers": 2, "batch_size": 16}


def test_the_state_of_a_pack_has_all_that_one_of_a_fit_alone_has() -> None:
    given = company(**RESUMED)
    for state, own in zip(packed_states(given, 4), given, strict=True):
        expected = reached(own, 4)
        assert state.epoch == 4
        assert state.arrays.keys() == expected.arrays.keys()
        for name, values in expected.arrays.items():
            assert (state.arrays[name].dtype, state.arrays[name].shape) == (values.dtype, values.shape)
            np.testing.assert_allclose(state.arrays[name], values, rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(state.arrays["generator.cpu"], expected.arrays["generator.cpu"])


def test_a_fit_begun_in_a_pack_goes_on_alone() -> None:
    given = company(**RESUMED)
    for state, own in zip(packed_states(given, 4), given, strict=True):
        assert_close(alone(own, state), alone(own))


def test_fits_begun_alone_go_on_in_a_pack_each_from_its_own_epoch() -> None:
    given = company(**RESUMED)
    states = [reached(own, epoch) for epoch, own in zip((2, 3, 4, 1, 5), given, strict=True)]
    for found, own in zip(through(given, states), given, strict=True):
        assert_close(found, alone(own))


def test_a_member_goes_on_in_its_slot_from_the_state_it_left_with_and_elsewhere_from_that_state() -> None:
    given = company(**RESUMED)[:3]  # none of which stops early
    pack = pack_of(given)
    states = packed_states(given, 4, pack)
    assert [seat(pack, own, state) for own, state in zip(given, states, strict=True)] == [0, 1, 2]
    pack.train_one_epoch()
    in_place = [pack.progress(slot).state for slot in range(3)]
    elsewhere = pack_of(given)
    for own, state in zip(reversed(given), reversed(states), strict=True):
        seat(elsewhere, own, state)
    elsewhere.train_one_epoch()
    for slot, state in enumerate(in_place):
        other = elsewhere.progress(2 - slot).state
        assert state is not None
        assert other is not None
        for name, values in state.arrays.items():
            np.testing.assert_allclose(other.arrays[name], values, rtol=1e-5, atol=1e-7)


def test_a_member_that_rests_while_others_train_is_not_the_one_its_state_asks_for() -> None:
    given = [task(), task(seed=1)]
    pack = pack_of(given)
    slots = [seat(pack, each) for each in given]
    pack.train_one_epoch()
    left = pack.progress(slots[0]).state
    assert pack.has(left)
    pack.train_one_epoch()  # for the other: the weights of this one move on
    assert not pack.has(left)
    seat(pack, given[0], left)
    for _ in range(19):
        pack.train_one_epoch()
    assert_close(pack.progress(slots[0]).fit, alone(given[0]))


def test_a_slot_is_taken_again_by_another_fit() -> None:
    pack = pack_of(company())
    slots = [seat(pack, each) for each in company()]
    pack.train_one_epoch()
    pack.drop(slots[2])
    late = task(seed=9, window=3, learning_rate=0.03)
    assert seat(pack, late) == slots[2]
    for _ in range(20):
        pack.train_one_epoch()
    assert_close(pack.progress(slots[2]).fit, alone(late))


def test_progress_is_not_changed_by_what_comes_after_it() -> None:
    pack = pack_of([task()])
    slot = seat(pack, task())
    pack.train_one_epoch()
    found = pack.progress(slot)
    assert found.state is not None
    before = {name: values.copy() for name, values in found.state.arrays.items()}
    seat(pack, task(), found.state)
    pack.train_one_epoch()
    assert len(found.curves.train_mse) == 1
    for name, values in before.items():
        np.testing.assert_array_equal(found.state.arrays[name], values)


# Dropout, whose masks are not torch's.


def dropping(**changes: Any) -> Task:
    return task(**({"cell": "GRU", "num_layers": 2, "dropout": 0.4, "batch_size": 16} | changes))


def test_a_fit_with_dropout_is_the_same_in_any_company_and_after_going_on() -> None:
    (expected,) = through([dropping()])
    assert isinstance(expected, Fit)
    among, *_ = through([dropping(), dropping(seed=1, window=6, hidden_size=5), dropping(seed=2, dropout=0.1)])
    assert_close(among, expected)
    (resumed,) = through([dropping()], packed_states([dropping()], 7))
    assert_close(resumed, expected)
    (plain,) = through([dropping(dropout=0.0)])
    assert isinstance(plain, Fit)
    assert plain.metrics["train_mse"] != pytest.approx(expected.metrics["train_mse"], rel=1e-2)


def test_a_member_without_dropout_among_those_with_it_is_as_exact_as_ever() -> None:
    own = dropping(dropout=0.0)
    found, _ = through([own, dropping(seed=1)])
    assert_close(found, alone(own))
