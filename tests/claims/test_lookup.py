"""Which stored study stands for a shipped one, and where its trials are found."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hand_made import Shelf
from volopt.claims.lookup import together
from volopt.comparison.evidence import NotFoundError, read
from volopt.data.frame import DataSource
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


def names(found: Any, shipped: str) -> list[str]:
    return [study.name for study in found[shipped]]


def test_a_study_stands_for_the_file_it_was_made_from_whatever_its_name_seeds_and_trials(shelf: Shelf) -> None:
    shelf.study("mine", seeds=10, trials=5)
    found = shelf.found()
    assert names(found, "grid") == ["mine"]
    assert {name: those for name, those in found.items() if those and name != "grid"} == {}


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
def test_a_study_that_trains_otherwise_stands_for_none(shelf: Shelf, text: tuple[str, str]) -> None:
    shelf.study("mine", text=text)
    assert not any(shelf.found().values())


def test_a_panel_stands_for_none_whatever_it_trains(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a shipped study a panel, it would stand for none either."""
    text = load.read_text(load.find("grid")).replace('instrument = "SH600000"', 'instruments = ["SH600000"]')
    text = text.replace('batch_size = "full"', "batch_size = 256")
    found = load.override(load.read(text, "test"), name="panel")
    studies.open_or_create(shelf.storage, found, DataSource("here", "native", True, "fingerprint"))
    assert not any(shelf.found().values())
    monkeypatch.setattr(load, "load", lambda name: load.read(text, name))
    assert not any(shelf.found().values())


def test_the_windows_of_the_same_networks_are_another_study(shelf: Shelf) -> None:
    shelf.study("mine", of="window", seeds=10)
    found = shelf.found()
    assert (names(found, "grid"), names(found, "window")) == ([], ["mine"])


def test_the_study_with_most_seeds_comes_first_and_only_those_named_are_looked_at(shelf: Shelf) -> None:
    shelf.study("three", seeds=3)
    shelf.study("ten", seeds=10)
    assert names(shelf.found(), "grid") == ["ten", "three"]
    assert names(shelf.found("three"), "grid") == ["three"]


def test_studies_are_taken_together_only_of_one_market(shelf: Shelf) -> None:
    other = ('instrument = "SH600000"', 'instrument = "SZ000001"')
    shelf.study("grid", seeds=10)
    shelf.study("elsewhere", of="price", seeds=10, text=other)
    assert together(shelf.found(), ("grid", "price")) is None
    assert together(shelf.found(), ("price",)) is not None
    shelf.study("price", of="price")
    found = together(shelf.found(), ("grid", "price"))
    assert found is not None
    assert [study.name for study in found] == ["grid", "price"]
    assert found[0].synthetic


def test_a_trial_is_found_by_its_values_with_the_rest_at_the_baseline(shelf: Shelf) -> None:
    definition = shelf.study("grid")
    shelf.trial(definition, CONTENT, cell="RNN", hidden_size=25)
    shelf.trial(definition, CONTENT, cell="RNN", hidden_size=25)  # once more, as a TPE phase may propose it
    (place,) = shelf.found()["grid"]
    found = place(cell="RNN", hidden_size=25)
    assert found.number == 0
    assert found.params["num_layers"] == 1
    assert place(cell="RNN", hidden_size=25) is found
    for values in ({"cell": "LSTM", "hidden_size": 25}, {"cell": "RNN"}, {"cell": "RNN", "batch_norm": True}):
        with pytest.raises(NotFoundError):
            place(**values)


def test_evidence_is_what_the_artifact_holds(shelf: Shelf) -> None:
    definition = shelf.study("grid")
    shelf.trial(definition, CONTENT)
    array_store.baselines(shelf.artifacts.directory).put(
        "ab" * 32, {f"har.{split}": np.array([5.0, 6.0]) for split in ("valid", "test")}, {}
    )
    found = shelf.found()["grid"][0]()
    assert [replicate.seed for replicate in found.replicates] == [0, 1]
    assert found.ensemble("valid").tolist() == [1.5, 2.0]
    assert found.ensemble("test").tolist() == [3.0, 4.5]
    assert found.actual["test"].tolist() == [1.0, 2.0]
    assert str(found.dates["valid"][1]) == "2020-01-02"
    assert found.replicates[0].metrics["test_mase"] != found.replicates[0].metrics["test_mase"]  # NaN
    assert found.train["mean"] == 2.0
    assert found.baselines["har"]["valid"].tolist() == [5.0, 6.0]


def test_without_the_kept_baselines_there_are_none(shelf: Shelf) -> None:
    shelf.trial(shelf.study("grid"), CONTENT)
    assert shelf.found()["grid"][0]().baselines == {}


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
def test_kept_baselines_that_are_not_whole_are_none(shelf: Shelf, forecasts: dict[str, Any]) -> None:
    shelf.trial(shelf.study("grid"), CONTENT)
    array_store.baselines(shelf.artifacts.directory).put("ab" * 32, forecasts, {})
    assert shelf.found()["grid"][0]().baselines == {}


@pytest.mark.parametrize("broken", [b"", b"\xff" * 100, b"\x08" + b"\x00" * 7 + b"{}      "])
def test_a_broken_file_of_kept_baselines_is_none(shelf: Shelf, broken: bytes) -> None:
    shelf.trial(shelf.study("grid"), CONTENT)
    path = array_store.baselines(shelf.artifacts.directory).path("ab" * 32)
    path.parent.mkdir(parents=True)
    path.write_bytes(broken)
    assert shelf.found()["grid"][0]().baselines == {}


@pytest.mark.parametrize("content", [None, {}, {**CONTENT, "seeds": [{"seed": 0}]}, {**CONTENT, "train": None}])
def test_an_artifact_that_is_missing_or_not_whole_is_told(shelf: Shelf, content: Any) -> None:
    definition = shelf.study("grid")
    shelf.trial(definition, content)
    study, _ = studies.find(shelf.storage, "grid")
    with pytest.raises(StudyError, match="trial 0 of grid are missing"):
        read(study, study.get_trials()[0], shelf.artifacts)
