"""What the ways of training share: losses, batches, forecasts in parts."""

import pytest
import torch
from torch.nn.functional import mse_loss

from builders import dataset, definition
from volopt.training import network
from volopt.training.network import LOSSES, Network, build, predict
from volopt.training.task import Task, tasks
from volopt.windows.windows import samples

DATASET = dataset()


def task(**training: object) -> Task:
    return tasks(definition(training=training), {}, "cpu", "highest")[0]


def test_the_huber_loss_is_quadratic_within_one_and_linear_beyond() -> None:
    errors = torch.tensor([0.5, 3.0])
    assert LOSSES["huber"](errors, torch.zeros(2)).item() == pytest.approx((0.5 * 0.25 + 2.5) / 2)


def test_a_huber_loss_trains_other_weights_and_tells_the_mean_squared_error() -> None:
    """train_mse is one and the same figure whatever is minimised."""
    train = samples(DATASET, "train", task().config.window)
    plain, huber = Network(task(), train), Network(task(loss="huber"), train)
    before = float(mse_loss(huber.predict(train), train.targets))
    assert plain.train_one_epoch() == huber.train_one_epoch() == pytest.approx(before, rel=1e-5)
    assert not torch.equal(plain.predict(train), huber.predict(train))


def test_a_forecast_in_parts_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    valid = samples(DATASET, "valid", 4)
    model = build(task().config, valid.features)
    whole = predict(model, valid)
    monkeypatch.setattr(network, "AT_ONCE", 7)
    torch.testing.assert_close(predict(model, valid), whole)
