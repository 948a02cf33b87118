"""The pure training function: what it computes, and that stopping and going on changes nothing of it."""

import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import huber_loss, mse_loss
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import OneCycleLR

import builders
from builders import weights
from volopt.errors import TrainingError
from volopt.models.recurrent import Recurrent
from volopt.training.device import cpu_has_bfloat16
from volopt.training.fit import advance
from volopt.training.task import Fit, State, Task, tasks
from volopt.windows.split import SPLITS, Split
from volopt.windows.windows import Samples, samples

DATASET = builders.dataset(builders.definition())
STATIC = builders.static_dataset(data={"scaling": "minmax"})
EPOCHS = 6
CASES: dict[str, dict[str, Any]] = {
    "full batch": {"cell": "RNN"},
    "mini-batches, dropout": {"cell": "LSTM", "batch_size": 16, "num_layers": 2, "dropout": 0.3},
    "mini-batches, dropout, early stopping": {
        "cell": "GRU", "batch_size": 30, "num_layers": 2, "dropout": 0.3, "early_stopping": 3, "learning_rate": 0.05
    },
    "stops early": {"cell": "RNN", "early_stopping": 2, "learning_rate": 0.3},
    "adamw": {"cell": "GRU", "optimizer": "adamw", "weight_decay": 0.1},
    "batch norm": {"cell": "RNN", "batch_norm": True, "learning_rate": 0.05},
    "batch norm, test in train mode": {"cell": "LSTM", "batch_norm": True, "test_in_train_mode": True},
    "branch and all options": {
        "cell": "LSTM", "static": "branch", "batch_size": 16, "dropout": 0.3, "schedule": "onecycle",
        "learning_rate": 0.05, "gradient_clip": 0.1, "loss": "huber", "huber_delta": 0.7, "loss_weight": "instrument",
    },
    "static inputs alone": {"cell": "none", "static": "branch", "batch_size": 16, "early_stopping": 3},
    "medium precision": {"cell": "LSTM", "precision": "medium", "batch_size": 16},
}  # fmt: skip


def task(**changes: Any) -> Task:
    """The first seed's task of the small definition, with keys of the configuration or of the task changed."""
    (base, *_) = tasks(builders.definition(training={"epochs": EPOCHS}), {}, "cpu", "highest")
    config = {name: changes.pop(name) for name in list(changes) if hasattr(base.config, name)}
    return replace(base, config=replace(base.config, **config), **changes)


def train(given: Task, stops: Sequence[int] = ()) -> Fit:
    """Train to the end, stopping where told; the state travels as it would to another process."""
    state: State | None = None
    for until in [*stops, given.epochs]:
        torch.manual_seed(until)  # whatever happens to the generator between two calls
        result = advance(STATIC if given.config.static == "branch" else DATASET, given, state, until)
        if isinstance(result, Fit):
            return result
        assert result.epoch == until
        assert len(result.curves.valid_mse) == until
        state = pickle.loads(pickle.dumps(result))
    raise AssertionError("the last epoch gives the fit")


@cache
def through(case: str) -> Fit:
    return train(task(**CASES[case]))


def split(name: Split) -> Samples:
    return samples(DATASET, name, task().config.window)


def untrained(given: Task) -> Recurrent:
    """The network as the task's seed makes it; the generator goes on from there."""
    torch.manual_seed(given.seed)
    return Recurrent(given.config.cell, features=2, hidden_size=3, num_layers=1, batch_norm=given.config.batch_norm)


def assert_same(left: Fit, right: Fit) -> None:
    """Equal bit for bit."""
    (left_arrays, left_facts), (right_arrays, right_facts) = left.pack(), right.pack()
    assert left_facts == right_facts
    assert left_arrays.keys() == right_arrays.keys()
    for name, values in left_arrays.items():
        assert values.dtype == right_arrays[name].dtype
        np.testing.assert_array_equal(values, right_arrays[name], err_msg=name)


# Stopping and going on.


@pytest.mark.parametrize("case", CASES)
@given(stops=st.sets(st.integers(0, EPOCHS - 1), min_size=1).map(sorted))
@settings(max_examples=6)
def test_stopping_at_any_epochs_and_going_on_equals_going_through_bit_for_bit(case: str, stops: list[int]) -> None:
    assert_same(train(task(**CASES[case]), stops), through(case))


def test_the_cases_above_hold_one_that_stops_before_its_last_epoch_and_keeps_an_earlier_one() -> None:
    fit = through("stops early")
    assert fit.best_epoch + 2 == fit.epochs < EPOCHS


def test_a_fit_ends_at_its_last_epoch_however_far_it_is_asked_to_go() -> None:
    fit = advance(DATASET, task(), None, EPOCHS + 3)
    assert isinstance(fit, Fit)
    assert_same(fit, through("full batch"))


def test_advancing_changes_neither_the_state_it_is_given_nor_the_dataset() -> None:
    state = advance(DATASET, task(), None, 2)
    assert isinstance(state, State)
    before, data = pickle.dumps(state), pickle.dumps(DATASET)
    advance(DATASET, task(), state, EPOCHS)
    assert pickle.dumps(state) == before
    assert pickle.dumps(DATASET) == data


# What it computes.


class ByHand(nn.Module):
    """One recurrent layer and a head, written out."""

    def __init__(self, cell: str) -> None:
        super().__init__()
        self.recurrent = getattr(nn, cell)(2, 3, batch_first=True)
        self.head = nn.Linear(3, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the forecast, shape (batch,)."""
        forecast: Tensor = self.head(self.recurrent(inputs)[0][:, -1])[:, 0]
        return forecast


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("batch_size", ["full", 16])
def test_training_equals_a_plain_loop_exactly(cell: str, batch_size: int | str) -> None:
    found = train(task(cell=cell, batch_size=batch_size, seed=3))
    data, valid = split("train"), split("valid")
    torch.manual_seed(3)
    model = ByHand(cell)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    train_mse, valid_mse = [], []
    for _ in range(EPOCHS):
        rows = [torch.arange(85)] if batch_size == "full" else torch.randperm(85).split(16)
        losses = []
        for batch in rows:
            optimizer.zero_grad()
            loss = mse_loss(model(data.inputs()[batch]), data.targets[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item() * len(batch))
        train_mse.append(sum(losses) / 85)
        with torch.no_grad():
            valid_mse.append(mse_loss(model(valid.inputs()), valid.targets).item())
    assert found.arrays["curve.train_mse"].tolist() == train_mse
    assert found.arrays["curve.valid_mse"].tolist() == valid_mse
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(found.arrays[f"weights.{name}"], value)
    with torch.no_grad():
        for name in SPLITS[1:]:
            scaled = model(split(name).inputs())
            np.testing.assert_array_equal(found.arrays[f"forecast.{name}"], split(name).original(scaled))
            assert found.metrics[f"{name}_mse"] == mse_loss(scaled, split(name).targets).item()
    assert found.metrics["train_mse"] == train_mse[-1]


@pytest.mark.parametrize("batch_size", ["full", 16])
def test_training_with_all_options_is_a_loop_of_torch_s_own_functions(batch_size: int | str) -> None:
    given = task(**(CASES["branch and all options"] | {"dropout": 0.0, "batch_size": batch_size}))
    found, data = train(given), samples(STATIC, "train", 4)
    torch.manual_seed(0)
    model = Recurrent("LSTM", features=2, hidden_size=3, num_layers=1, static_inputs=2)
    optimizer = torch.optim.Adam(model.parameters())
    batches = 1 if batch_size == "full" else 11  # of the 85 days of two series
    schedule = OneCycleLR(optimizer, 0.05, EPOCHS * batches, cycle_momentum=False)
    variances = [float(np.var(part.numpy())) for part in data.targets.split(85)]
    weight = torch.tensor([2 / (1 + variances[0] / variances[1]), 2 / (1 + variances[1] / variances[0])])
    weight = weight.repeat_interleave(85)
    for _ in range(EPOCHS):
        for rows in [torch.arange(170)] if batch_size == "full" else torch.randperm(170).split(16):
            optimizer.zero_grad()
            forecast = model(data.inputs(rows), data.entrances(rows)[1])
            loss = huber_loss(forecast, data.targets[rows], reduction="none", delta=0.7) * weight[rows]
            loss.mean().backward()
            assert clip_grad_norm_(model.parameters(), 0.1) > 0
            optimizer.step()
            with suppress(ValueError):  # after the last step
                schedule.step()
    for name, value in model.state_dict().items():
        np.testing.assert_allclose(found.arrays[f"weights.{name}"], value, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("cell", ["GRU", "none"])
def test_what_only_static_inputs_tell_is_learned_by_a_branch_alone(cell: str) -> None:
    given = task(cell=cell, static="branch", batch_size=16, epochs=30)
    without = replace(given, config=replace(given.config, cell="GRU", static="none"))
    with_branch = advance(STATIC, given, None, 30)
    blind = advance(STATIC, without, None, 30)
    assert isinstance(with_branch, Fit)
    assert isinstance(blind, Fit)
    assert with_branch.metrics["valid_log_r2"] > 0.8
    assert blind.metrics["valid_log_r2"] < 0.1


def test_a_clip_above_every_gradient_changes_nothing() -> None:
    assert_same(train(task(gradient_clip=1e9)), through("full batch"))


def test_train_mse_is_from_before_the_update_and_valid_mse_from_after_it() -> None:
    curves = advance(DATASET, task(), None, 1).curves
    model, data, valid = untrained(task()), split("train"), split("valid")
    assert curves.train_mse == [mse_loss(model(data.inputs()), data.targets).item()]
    assert curves.valid_mse != [mse_loss(model(valid.inputs()), valid.targets).item()]


def test_gradient_norms_are_those_of_the_update_before_which_train_mse_was_taken() -> None:
    model, data = untrained(task()), split("train")
    mse_loss(model(data.inputs()), data.targets).backward()
    assert advance(DATASET, task(), None, 1).curves.gradient_norm == [model.layer_gradient_norms()]


def test_adamw_is_given_its_weight_decay() -> None:
    plain, decayed = (train(task(optimizer="adamw", weight_decay=decay)) for decay in (0.0, 0.5))
    assert np.abs(decayed.arrays["weights.head.weight"]).sum() < np.abs(plain.arrays["weights.head.weight"]).sum()


def test_weight_decay_is_adamws_alone() -> None:
    """A study that varies the optimizer meets adam with the decay of adamw."""
    plain, decayed = (train(task(optimizer="adam", weight_decay=decay)) for decay in (0.0, 0.5))
    np.testing.assert_array_equal(plain.arrays["curve.train_mse"], decayed.arrays["curve.train_mse"])


def test_training_is_in_train_mode_with_dropout_and_the_batchs_own_statistics() -> None:
    without, dropped = (advance(DATASET, task(num_layers=2, dropout=p), None, 1).curves for p in (0.0, 0.5))
    assert dropped.train_mse != without.train_mse
    model, data = untrained(task(batch_norm=True)).train(), split("train")
    first = advance(DATASET, task(batch_norm=True), None, 1).curves.train_mse
    assert first == [mse_loss(model(data.inputs()), data.targets).item()]


def test_validation_is_in_eval_mode_with_the_running_statistics_of_batch_norm() -> None:
    found = through("batch norm")
    model, valid = untrained(task(batch_norm=True)), split("valid")
    model.load_state_dict({name.removeprefix("weights."): torch.tensor(v) for name, v in weights(found).items()})
    model.eval()
    with torch.no_grad():
        assert found.metrics["valid_mse"] == mse_loss(model(valid.inputs()), valid.targets).item()


def test_another_seed_gives_other_numbers_and_the_same_seed_the_same() -> None:
    assert_same(train(task(seed=5)), train(task(seed=5)))
    assert train(task(seed=5)).metrics["valid_mse"] != through("full batch").metrics["valid_mse"]


def test_the_metrics_of_a_fit_are_its_losses_and_the_scores_in_original_units() -> None:
    found = through("full batch")
    scores = {"log_r2", "log_mse"}
    assert set(found.metrics) == {
        *(f"{name}_mse" for name in ("train", "valid", "test")),
        *(f"{name}_{score}" for name in ("valid", "test") for score in scores),
        *("test_mase", "test_direction", "flatness"),
    }
    actual = np.log(DATASET.target("valid", task().config.window))
    forecast = np.log(found.arrays["forecast.valid"])
    assert found.metrics["valid_log_mse"] == pytest.approx(np.mean((forecast - actual) ** 2))


def test_the_first_epoch_the_rungs_and_the_last_are_recorded() -> None:
    assert train(task(epochs=25)).curves.record_epoch == [1, *range(2, 25, 2), 25]


def test_the_log_scores_of_the_last_record_are_the_fits_own() -> None:
    found = through("full batch")
    assert found.arrays["curve.valid_log_r2"][-1] == found.metrics["valid_log_r2"]
    assert found.arrays["curve.valid_log_mse"][-1] == found.metrics["valid_log_mse"]


# Early stopping.


def test_early_stopping_keeps_the_best_epochs_weights_and_metrics() -> None:
    found = through("stops early")
    best = found.best_epoch
    curve = found.arrays["curve.valid_mse"]
    assert len(curve) == found.epochs
    assert best == int(np.argmin(curve)) + 1
    until_best = train(task(**(CASES["stops early"] | {"early_stopping": None, "epochs": best})))
    for name, values in weights(until_best).items():
        np.testing.assert_array_equal(found.arrays[name], values)
    assert found.metrics == until_best.metrics
    np.testing.assert_array_equal(found.arrays["forecast.test"], until_best.arrays["forecast.test"])


def test_early_stopping_records_every_epoch_that_was_the_best_so_far() -> None:
    found = train(task(early_stopping=50, epochs=30)).curves
    lowest = np.minimum.accumulate(found.valid_mse)
    best_so_far = np.flatnonzero(np.diff(lowest, prepend=np.inf) < 0) + 1
    assert len(best_so_far) > 10
    assert set(best_so_far) <= set(found.record_epoch)


def test_without_a_stop_the_best_epochs_weights_are_kept_all_the_same() -> None:
    found = train(task(**(CASES["stops early"] | {"early_stopping": 50})))
    assert found.epochs == EPOCHS
    assert found.best_epoch == through("stops early").best_epoch
    np.testing.assert_array_equal(found.arrays["forecast.valid"], through("stops early").arrays["forecast.valid"])


# The published protocol's test mode, precision, errors, and what is left behind.


def test_test_in_train_mode_changes_test_forecasts_of_batch_norm_and_not_the_kept_statistics() -> None:
    evaluated, trained = (train(task(batch_norm=True, test_in_train_mode=mode)) for mode in (False, True))
    assert not np.array_equal(evaluated.arrays["forecast.test"], trained.arrays["forecast.test"])
    assert evaluated.metrics["test_mse"] != trained.metrics["test_mse"]
    np.testing.assert_array_equal(evaluated.arrays["forecast.valid"], trained.arrays["forecast.valid"])
    assert "weights.norm.running_mean" in evaluated.arrays
    for name, values in weights(evaluated).items():
        np.testing.assert_array_equal(values, trained.arrays[name])


def test_test_in_train_mode_changes_nothing_without_batch_norm() -> None:
    assert_same(train(task(test_in_train_mode=True)), through("full batch"))


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_medium_precision_stays_close_to_the_highest(cell: str) -> None:
    highest, medium = (train(task(cell=cell, precision=precision)) for precision in ("highest", "medium"))
    assert medium.metrics["valid_mse"] == pytest.approx(highest.metrics["valid_mse"], rel=0.05)
    if cell != "RNN":  # whose kernels may or may not use bfloat16, by the processor
        assert (medium.metrics["valid_mse"] != highest.metrics["valid_mse"]) is cpu_has_bfloat16()
    assert {values.dtype for values in weights(medium).values()} == {np.dtype("float32")}


def test_a_loss_that_is_not_finite_is_an_error_that_names_the_epoch() -> None:
    with pytest.raises(TrainingError, match=r"the validation loss is (nan|inf) in epoch 1") as caught:
        train(task(learning_rate=1e30))
    assert "learning rate" in caught.value.hint


def test_a_training_loss_that_is_not_finite_is_an_error_too() -> None:
    state = advance(DATASET, task(), None, 1)
    broken = state.arrays | {"weights.head.bias": np.array([np.nan], dtype=np.float32)}
    with pytest.raises(TrainingError, match="the training loss is nan in epoch 2"):
        advance(DATASET, task(), State(arrays=broken, epoch=1), 2)


def test_a_loss_that_is_not_finite_on_valid_alone_is_an_error_too() -> None:
    """Batch norm trains on the batch's own statistics, and validates on the running ones."""
    given = task(batch_norm=True)
    state = advance(DATASET, given, None, 1)
    broken = state.arrays | {"weights.norm.running_var": np.full(3, np.nan, dtype=np.float32)}
    with pytest.raises(TrainingError, match="the validation loss is nan in epoch 2"):
        advance(DATASET, given, State(arrays=broken, epoch=1), 2)


def test_infinite_weights_behind_a_full_tanh_are_an_error_although_the_loss_is_finite() -> None:
    state = advance(DATASET, task(), None, 1)
    broken = state.arrays | {"weights.recurrent.bias_ih_l0": np.full(3, np.inf, dtype=np.float32)}
    with pytest.raises(TrainingError, match="the weights are not finite in epoch 2") as caught:
        advance(DATASET, task(), State(arrays=broken, epoch=1), 2)
    assert "learning rate" in caught.value.hint


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("batch_size", ["full", 16])
def test_the_largest_learning_rate_gives_finite_numbers(cell: str, batch_size: int | str) -> None:
    found = train(task(cell=cell, batch_size=batch_size, learning_rate=10.0))
    assert np.isfinite(list(found.metrics.values())).all()


def test_an_error_that_is_not_of_memory_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: Recurrent, inputs: Tensor) -> Tensor:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(Recurrent, "forward", forward)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        train(task())


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError()])
def test_running_out_of_memory_is_an_expected_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: Recurrent, inputs: Tensor) -> Tensor:
        raise error

    monkeypatch.setattr(Recurrent, "forward", forward)
    with pytest.raises(TrainingError, match="memory ran out") as caught:
        train(task())
    assert "smaller" in caught.value.hint


def test_the_callers_generator_threads_and_precision_are_untouched() -> None:
    torch.set_num_threads(2)
    generator = torch.get_rng_state()
    matmul = torch.get_float32_matmul_precision()
    advance(DATASET, task(precision="medium", batch_size=16), None, 2)
    assert torch.equal(torch.get_rng_state(), generator)
    assert torch.get_num_threads() == 2
    assert torch.get_float32_matmul_precision() == matmul


def test_a_fit_is_packed_to_plain_arrays_and_facts_and_comes_back() -> None:
    found = through("batch norm")
    assert_same(Fit.unpack(*found.pack()), found)
