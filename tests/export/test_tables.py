"""A study's tables: columns and types follow from its definition, cells from what is known of each trial."""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import STUDY, definition
from volopt.baselines.methods import baselines_of
from volopt.export import tables
from volopt.studies.trial_file import TrialFile

BASELINES = baselines_of(())

SPACE = """[space]
batch_norm = [false, true]
batch_size = [32, "full"]
optimizer = ["adam", "adamw"]
weight_decay = [0.0, 0.5]
"""
FOUND = definition(STUDY.replace("[space]\n", SPACE))
KNOWN = tables.schemas(FOUND)
PARAMS = {
    "cell": "RNN", "hidden_size": 3, "batch_norm": True, "batch_size": 32, "window": 4, "learning_rate": 0.1,
    "optimizer": "adamw", "weight_decay": 0.5,
}  # fmt: skip
DAYS = {
    "valid": {"date": ["2020-04-01", "2020-04-02"], "actual": [1.0, 2.0]},
    "test": {"date": ["2020-05-04"], "actual": [3.0]},
}
CURVES = {
    "train_mse": [0.5, 0.4, 0.3],
    "valid_mse": [0.6, 0.5, 0.4],
    "record_epoch": [1, 3],
    "gradient_norm": [[0.1, 0.2], [0.3, None]],
    "valid_log_mse": [1.5, None],
    "valid_log_r2": [-1.0, 0.25],
}
FORECAST = {"valid": [1.5, 2.5], "test": [3.5]}
SEEDS = [{"seed": 0, "curves": CURVES, "forecast": FORECAST}, {"seed": 1, "curves": CURVES}]
TRAIN = {"mean": 1.0, "std": 1.0, "log_floor": 0.5}
OLD_FILE = TrialFile.model_validate({"train": TRAIN, "baselines": "ab", "days": DAYS, "seeds": SEEDS})
A, B = ({"instrument": name, "days": 1, "log_floor": 0.5} for name in "AB")
SCORES = [
    {"instrument": "A", "metrics": {"valid_log_r2": 0.25, "valid_skill_har": None}},
    {"instrument": "B", "metrics": {"valid_log_r2": 0.5, "test_log_mse": 0.75, "test_skill_ridge": -1.0, "other": 1.0}},
]
NEW = {"parts": {"valid": [A, B], "test": [B]}, "instruments": SCORES}
FILE = TrialFile.model_validate(OLD_FILE.model_dump() | NEW)


def listed(**fields: Any) -> dict[str, Any]:
    """Return a trial as ``listing.trials`` gives it."""
    trial = {"number": 0, "state": "COMPLETE", "phases": [], "params": {}, "value": None, "metrics": {}, "seeds": []}
    return trial | {"seconds": None, "reason": None} | fields


def frame(*trials: dict[str, Any]) -> pd.DataFrame:
    table: pd.DataFrame = tables.trials(trials, [None] * len(trials), KNOWN["trials"]).to_pandas()
    return table


def test_each_parameter_has_a_column_of_its_own_type_whether_it_is_known_or_not() -> None:
    for table in (frame(listed(params=PARAMS)), frame(listed()), frame(listed(params=PARAMS), listed()), frame()):
        types = {name: str(kind) for name, kind in table.dtypes.items() if str(name).startswith("params_")}
        assert types == {
            "params_cell": "string",
            "params_hidden_size": "Int64",
            "params_batch_norm": "boolean",
            "params_batch_size": "string",
            "params_window": "Int64",
            "params_learning_rate": "float64",
            "params_optimizer": "string",
            "params_weight_decay": "float64",
        }
    row = frame(listed(), listed(params=PARAMS)).iloc[1]
    assert {key: row[f"params_{key}"] for key in PARAMS} == PARAMS | {"batch_size": "32"}


def test_a_trial_is_a_row_with_all_that_is_known_of_it() -> None:
    began = datetime(2026, 1, 2, 3, 4, 5, 678901)
    known = listed(phases=["width", "depth"], value=0.5, metrics={"valid_mse": 0.5, "ensemble_test_skill_har": -2.5})
    known |= {"number": 7, "state": "FAIL", "seconds": 1.25, "reason": "the loss is nan"}
    (row,) = tables.trials([known], [began], KNOWN["trials"]).to_pylist()
    assert {name: value for name, value in row.items() if value is not None} == {
        "number": 7,
        "state": "FAIL",
        "phases": "width,depth",
        "value": 0.5,
        "valid_mse": 0.5,
        "ensemble_test_skill_har": -2.5,
        "datetime_start": began,
        "seconds": 1.25,
        "reason": "the loss is nan",
    }


def test_a_study_with_static_inputs_has_columns_of_the_skills_over_its_own_baselines() -> None:
    schemas = tables.schemas(definition(data={"static": ("$gap",)}))
    more = {"har_rolling", "pooled_ridge", "pooled_lightgbm"}
    for table, prefixes in {"trials": ("valid_", "ensemble_test_"), "seeds": ("test_",), "instruments": ("",)}.items():
        columns = set(schemas[table].names) - set(KNOWN[table].names)
        for prefix in prefixes:
            assert {f"{prefix}skill_{name}" for name in more} <= columns
        assert not any("har_x" in name for name in columns)  # no static input is of the calendar
    scores = {"instrument": "A", "metrics": {"valid_skill_pooled_ridge": 0.25}}
    file = TrialFile.model_validate(FILE.model_dump() | {"instruments": [scores]})
    (row,) = tables.trial_tables(4, file, 1, schemas)["instruments"].to_pylist()
    assert row["skill_pooled_ridge"] == 0.25
    assert tables.trial_tables(4, file, 1, KNOWN)["instruments"].num_rows == 0


def test_what_another_program_noted_of_a_trial_changes_no_column() -> None:
    (row,) = tables.trials([listed(metrics={"state": "odd", "other": [1]})], [None], KNOWN["trials"]).to_pylist()
    assert row["state"] == "COMPLETE"
    assert list(row) == KNOWN["trials"].names


@given(st.lists(st.none() | st.floats(allow_nan=False), min_size=1))
def test_any_number_stays_what_it_is_and_a_missing_one_is_nan(values: list[float | None]) -> None:
    trials = frame(*(listed(metrics={"valid_mse": value}) for value in values))
    np.testing.assert_array_equal(trials["valid_mse"], [math.nan if value is None else value for value in values])


def test_a_seed_is_a_row_and_that_of_a_pruned_trial_has_no_best_epoch() -> None:
    whole = listed(number=3, seeds=[{"seed": 5, "valid_mse": 0.5, "flatness": None, "epochs": 9, "best_epoch": 4}])
    seeds = tables.seeds([listed(), whole, listed(seeds=[{"seed": 0, "epochs": 2}])], KNOWN["seeds"]).to_pandas()
    assert seeds[["trial", "seed", "epochs", "best_epoch"]].values.tolist() == [[3, 5, 9, 4], [0, 0, 2, pd.NA]]
    assert str(seeds["best_epoch"].dtype) == "Int64"
    assert seeds["valid_mse"].tolist()[0] == 0.5
    assert seeds["flatness"].isna().all()


def test_an_epoch_is_a_row_of_curves_with_the_log_scores_where_they_were_recorded() -> None:
    epochs = tables.trial_tables(4, FILE, 1, KNOWN)["curves"].to_pylist()
    assert [(row["trial"], row["seed"], row["epoch"]) for row in epochs] == [
        (4, s, e) for s in (0, 1) for e in (1, 2, 3)
    ]
    assert [tuple(row.values())[3:] for row in epochs[:3]] == [
        (0.5, 0.6, 1.5, -1.0),
        (0.4, 0.5, None, None),
        (0.3, 0.4, None, 0.25),
    ]


def test_a_layer_of_a_recorded_epoch_is_a_row_of_gradients() -> None:
    layers = tables.trial_tables(4, FILE, 1, KNOWN)["gradients"].to_pylist()
    assert [tuple(row.values()) for row in layers[:4]] == [
        (4, 0, 1, 1, 0.1),
        (4, 0, 1, 2, 0.2),
        (4, 0, 3, 1, 0.3),
        (4, 0, 3, 2, None),
    ]
    assert [row["seed"] for row in layers] == [0] * 4 + [1] * 4


def test_a_forecast_day_of_a_finished_seed_is_a_row_of_predictions() -> None:
    predictions = tables.trial_tables(4, FILE, 2, KNOWN)["predictions"].to_pandas()
    assert predictions.drop(columns="date").values.tolist() == [
        ["trial", 4, 0, 2, "A", "valid", 1.0, 1.5],
        ["trial", 4, 0, 2, "B", "valid", 2.0, 2.5],
        ["trial", 4, 0, 2, "B", "test", 3.0, 3.5],
    ]
    assert predictions["date"].tolist() == [pd.Timestamp(day) for day in ("2020-04-01", "2020-04-02", "2020-05-04")]


def test_what_an_older_volopt_left_has_days_of_no_name_and_no_instruments() -> None:
    old_tables = tables.trial_tables(4, OLD_FILE, 1, KNOWN)
    assert old_tables["predictions"].to_pandas()["instrument"].isna().all()
    assert old_tables["instruments"].num_rows == 0


def test_a_split_of_an_instrument_is_a_row_of_instruments_with_its_scores() -> None:
    rows = tables.trial_tables(4, FILE, 1, KNOWN)["instruments"].to_pylist()
    assert [{name: value for name, value in row.items() if value is not None} for row in rows] == [
        {"trial": 4, "instrument": "A", "split": "valid", "log_r2": 0.25},
        {"trial": 4, "instrument": "B", "split": "valid", "log_r2": 0.5},
        {"trial": 4, "instrument": "B", "split": "test", "log_mse": 0.75, "skill_ridge": -1.0},
    ]


def test_baselines_are_rows_without_trial_and_seed_in_their_usual_order() -> None:
    arrays = {f"{name}.{split}": np.full(len(DAYS[split]["date"]), float(i)) for i, name in enumerate(sorted(BASELINES))
              for split in ("test", "valid")}  # fmt: skip
    (*parts,) = tables.baseline_predictions(BASELINES, arrays, FILE, 3, KNOWN["predictions"])
    rows = [row for part in parts for row in part.to_pylist()]
    assert [row["model"] for row in rows] == [name for name in BASELINES for _ in range(3)]
    assert [row["split"] for row in rows[:3]] == ["valid", "valid", "test"]
    assert {(row["trial"], row["seed"], row["day_set"]) for row in rows} == {(None, None, 3)}
    assert [row["forecast"] for row in rows if row["model"] == "har"] == [float(sorted(BASELINES).index("har"))] * 3
    assert [row["actual"] for row in rows[:3]] == [1.0, 2.0, 3.0]
    assert [row["instrument"] for row in rows[:3]] == ["A", "B", "B"]


def test_baselines_of_other_days_are_an_error() -> None:
    arrays = {f"{name}.{split}": np.ones(2) for name in BASELINES for split in ("valid", "test")}
    with pytest.raises(ValueError, match="expected length"):
        list(tables.baseline_predictions(BASELINES, arrays, FILE, 1, KNOWN["predictions"]))
    with pytest.raises(KeyError):
        list(tables.baseline_predictions(BASELINES, {}, FILE, 1, KNOWN["predictions"]))


def test_the_tables_of_arrays_are_those_of_lists() -> None:
    """A forecast that is not finite is None in a list and NaN in an array."""
    gap = {"valid": [1.5, None], "test": [3.5]}
    content = FILE.model_dump() | {"seeds": [{"seed": 0, "curves": CURVES, "forecast": gap}]}
    lists = TrialFile.model_validate(content)
    arrays = TrialFile.model_validate(
        content
        | {
            "days": {
                split: {
                    "date": np.array(each["date"], "datetime64[D]").astype(np.int32),
                    "actual": np.array(each["actual"]),
                }
                for split, each in DAYS.items()
            },
            "seeds": [
                {"seed": 0, "curves": CURVES, "forecast": {split: np.array(each, float) for split, each in gap.items()}}
            ],
        }
    )
    assert tables.trial_tables(0, arrays, 1, KNOWN) == tables.trial_tables(0, lists, 1, KNOWN)
