import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from builders import definition
from volopt.definition.load import load
from volopt.models.cells import CELLS
from volopt.training.task import Config, Fit, Scalar, Task, tasks

CONFIG = Config("RNN", 5, 1, False, 0.0, 20, 0.005, "full", "adam", 0.0)
TASK = Task(CONFIG, seed=0, epochs=100, early_stopping=None, metric="valid_mse")
DATA: tuple[str, list[object]] = ("fingerprint", ["$close", 1])
OTHER_CONFIG: dict[str, Scalar] = {
    "cell": "LSTM",
    "hidden_size": 6,
    "num_layers": 2,
    "batch_norm": True,
    "dropout": 0.1,
    "window": 19,
    "learning_rate": 0.01,
    "batch_size": 64,
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "static": "branch",
}
OTHER_TASK: dict[str, object] = {
    "config": replace(CONFIG, window=21),
    "seed": 1,
    "epochs": 50,
    "early_stopping": 10,
    "loss": "huber",
    "head_outputs": 5,
    "test_in_train_mode": True,
    "device": "cuda",
    "precision": "medium",
    "packed": True,
    "schedule": "onecycle",
    "gradient_clip": 1.0,
    "huber_delta": 0.7,
    "loss_weight": "instrument",
}


def test_every_value_of_a_configuration_changes_the_key() -> None:
    assert set(OTHER_CONFIG) == {field.name for field in fields(Config)}
    changed = [replace(CONFIG, **{name: value}) for name, value in OTHER_CONFIG.items()]
    keys = {replace(TASK, config=config).key(DATA) for config in changed}
    assert len(keys | {TASK.key(DATA)}) == len(OTHER_CONFIG) + 1


def test_every_fact_of_a_task_but_the_metric_and_the_period_changes_the_key() -> None:
    assert set(OTHER_TASK) == {field.name for field in fields(Task)} - {"metric", "period"}
    keys = {replace(TASK, **{name: value}).key(DATA) for name, value in OTHER_TASK.items()}
    assert len(keys | {TASK.key(DATA)}) == len(OTHER_TASK) + 1


def test_fits_keep_the_keys_of_earlier_versions() -> None:
    """The keys of commit 40fd428, from before the branch and the options of training."""
    assert TASK.key(DATA) == "e58d3606d6b0405855393cc3533bf82da5b2c2b76d1f288bf016565710723e88"
    packed = replace(TASK, loss="huber", packed=True)
    assert packed.key(DATA) == "79e427d137b546880a5161230df56a5e5126a94918392b559aa21082d6c58adc"


def test_without_a_window_the_size_of_the_cell_does_not_change_the_key() -> None:
    alone = replace(CONFIG, cell="none", static="branch")
    sizes = [alone, *(replace(alone, **{name: OTHER_CONFIG[name]}) for name in ("hidden_size", "num_layers"))]
    assert len({replace(TASK, config=config).key(DATA) for config in sizes}) == 1
    assert replace(TASK, config=replace(alone, window=21)).key(DATA) != replace(TASK, config=alone).key(DATA)


def test_the_metric_only_reads_the_numbers_so_it_does_not_change_the_key() -> None:
    assert replace(TASK, metric="valid_log_r2").key(DATA) == TASK.key(DATA)


def test_the_dataset_of_its_period_already_tells_the_period_in_the_key() -> None:
    assert replace(TASK, period=2).key(DATA) == TASK.key(DATA)


def test_which_gpu_it_is_does_not_change_the_key() -> None:
    assert len({replace(TASK, device=name).key(DATA) for name in ("cuda", "cuda:0", "cuda:1")}) == 1


@pytest.mark.parametrize("data", [("another", ["$close", 1]), ("fingerprint", ["$close", 2])])
def test_fingerprint_and_recipe_of_the_data_change_the_key(data: tuple[str, list[object]]) -> None:
    assert TASK.key(data) != TASK.key(DATA)


def test_equal_tasks_have_equal_keys_that_can_name_a_file() -> None:
    again = replace(TASK, config=replace(CONFIG))
    assert again.key(("fingerprint", ["$close", 1])) == TASK.key(DATA)
    assert len(TASK.key(DATA)) == 64
    assert TASK.key(DATA).isalnum()


@pytest.mark.parametrize(("epochs", "rung"), [(1, 1), (9, 1), (10, 1), (25, 2), (100, 10)])
def test_a_task_reports_about_ten_times(epochs: int, rung: int) -> None:
    assert replace(TASK, epochs=epochs).rung == rung


def test_a_trial_has_a_task_a_seed_with_its_values_over_the_defaults() -> None:
    found = definition(training={"seeds": 3, "epochs": 7, "early_stopping": 2}, objective={"metric": "valid_log_r2"})
    made = tasks(found, {"cell": "LSTM", "window": 5}, "cuda:1", "medium")
    assert [task.seed for task in made] == [0, 1, 2]
    assert {replace(task, seed=0) for task in made} == {made[0]}
    defaults = definition().defaults()
    del defaults["epochs"]  # a fact of the task
    assert asdict(made[0].config) == defaults | {"cell": "LSTM", "window": 5}
    assert (made[0].epochs, made[0].early_stopping, made[0].metric) == (7, 2, "valid_log_r2")
    assert (made[0].device, made[0].precision) == ("cuda:1", "medium")
    assert (made[0].head_outputs, made[0].test_in_train_mode) == (1, False)


@pytest.mark.parametrize("cell", [name for name, cell in CELLS.items() if cell.bfloat16_from])
def test_medium_precision_is_for_networks_that_gain_by_it(cell: str) -> None:
    least = CELLS[cell].bfloat16_from
    for units, device, precision in ((least - 1, "cpu", "highest"), (least, "cpu", "medium"), (5, "cuda", "medium")):
        params = {"cell": cell, "hidden_size": units}
        assert tasks(definition(), params, device, "medium")[0].precision == precision
        assert tasks(definition(), params, device, "highest")[0].precision == "highest"
        assert tasks(definition(), params, device, "medium", packed=True)[0].precision == "medium"


def test_a_trial_whose_fits_may_be_packed_has_them_so_but_for_batch_norm() -> None:
    plain, normed = (
        tasks(definition(), {"batch_norm": norm}, "cpu", "highest", packed=True)[0] for norm in (False, True)
    )
    assert plain.packed
    assert normed == tasks(definition(), {"batch_norm": True}, "cpu", "highest")[0]


@pytest.mark.parametrize(
    "training",
    [{"schedule": "onecycle"}, {"gradient_clip": 1.0}, {"loss": "huber", "huber_delta": 0.7},
     {"loss_weight": "instrument"}],
    ids=str,
)  # fmt: skip
def test_a_fit_with_an_option_that_packs_do_not_know_is_trained_alone(training: dict[str, object]) -> None:
    assert not tasks(definition(training=training), {}, "cpu", "highest", packed=True)[0].packed


def test_a_network_with_a_branch_is_trained_alone() -> None:
    assert not tasks(definition(), {"static": "branch"}, "cpu", "highest", packed=True)[0].packed


def test_a_trial_may_have_its_own_epochs() -> None:
    assert [task.epochs for task in tasks(definition(), {"epochs": 9}, "cpu", "highest")] == [9, 9]


def test_the_options_of_training_reach_the_task() -> None:
    said = {"schedule": "onecycle", "gradient_clip": 2.0, "huber_delta": 0.7, "loss_weight": "instrument"}
    made = tasks(definition(training={"loss": "huber", **said}), {}, "cpu", "highest")[0]
    assert {name: getattr(made, name) for name in said} == said
    assert tasks(definition(), {}, "cpu", "highest")[0].gradient_clip is None


def test_without_early_stopping_a_task_has_no_patience() -> None:
    assert tasks(definition(), {}, "cpu", "highest")[0].early_stopping is None


def test_tasks_of_the_published_protocol_have_its_head_and_its_test_mode() -> None:
    made = tasks(load("published"), {}, "cpu", "highest")[0]
    assert (made.head_outputs, made.test_in_train_mode) == (5, True)


def test_a_fit_comes_back_from_its_arrays_and_json() -> None:
    fit = Fit(
        seed=1,
        epochs=7,
        best_epoch=5,
        metrics={"valid_mse": 0.25},
        arrays={
            "curve.valid_mse": np.array([0.5, 0.25]),
            "forecast.valid": np.array([1.0]),
            "forecast.test": np.array([2.0]),
            "weights.head.bias": np.array([3.0], dtype=np.float32),
        },
    )
    arrays, facts = fit.pack()
    again = Fit.unpack(arrays, json.loads(json.dumps(facts)))
    assert again == fit
    assert len(arrays) == 4
