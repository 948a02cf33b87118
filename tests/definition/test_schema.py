from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from volopt.definition.load import dump, load, restore
from volopt.definition.schema import Definition, Range
from volopt.definition.space import contains
from volopt.definition.values import canonical


def test_lists_of_the_space_and_of_grids_are_in_canonical_order(changed: Any) -> None:
    definition = changed()
    assert definition.space["cell"] == ("LSTM", "RNN")
    assert definition.space["hidden_size"] == (5, 25, 250)
    assert definition.space["batch_norm"] == (False, True)
    assert definition.space["batch_size"] == (64, 128, "full")
    assert definition.phases[0].grid == {"cell": ("LSTM", "RNN"), "hidden_size": (5, 25)}
    assert definition.phases[1].vary == ("cell", "window")


def test_values_have_the_type_of_their_key(changed: Any) -> None:
    definition = changed(("[1, 0.005]", "{ low = 0.001, high = 1 }"))
    assert repr(definition.space["learning_rate"].high) == "1.0"
    assert repr(definition.space["window"].low) == "5"
    assert [repr(value) for value in changed().space["learning_rate"]] == ["0.005", "1.0"]


def test_expressions_are_stored_canonically(changed: Any) -> None:
    assert changed().data.features == ("$close", "Mean($close,3)")


def test_days_are_written_as_text_or_as_toml_dates(changed: Any) -> None:
    definition = changed(('["2010-01-01", "2015-08-31"]', "[2010-01-01, 2015-08-31]"))
    assert definition.data.train == (date(2010, 1, 1), date(2015, 8, 31))
    assert definition == changed()


def test_what_is_left_out_has_the_values_of_the_design(changed: Any) -> None:
    definition = changed()
    model, training = definition.model, definition.training
    assert (model.cell, model.hidden_size, model.num_layers, model.batch_norm) == ("LSTM", 5, 1, False)
    assert (training.epochs, training.learning_rate, training.batch_size) == (100, 0.005, "full")
    assert (training.seeds, training.early_stopping, training.retries) == (3, "none", 2)
    assert (definition.objective.metric, definition.objective.direction) == ("valid_mse", "minimize")
    assert definition.published is None


def test_the_direction_follows_the_metric(changed: Any) -> None:
    assert changed(tail='[objective]\nmetric = "valid_log_r2"').objective.direction == "maximize"


def test_the_defaults_have_every_key_that_a_search_can_vary(changed: Any) -> None:
    assert changed().defaults() == {
        "cell": "LSTM",
        "hidden_size": 5,
        "num_layers": 1,
        "batch_norm": False,
        "dropout": 0.1,
        "window": 20,
        "static": "none",
        "epochs": 100,
        "learning_rate": 0.005,
        "batch_size": "full",
        "optimizer": "adam",
        "weight_decay": 0.0,
    }


def test_the_largest_window_is_that_of_the_range_the_list_or_the_default(changed: Any) -> None:
    window = "window = { low = 5, high = 100 }\n"
    assert changed().max_window() == 100
    assert changed((window, "window = [40, 5, 20]\n")).max_window() == 40
    without = changed((window, ""), ("fix = { window = 40 }", ""), ('"window", "cell"', '"cell"'))
    assert without.max_window() == 20


def test_a_grids_points_have_every_key_of_the_space_fixed_or_at_their_defaults(changed: Any) -> None:
    definition = changed()
    points = definition.phases[0].points(definition)
    assert [(point["cell"], point["hidden_size"]) for point in points] == [
        ("LSTM", 5),
        ("LSTM", 25),
        ("RNN", 5),
        ("RNN", 25),
    ]
    assert all(point.keys() == definition.space.keys() for point in points)
    assert all(point["window"] == 40 and point["learning_rate"] == 0.005 for point in points)


def test_the_papers_sixteen_points_are_fourteen_distinct_ones() -> None:
    grid = load("grid")
    points = [point for phase in grid.phases[:2] for point in phase.points(grid)]
    assert len(points) == 16
    assert len({tuple(sorted(point.items())) for point in points}) == 14


def test_a_definition_is_frozen(changed: Any) -> None:
    with pytest.raises(ValidationError):
        changed().model.window = 3


def test_the_model_alone_also_refuses_a_space_that_is_no_table(changed: Any) -> None:
    with pytest.raises(ValidationError):
        Definition.model_validate(dump(changed()) | {"space": 3})


@given(low=st.integers(-50, 50), width=st.integers(1, 50), step=st.integers(1, 7), value=st.integers(-120, 120))
def test_a_stepped_range_holds_exactly_its_steps(low: int, width: int, step: int, value: int) -> None:
    high = low + width * step
    assert contains(Range(low=low, high=high, step=step), value) == (value in range(low, high + 1, step))


@given(st.floats(0.001, 10), st.floats(0.001, 10), st.floats(0, 20))
def test_a_range_without_step_holds_all_between_its_ends(one: float, other: float, value: float) -> None:
    low, high = sorted((one, other + 10))
    assert contains(Range(low=low, high=high, log=True), value) == (low <= value <= high)


@given(st.permutations([8, 16, 128, "full"]))
def test_the_canonical_order_does_not_depend_on_the_files(values: list[Any]) -> None:
    assert canonical(tuple(values)) == (8, 16, 128, "full")


def panel(changed: Any, instruments: str = '["SH600000", "SZ000001"]') -> Definition:
    found: Definition = changed(
        ('instrument = "SH600000"', f"instruments = {instruments}"),
        ('batch_size = ["full", 64, 128]', "batch_size = [64, 128]"),
        ("[space]", "[training]\nbatch_size = 64\n[space]"),
    )
    return found


def test_a_panel_is_a_list_of_instruments_or_all_of_them(changed: Any) -> None:
    listed, every = panel(changed).data, panel(changed, '"all"').data
    assert (listed.instrument, listed.instruments, listed.subject) == (None, ("SH600000", "SZ000001"), "2 instruments")
    assert (every.instruments, every.subject) == ("all", "all instruments")
    one = changed().data
    assert (one.instruments, one.subject) == (None, "SH600000")
    assert (listed.is_panel, every.is_panel, one.is_panel) == (True, True, False)
    assert load("grid").data.subject == "SH600000"
    assert restore(dump(panel(changed))) == panel(changed)


def test_the_loss_is_the_squared_error_unless_it_is_said_otherwise(changed: Any) -> None:
    assert changed().training.loss == "mse"
    assert changed(("[space]", '[training]\nloss = "huber"\n[space]')).training.loss == "huber"


def test_the_word_of_earlier_versions_for_the_defaults_is_read(changed: Any) -> None:
    definition = changed(('start = "best"', 'start = "baseline"'))
    assert definition == changed(('start = "best"', 'start = "defaults"'))
    stored = dump(definition)
    stored["phase"][1]["start"] = "baseline"
    assert restore(stored) == definition


def test_a_value_of_another_type_is_not_in_an_entry() -> None:
    assert not contains((False, True), 1)
    assert not contains((1, 2), True)
    assert not contains(Range(low=1, high=5), True)
    assert not contains(Range(low=1, high=5), "x")
    assert contains(Range(low=1, high=5), 5)


def test_keys_of_later_versions_are_stored_only_where_they_say_something(changed: Any) -> None:
    """So studies of earlier versions keep their digests."""
    new = {"static", "schedule", "gradient_clip", "huber_delta", "loss_weight"}
    stored = dump(changed())
    assert not new & {*stored["data"], *stored["model"], *stored["training"]}
    said = changed(
        ('target = "$volume"', 'target = "$volume"\nstatic = ["Mean($volume, 60)"]'),
        ("dropout = 0.1", 'static = "branch"'),
        tail='[training]\nloss = "huber"\nhuber_delta = 0.7\ngradient_clip = 1\nschedule = "onecycle"',
    )
    stored = dump(said)
    assert stored["data"]["static"] == ["Mean($volume,60)"]
    assert stored["model"]["static"] == "branch"
    assert [stored["training"][key] for key in ("huber_delta", "gradient_clip", "schedule")] == [0.7, 1.0, "onecycle"]
    assert restore(stored) == said


def test_dropout_works_on_one_layer_where_there_is_a_branch(changed: Any) -> None:
    static = ('target = "$volume"', 'target = "$volume"\nstatic = ["Mean($volume, 60)"]')
    layers = ("num_layers = { low = 1, high = 9, step = 2 }\n", 'static = ["none", "branch"]\n')
    assert changed(static, layers).defaults()["dropout"] == 0.1
