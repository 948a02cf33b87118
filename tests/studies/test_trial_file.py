"""The file a trial left: read whole, or not at all, whatever a stranger or a broken disk made of it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.kinds.stored import ACTUAL, trial_content
from hand_made import Shelf
from volopt.studies import study as studies
from volopt.studies.trial_file import parse, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
CURVES = ("seeds", 0, "curves")
PART = {"instrument": "A", "days": 40, "log_floor": 1.0}
BROKEN: list[tuple[tuple[Any, ...], Any]] = [
    ((*CURVES, "train_mse"), ["1", "2", "3"]),
    ((*CURVES, "train_mse"), [True, True, True]),
    ((*CURVES, "train_mse"), [1.0, None, 1.0]),
    ((*CURVES, "train_mse"), [1.0, float("nan"), 1.0]),
    ((*CURVES, "train_mse"), [1.0, -1.0, 1.0]),
    ((*CURVES, "train_mse"), [1.0, 10**400, 1.0]),
    ((*CURVES, "train_mse"), [1.0]),
    ((*CURVES, "train_mse"), []),
    ((*CURVES, "train_mse"), {}),
    ((*CURVES, "record_epoch"), [4]),
    ((*CURVES, "gradient_norm"), [[]]),
    ((*CURVES, "gradient_norm"), [[1.0]]),
    (CURVES, {"train_mse": [], "valid_mse": []}),
    (CURVES, None),
    (("seeds", 0, "seed"), "0"),
    (("seeds", 0, "seed"), True),
    (("seeds", 0, "seed"), 10**30),
    (("seeds", 1, "seed"), 0),
    (("seeds", 0, "metrics"), {"flatness": "low"}),
    (("seeds", 0, "metrics"), {"best_epoch": 4}),
    (("seeds", 0, "metrics"), {"best_epoch": 1.0}),
    (("seeds", 0, "forecast"), {"test": ACTUAL.tolist()}),
    (("seeds", 0, "forecast", "test"), ACTUAL.tolist()[1:]),
    (("seeds", 0, "forecast", "test"), ["x"] * 40),
    (("seeds",), []),
    (("seeds",), [1]),
    (("seeds",), {"0": 1}),
    (("days", "test", "date"), ["2018-02-30"] * 40),
    (("days", "test", "date"), ["4 May"] * 40),
    (("days", "test", "date"), list(range(40))),
    (("days", "test", "actual"), ACTUAL.tolist()[1:]),
    (("days", "test"), {"date": [], "actual": []}),
    (("days",), {}),
    (("days", "train"), {"date": ["2018-01-01"], "actual": [1.0]}),
    (("train",), None),
    (("train", "std"), 0.0),
    (("baselines",), "../../elsewhere"),
    (("baselines",), 7),
    (("parts",), {"test": [PART]}),
    (("parts",), {"valid": [PART], "test": []}),
    (("parts", "test"), [PART | {"days": 39}]),
    (("parts", "test"), [PART | {"days": 0}, PART | {"instrument": "B"}]),
    (("parts", "test"), [PART | {"days": 20}] * 2),
    (("parts", "test"), [PART | {"days": "40"}]),
    (("parts", "test"), [PART | {"instrument": "\x1b[31mA"}]),
    (("parts", "test"), [PART | {"instrument": ""}]),
    (("parts", "test"), [PART | {"log_floor": 0.0}]),
    (("instruments",), [{"instrument": "A"}] * 2),
    (("instruments",), [{"instrument": "A", "metrics": {"valid_log_r2": "high"}}]),
    (("instruments",), [{"instrument": "A", "metrics": {"valid_log_r2": float("inf")}}]),
]  # fmt: skip


def changed(path: tuple[Any, ...], value: Any) -> Any:
    content = whole = json.loads(json.dumps(trial_content() | {"parts": {"valid": [PART], "test": [PART]}}))
    for key in path[:-1]:
        content = content[key]
    content[path[-1]] = value
    return whole


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_what_a_trial_left_is_there() -> None:
    found = parse(json.loads(json.dumps(trial_content(best_epochs=(2, 3)))))
    assert found is not None
    assert [seed.metrics["best_epoch"] for seed in found.seeds] == [2, 3]
    assert found.seeds[1].curves.train_mse == [4.0, 3.0, 1.5]
    assert found.seeds[0].forecast["test"] == found.days["test"].actual == ACTUAL.tolist()


def test_the_days_of_a_split_are_those_of_its_parts_in_their_order() -> None:
    parts = [PART | {"days": 30}, {"instrument": "B", "days": 10, "log_floor": None}]
    found = parse(changed(("parts", "test"), parts))
    assert found is not None
    first, second = found.instrument_rows("test")
    assert first == ("A", slice(0, 30), 1.0)
    assert second[:2] == ("B", slice(30, 40))
    assert math.isnan(second.log_floor)


def test_what_an_older_volopt_left_has_one_part_that_is_named_by_nothing() -> None:
    found = parse(trial_content())
    assert found is not None
    assert found.instrument_rows("test") == [("", slice(0, 40), found.train.log_floor)]
    assert found.instruments == []


def test_a_forecast_may_be_beyond_all_numbers() -> None:
    assert parse(changed(("seeds", 0, "forecast", "test"), [float("inf"), None] * 20)) is not None


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_what_is_not_whole_is_as_good_as_none(path: tuple[Any, ...], value: Any) -> None:
    assert parse(changed(path, value)) is None


@pytest.mark.parametrize("content", [None, [], {}, 7, "x", {"seeds": 3}])
def test_another_json_is_as_good_as_none(content: Any) -> None:
    assert parse(content) is None


@given(JSON, st.sampled_from([path for path, _ in BROKEN]))
def test_any_json_in_any_place_is_read_or_left_alone(value: Any, path: tuple[Any, ...]) -> None:
    parse(changed(path, value))
    parse(value)


NUMBERS = (np.datetime64("2018-01-02") + np.arange(40)).astype(np.int32)
ODD: list[tuple[tuple[Any, ...], Any]] = [
    (("seeds", 0, "forecast", "test"), ACTUAL[1:]),
    (("seeds", 0, "forecast", "test"), ACTUAL.astype(np.float32)),
    (("seeds", 0, "forecast", "test"), ACTUAL[:, None]),
    (("seeds", 0, "forecast", "test"), np.array(7.0)),
    (("days", "test", "actual"), np.where(ACTUAL[3] == ACTUAL, np.nan, ACTUAL)),
    (("days", "test", "actual"), NUMBERS),
    (("days", "test", "date"), NUMBERS[:0]),
    (("days", "test", "date"), NUMBERS + 10**7),
    (("days", "test", "date"), NUMBERS - 10**7),
    (("days", "test", "date"), NUMBERS.astype(float)),
    (("days", "test", "date"), NUMBERS.astype(str)),
    (("seeds", 0, "curves", "train_mse"), np.ones(3)),
    (("seeds",), NUMBERS),
]


def test_columns_may_be_arrays() -> None:
    wanted = parse(trial_content())
    content = changed(("days", "test"), {"date": NUMBERS, "actual": ACTUAL})
    content["seeds"][0]["forecast"]["test"] = np.where(ACTUAL[5] < ACTUAL, np.nan, ACTUAL)
    found = parse(content)
    assert wanted is not None
    assert found is not None
    np.testing.assert_array_equal(found.days["test"].date, np.asarray(wanted.days["test"].date, "datetime64[D]"))
    assert found.days["test"].actual is ACTUAL
    assert found.seeds[0].forecast["test"] is content["seeds"][0]["forecast"]["test"]


@pytest.mark.parametrize(("path", "value"), ODD)
def test_arrays_that_are_not_whole_are_as_good_as_none(path: tuple[Any, ...], value: Any) -> None:
    assert parse(changed(path, value)) is None


def files(directory: Path) -> list[Path]:
    return [path for path in (directory / "artifacts").iterdir() if path.is_file() and not path.name.startswith(".")]


@pytest.mark.parametrize(
    "breaks",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()),
        lambda path: path.write_bytes(b"[" * 100_000),
        lambda path: path.write_bytes(b"null"),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
def test_a_file_that_is_gone_or_broken_on_disk_is_as_good_as_none(
    shelf: Shelf, tmp_path: Path, breaks: Callable[[Path], object]
) -> None:
    shelf.trial(shelf.study("grid"), trial_content())
    study, _ = studies.find(shelf.storage, "grid")
    assert read(study, study.trials[0], shelf.artifacts) is not None
    (path,) = files(tmp_path)
    breaks(path)
    assert read(study, study.trials[0], shelf.artifacts) is None


@pytest.mark.parametrize("said", ["null", "[]", "7", "{", '{"artifact_id": "../../volopt.db"}', '{"artifact_id": 7}'])
def test_what_a_study_says_of_its_files_may_make_no_sense(shelf: Shelf, said: str) -> None:
    definition = shelf.study("grid")
    study, _ = studies.find(shelf.storage, "grid")
    shelf.trial(definition, None)
    with shelf.storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO trial_system_attributes(trial_id, key, value_json) VALUES (1, 'artifacts:x', ?)",
            (json.dumps(said),),
        )
    assert read(study, study.trials[0], shelf.artifacts) is None
