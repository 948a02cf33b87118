"""What the ways of training share: losses, batches, forecasts in parts."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import mse_loss

from builders import dataset, definition, frame, static_dataset
from volopt.training import network
from volopt.training.network import MAX_BATCH, MIN_BATCH, Network, build, instrument_weights, predict, split_rows
from volopt.training.task import Task, tasks
from volopt.windows.prepare import prepare
from volopt.windows.windows import samples

DATASET = dataset()


def task(**training: object) -> Task:
    return tasks(definition(training=training), {}, "cpu", "highest")[0]


def test_the_huber_loss_is_quadratic_within_delta_and_linear_beyond() -> None:
    train = samples(static_dataset(1), "train", 4)
    errors = train.targets.abs()
    for delta in (0.5, 2.0):
        built = Network(task(loss="huber", huber_delta=delta), train)
        by_hand = torch.where(errors <= delta, errors**2 / 2, delta * (errors - delta / 2)).mean()
        assert float(built._loss(torch.zeros(len(train)), train.targets, None)) == pytest.approx(float(by_hand))


def test_each_instrument_weighs_by_its_own_variance_and_the_mean_weight_is_1() -> None:
    train = samples(static_dataset(3, data={"scaling": "minmax"}), "train", 4)
    weights = instrument_weights(train)
    parts, targets = weights.split(list(train.counts)), train.targets.split(list(train.counts))
    products = [float(part[0] * of.var(correction=0)) for part, of in zip(parts, targets, strict=True)]
    assert products == pytest.approx([products[0]] * 3)
    assert all(bool((part == part[0]).all()) for part in parts)
    assert float(weights.mean()) == pytest.approx(1)
    standard = samples(static_dataset(3, data={"anchor": "window_mean"}), "train", 4)
    assert instrument_weights(standard).numpy() == pytest.approx(1, abs=1e-5)


def test_a_huber_loss_trains_other_weights_and_tells_the_mean_squared_error() -> None:
    """train_mse is one and the same figure whatever is minimised."""
    train = samples(DATASET, "train", task().config.window)
    plain, huber = Network(task(), train), Network(task(loss="huber"), train)
    before = float(mse_loss(predict(huber.model, train), train.targets))
    assert plain.train_one_epoch() == huber.train_one_epoch() == pytest.approx(before, rel=1e-5)
    assert not torch.equal(predict(plain.model, train), predict(huber.model, train))


def test_a_forecast_in_parts_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    valid = samples(DATASET, "valid", 4)
    model = build(task().config, valid.features)
    whole = predict(model, valid)
    monkeypatch.setattr(network, "MAX_BATCH", 7)
    torch.testing.assert_close(predict(model, valid), whole)


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_a_forecast_in_parts_by_bytes_is_that_of_all_at_once_bit_for_bit(
    monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    torch.manual_seed(0)
    days = frame(days=1500)
    valid = samples(prepare([days], definition(), "fingerprint"), "train", 4)
    model = build(tasks(definition(), {"cell": cell}, "cpu", "highest")[0].config, valid.features)
    whole = predict(model, valid)
    monkeypatch.setattr(network, "MAX_BATCH_BYTES", 1)
    assert network._batch_size(model, valid) == MIN_BATCH < len(valid)
    assert torch.equal(predict(model, valid), whole)


@pytest.mark.parametrize("cell", ["LSTM", "none"])
def test_a_forecast_in_parts_with_static_inputs_is_that_of_all_at_once_bit_for_bit(
    monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    train = samples(static_dataset(4), "train", 4)
    params = {"cell": cell, "static": "branch", "batch_size": 64}
    built = Network(tasks(definition(), params, "cpu", "highest")[0], train)
    built.train_one_epoch()
    whole = predict(built.model, train)
    monkeypatch.setattr(network, "MAX_BATCH_BYTES", 1)
    assert torch.equal(predict(built.model, train), whole)


@pytest.mark.parametrize(("window", "hidden", "expected"), [(20, 8, MAX_BATCH), (20, 32, 4096), (100, 32, 512)])
def test_windows_forecast_together_are_as_many_as_fit_in_some_bytes(window: int, hidden: int, expected: int) -> None:
    """The second is the shipped panel study's choice."""
    valid = samples(DATASET, "valid", 4)
    wide = replace(valid, windows=torch.zeros(1).expand(1, window, 4))
    config = replace(task().config, hidden_size=hidden)
    assert network._batch_size(build(config, 4), wide) == expected


@given(st.integers(1, 40_000), st.sampled_from([64, 512, 4096, MAX_BATCH]))
def test_parts_hold_each_row_once_and_are_never_few(count: int, at_once: int) -> None:
    parts = list(split_rows(count, at_once))
    assert [row for part in parts for row in range(count)[part]] == list(range(count))
    assert all(part.start // MAX_BATCH == (part.stop - 1) // MAX_BATCH for part in parts)
    for part in parts:
        assert part.stop - part.start <= 1.5 * at_once
        assert part.stop - part.start >= at_once // 2 or part.start % MAX_BATCH == 0
