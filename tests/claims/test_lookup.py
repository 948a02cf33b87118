"""Which stored studies match a shipped one, and how their trials are found."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import SOURCE
from hand_made import Shelf
from volopt.claims.lookup import choose_studies, matching_files
from volopt.comparison.trial_results import NotFoundError, read_trial
from volopt.definition import load
from volopt.errors import StudyError
from volopt.storage import array_store
from volopt.studies import study as studies

CONTENT: dict[str, Any] = {
    "train": {"mean": 2.0, "std": 1.0, "log_floor": None},
    "baselines": "ab" * 32,
    "days": {split: {"date": ["2020-01-01", "2020-01-02"], "actual": [1.0, 2.0]} for split in ("valid", "test")},
    "seeds": [
        {
            "seed": seed,
            "metrics": {"valid_mse": 0.5, "test_mase": None},
            "curves": {"train_mse": [1.0], "valid_mse": [2.0]},
            "forecast": {"valid": [1.0 + seed, 2.0], "test": [3.0, 4.0 + seed]},
        }
        for seed in range(2)
    ],
}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def names(matches: Any, shipped: str) -> list[str]:
    return [study.name for study in matches[shipped]]


def test_a_study_matches_its_study_file_with_any_name_seeds_and_trials(shelf: Shelf) -> None:
    shelf.study("mine", seeds=10, trials=5)
    matches = shelf.found()
    assert names(matches, "grid") == ["mine"]
    assert [name for name, stored in matches.items() if stored] == ["grid"]


@pytest.mark.parametrize(
    "text",
    [
        ('instrument = "SH600000"', 'instrument = "SZ000001"'),
        ('test = ["2018-01-01", "2018-12-31"]', 'test = ["2019-01-01", "2019-12-31"]'),
        ("window = { low = 5, high = 100 }", "window = { low = 5, high = 60 }"),
        ("retries = 2", "retries = 0"),
    ],
)
def test_instrument_days_space_and_retries_may_differ(shelf: Shelf, text: tuple[str, str]) -> None:
    shelf.study("mine", text=text)
    assert names(shelf.found(), "grid") == ["mine"]


@pytest.mark.parametrize(
    "text",
    [
        ('target = "$volume"', 'target = "$high-$low"'),
        ('scaling = "minmax"', 'scaling = "standard"'),
        ("hidden_size = 5\n", "hidden_size = 25\n"),
        ("learning_rate = 0.005", "learning_rate = 0.01"),
        ("epochs = 100", "epochs = 99"),
    ],
)
def test_a_study_that_trains_otherwise_matches_none(shelf: Shelf, text: tuple[str, str]) -> None:
    shelf.study("mine", text=text)
    assert not any(shelf.found().values())


def test_a_panel_matches_none(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not match a shipped panel either."""
    text = load.read_text(load.find("grid")).replace('instrument = "SH600000"', 'instruments = ["SH600000"]')
    text = text.replace('batch_size = "full"', "batch_size = 256")
    panel = load.override(load.read(text, "test"), name="panel")
    studies.open_or_create(shelf.storage, panel, SOURCE)
    assert not any(shelf.found().values())
    monkeypatch.setattr(load, "load", lambda name: load.read(text, name))
    assert not any(shelf.found().values())


def test_a_grid_of_windows_is_another_study(shelf: Shelf) -> None:
    shelf.study("mine", of="window", seeds=10)
    matches = shelf.found()
    assert (names(matches, "grid"), names(matches, "window")) == ([], ["mine"])


def test_the_study_with_most_seeds_comes_first_and_only_the_named_ones_count(shelf: Shelf) -> None:
    shelf.study("three", seeds=3)
    shelf.study("ten", seeds=10)
    assert names(shelf.found(), "grid") == ["ten", "three"]
    assert names(shelf.found("three"), "grid") == ["three"]


def test_the_chosen_studies_have_the_same_market(shelf: Shelf) -> None:
    other = ('instrument = "SH600000"', 'instrument = "SZ000001"')
    shelf.study("grid", seeds=10)
    shelf.study("elsewhere", of="price", seeds=10, text=other)
    assert not choose_studies(shelf.found(), ("grid", "price"))
    assert choose_studies(shelf.found(), ("price",))
    shelf.study("price", of="price")
    chosen = choose_studies(shelf.found(), ("grid", "price"))
    assert [study.name for study in chosen] == ["grid", "price"]
    assert chosen[0].synthetic


def test_a_trial_is_found_by_its_values_and_the_defaults_of_the_study(shelf: Shelf) -> None:
    definition = shelf.study("grid")
    shelf.trial(definition, CONTENT, cell="RNN", hidden_size=25)
    shelf.trial(definition, CONTENT, cell="RNN", hidden_size=25)  # once more, as a TPE phase may propose it
    (study,) = shelf.found()["grid"]
    result = study.trial(cell="RNN", hidden_size=25)
    assert result.number == 0
    assert result.params["num_layers"] == 1
    assert study.trial(cell="RNN", hidden_size=25) is result
    for values in ({"cell": "LSTM", "hidden_size": 25}, {"cell": "RNN"}, {"cell": "RNN", "batch_norm": True}):
        with pytest.raises(NotFoundError):
            study.trial(**values)


def test_a_result_has_the_numbers_of_the_artifact(shelf: Shelf) -> None:
    definition = shelf.study("grid")
    shelf.trial(definition, CONTENT)
    array_store.baselines(shelf.artifacts.directory).put(
        "ab" * 32, {f"har.{split}": np.array([5.0, 6.0]) for split in ("valid", "test")}, {}
    )
    result = shelf.found()["grid"][0].trial()
    assert [seed.seed for seed in result.seeds] == [0, 1]
    assert result.ensemble("valid").tolist() == [1.5, 2.0]
    assert result.ensemble("test").tolist() == [3.0, 4.5]
    assert result.actual["test"].tolist() == [1.0, 2.0]
    assert str(result.dates["valid"][1]) == "2020-01-02"
    assert math.isnan(result.seeds[0].metrics["test_mase"])
    assert math.isnan(result.seeds[0].metrics["an unknown one"])
    assert result.train["mean"] == 2.0
    assert result.baselines["har"]["valid"].tolist() == [5.0, 6.0]


def test_without_stored_forecasts_there_are_no_baselines(shelf: Shelf) -> None:
    shelf.trial(shelf.study("grid"), CONTENT)
    assert shelf.found()["grid"][0].trial().baselines == {}


@pytest.mark.parametrize(
    "forecasts",
    [
        {"har.valid": np.ones(2)},
        {"har.valid": np.ones(2), "har.test": np.ones(3)},
        {"har.valid": np.ones(2), "har.test": np.ones((2, 1))},
        {"har.valid": np.ones(2, dtype=int), "har.test": np.ones(2, dtype=int)},
        {"other.valid": np.ones(2), "other.test": np.ones(2)},
        {"": np.ones(2), "a.b.c": np.ones(2)},
    ],
)
def test_incomplete_forecasts_of_baselines_are_ignored(shelf: Shelf, forecasts: dict[str, Any]) -> None:
    shelf.trial(shelf.study("grid"), CONTENT)
    array_store.baselines(shelf.artifacts.directory).put("ab" * 32, forecasts, {})
    assert shelf.found()["grid"][0].trial().baselines == {}


@pytest.mark.parametrize("broken", [b"", b"\xff" * 100, b"\x08" + b"\x00" * 7 + b"{}      "])
def test_a_broken_file_of_baselines_is_ignored(shelf: Shelf, broken: bytes) -> None:
    shelf.trial(shelf.study("grid"), CONTENT)
    path = array_store.baselines(shelf.artifacts.directory).path("ab" * 32)
    path.parent.mkdir(parents=True)
    path.write_bytes(broken)
    assert shelf.found()["grid"][0].trial().baselines == {}


@pytest.mark.parametrize("content", [None, {}, {**CONTENT, "seeds": [{"seed": 0}]}, {**CONTENT, "train": None}])
def test_an_artifact_that_is_missing_or_incomplete_is_an_error(shelf: Shelf, content: Any) -> None:
    definition = shelf.study("grid")
    shelf.trial(definition, content)
    study, _ = studies.find(shelf.storage, "grid")
    with pytest.raises(StudyError, match="trial 0 of grid are missing"):
        read_trial(study, study.get_trials()[0], shelf.artifacts)


@pytest.mark.parametrize(("name", "matched"), [("grid", ["grid"]), ("search", []), ("panel", [])])
def test_a_study_of_the_paper_matches_its_file_and_another_one_none(name: str, matched: list[str]) -> None:
    assert matching_files(load.load(name)) == matched
