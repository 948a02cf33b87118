"""Files of a study's tables: the numbers that the study holds, in both formats, whole or not at all."""

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.trial import FrozenTrial, TrialState

from builders import SOURCE, STUDY, dataset, definition
from hand_made import Shelf
from volopt import metrics
from volopt.baselines.baselines import Baselines, fit_baselines
from volopt.baselines.forecasts import SCORED
from volopt.baselines.methods import baselines_of
from volopt.definition.schema import Definition
from volopt.errors import StorageError, StudyError, UsageError
from volopt.executors.trainer import SerialTrainer
from volopt.export.export import WRITERS, Export, export
from volopt.importance.importance import study_importance
from volopt.search.context import RunContext
from volopt.search.driver import Driver
from volopt.storage import array_store
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import listing
from volopt.studies import study as studies

BASELINES = baselines_of(())

TABLES = ("trials", "seeds", "curves", "gradients", "predictions", "instruments", "importance")
SMALL = definition(STUDY.replace("trials = 3", 'trials = 12\npruner = "wilcoxon"'), training={"epochs": 6, "seeds": 6})


class StoredRun(NamedTuple):
    """A study that was really run, and the scores of its baselines."""

    study: optuna.Study
    artifacts: Artifacts
    baselines: Baselines

    def listed(self) -> list[dict[str, Any]]:
        return listing.trials(self.study, SMALL)

    def content(self, number: int) -> dict[str, Any]:
        content = self.artifacts.read(self.study, self.study.trials[number], CURVES)
        assert content is not None
        return content


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """A grid, and a phase of which trials are pruned between seeds."""
    directory = tmp_path_factory.mktemp("done")
    data, artifacts = dataset(SMALL), Artifacts(directory / "artifacts")
    storage = connect(f"sqlite:///{directory}/volopt.db", write=True, create=True)
    study = studies.open_or_create(storage, SMALL, SOURCE)
    fitted = functools.partial(fit_baselines, data, lags=4, store=array_store.baselines(artifacts.directory))
    context = RunContext(SMALL, data, artifacts)
    Driver(study, studies.ledger(study, SMALL), context, SerialTrainer(data)).run(SMALL.phases)
    return StoredRun(study, artifacts, fitted(4))


@pytest.fixture(scope="module", params=sorted(WRITERS))
def read(
    request: pytest.FixtureRequest, done: StoredRun, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pd.DataFrame]:
    """The tables of that study, written and read with pandas."""
    exported = export(done.study, SMALL, done.artifacts, tmp_path_factory.mktemp("out"), request.param)
    assert exported.missing.sentences() == []
    frames = load(exported, request.param)
    assert {name: len(frame) for name, frame in frames.items()} == {n: f.rows for n, f in exported.files.items()}
    return frames


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def load(exported: Export, format: str) -> dict[str, pd.DataFrame]:
    assert list(exported.files) == list(TABLES)
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet}
    return {name: readers[format](file.path) for name, file in exported.files.items()}


def same(value: object, expected: object) -> bool:
    """Return whether a cell holds just this; None is a missing cell."""
    return bool(pd.isna(value)) if expected is None else bool(value == expected)


def shelved(shelf: Shelf, definition: Definition, directory: Path, format: str = "parquet", **options: Any) -> Export:
    study, _ = studies.find(shelf.storage, definition.name)
    return export(study, definition, shelf.artifacts, directory, format, **options)


def artifact(key: str, *days: str, forecast: float = 1.5) -> dict[str, Any]:
    """Return an artifact of one seed that forecasts these days of both splits."""
    curves = {"train_mse": [0.5], "valid_mse": [0.25], "record_epoch": [1], "gradient_norm": [[2.0]]}
    curves |= {"valid_log_mse": [0.125], "valid_log_r2": [-1.0]}
    seed = {"seed": 0, "curves": curves, "forecast": {split: [forecast] * len(days) for split in SCORED}}
    of_split = {"date": list(days), "actual": [1.0] * len(days)}
    train = {"mean": 1.0, "std": 1.0, "log_floor": 1.0}
    return {"train": train, "baselines": key, "days": dict.fromkeys(SCORED, of_split), "seeds": [seed]}


def test_every_number_of_every_trial_is_there_exactly(read: dict[str, pd.DataFrame], done: StoredRun) -> None:
    listed, table = done.listed(), read["trials"]
    assert table["number"].tolist() == [trial["number"] for trial in listed]
    assert {trial["state"] for trial in listed} == {"COMPLETE", "PRUNED"}
    for trial, (_, row) in zip(listed, table.iterrows(), strict=True):
        cells = {name: trial[name] for name in ("state", "value", "seconds", "reason")} | trial["metrics"]
        cells |= {f"params_{key}": value for key, value in trial["params"].items()}
        cells["phases"] = ",".join(trial["phases"])
        assert [name for name, value in cells.items() if not same(row[name], value)] == []
        assert row[[name for name in table if name not in {*cells, "number", "datetime_start"}]].isna().all()
    began = [trial.datetime_start for trial in done.study.trials]
    assert pd.to_datetime(table["datetime_start"]).tolist() == began


def test_every_number_of_every_seed_is_there_exactly(read: dict[str, pd.DataFrame], done: StoredRun) -> None:
    expected = [{"trial": trial["number"], **seed} for trial in done.listed() for seed in trial["seeds"]]
    table = read["seeds"]
    assert len(table) == len(expected) > 4 * 6
    for cells, (_, row) in zip(expected, table.iterrows(), strict=True):
        assert [name for name, value in cells.items() if not same(row[name], value)] == []
        assert row[[name for name in table if name not in cells]].isna().all()


def test_every_epoch_of_every_seed_is_there_exactly_of_pruned_trials_too(
    read: dict[str, pd.DataFrame], done: StoredRun
) -> None:
    curves, gradients = read["curves"].groupby(["trial", "seed"]), read["gradients"].groupby(["trial", "seed"])
    begun = [(trial.number, seed) for trial in done.study.trials for seed in done.content(trial.number)["seeds"]]
    assert set(curves.groups) == set(gradients.groups) == {(number, seed["seed"]) for number, seed in begun}
    for number, seed in begun:
        epochs, stored = curves.get_group((number, seed["seed"])), seed["curves"]
        assert epochs["epoch"].tolist() == list(range(1, len(stored["train_mse"]) + 1))
        for loss in ("train_mse", "valid_mse"):
            assert epochs[loss].tolist() == stored[loss]
        recorded = epochs.set_index("epoch")
        for score in ("valid_log_mse", "valid_log_r2"):
            assert recorded[score].dropna().to_dict() == dict(zip(stored["record_epoch"], stored[score], strict=True))
        norms = gradients.get_group((number, seed["seed"])).pivot(
            index="epoch", columns="layer", values="gradient_norm"
        )
        assert (norms.index.tolist(), norms.values.tolist()) == (stored["record_epoch"], stored["gradient_norm"])


def test_the_forecasts_have_the_scores_that_the_study_gives_them(
    read: dict[str, pd.DataFrame], done: StoredRun
) -> None:
    predictions = read["predictions"]
    test = predictions[(predictions["split"] == "test") & (predictions["model"] == "trial")]
    flat = test.groupby(["trial", "seed"])[["forecast", "actual"]].apply(flatness)
    finished = {(trial["number"], seed["seed"]): seed for trial in done.listed() for seed in trial["seeds"]}
    finished = {key: seed for key, seed in finished.items() if "flatness" in seed}
    assert set(flat.index) == set(finished)
    assert all(flat[key] == pytest.approx(seed["flatness"], rel=1e-12) for key, seed in finished.items())
    assert {trial["state"] for trial in done.listed() if trial["number"] in set(test["trial"])} == {
        "COMPLETE",
        "PRUNED",
    }
    models = predictions[(predictions["split"] == "test") & (predictions["model"] != "trial")].groupby("model")
    for name, rows in models:
        assert flatness(rows) == pytest.approx(done.baselines.metrics[str(name)]["flatness"], rel=1e-12)
        assert rows[["trial", "seed"]].isna().all(axis=None)
    assert set(models.groups) == set(BASELINES)
    assert set(predictions["day_set"]) == {1}


def test_the_one_instrument_is_named_and_has_the_scores_of_the_trial(
    read: dict[str, pd.DataFrame], done: StoredRun
) -> None:
    assert set(read["predictions"]["instrument"]) == {"SH600000"}
    instruments, complete = read["instruments"], [trial for trial in done.listed() if trial["state"] == "COMPLETE"]
    assert set(zip(instruments["instrument"], instruments["split"], strict=True)) == {
        ("SH600000", "valid"),
        ("SH600000", "test"),
    }
    for trial in complete:
        for split in SCORED:
            (row,) = instruments[(instruments["trial"] == trial["number"]) & (instruments["split"] == split)].to_dict(
                "records"
            )
            cells = {name: cell for name, cell in row.items() if name not in ("trial", "instrument", "split")}
            assert list(cells) == ["log_r2", "log_mse", *(f"skill_{name}" for name in BASELINES)]
            assert cells == {name: trial["metrics"][f"ensemble_{split}_{name}"] for name in cells}
    pruned = {trial["number"] for trial in done.listed()} - {trial["number"] for trial in complete}
    finished = {number for number in pruned if all("forecast" in seed for seed in done.content(number)["seeds"])}
    assert set(instruments["trial"]) - {trial["number"] for trial in complete} <= finished


def test_each_bar_of_the_importance_is_a_row(read: dict[str, pd.DataFrame], done: StoredRun) -> None:
    phases = study_importance(done.study, SMALL).phases
    bars = [(one.phase, one.method, *bar[:2]) for found in phases.values() for one in found for bar in one.bars]
    table = read["importance"]
    assert bars
    assert list(table[["phase", "method", "name", "value"]].itertuples(index=False, name=None)) == bars
    assert table["settled"].isin([True, False]).all()


def test_each_instrument_of_a_panel_has_its_days_and_its_scores(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    days = ("2020-01-01", "2020-01-02", "2020-01-01")
    content = artifact("two", *days)
    parts = [{"instrument": "A", "days": 2, "log_floor": 1.0}, {"instrument": "B", "days": 1, "log_floor": 1.0}]
    scores = [{"instrument": "A", "metrics": {"valid_log_r2": 0.5, "valid_skill_har": None, "test_log_mse": 2.0}}]
    shelf.trial(definition, content | {"parts": dict.fromkeys(SCORED, parts), "instruments": scores})
    arrays = {f"{name}.{split}": np.arange(3.0) for name in BASELINES for split in SCORED}
    array_store.baselines(shelf.artifacts.directory).put("two", arrays, {})
    frames = load(shelved(shelf, definition, tmp_path), "parquet")
    test = frames["predictions"][frames["predictions"]["split"] == "test"]
    har = test[test["model"] == "har"]
    assert har[["instrument", "forecast"]].values.tolist() == [["A", 0.0], ["A", 1.0], ["B", 2.0]]
    both = har.merge(test[test["model"] == "trial"], on=["day_set", "instrument", "split", "date"])
    assert len(both) == 3
    valid, of_test = frames["instruments"].to_dict("records")
    assert (valid["split"], valid["log_r2"], of_test["split"], of_test["log_mse"]) == ("valid", 0.5, "test", 2.0)
    assert np.isnan([valid["skill_har"], valid["log_mse"], of_test["log_r2"]]).all()


def flatness(rows: pd.DataFrame) -> float:
    return metrics.flatness(rows["forecast"].to_numpy(), rows["actual"].to_numpy())


def test_dates_are_days_of_their_split(read: dict[str, pd.DataFrame], done: StoredRun) -> None:
    predictions = read["predictions"]
    if predictions["date"].dtype == "datetime64[ms]":
        predictions = predictions.assign(date=predictions["date"].dt.strftime("%Y-%m-%d"))
    one = predictions[(predictions["trial"] == 0) & (predictions["seed"] == 1)]
    for split, days in done.content(0)["days"].items():
        assert one[one["split"] == split]["date"].tolist() == days["date"]
        assert one[one["split"] == split]["actual"].tolist() == days["actual"]


def test_parquet_has_the_same_columns_and_types_whatever_trials_there_are(
    shelf: Shelf, done: StoredRun, tmp_path: Path
) -> None:
    full = load(export(done.study, SMALL, done.artifacts, tmp_path / "full", "parquet"), "parquet")
    study = studies.open_or_create(shelf.storage, SMALL, SOURCE)
    study.enqueue_trial({})
    waiting = load(shelved(shelf, SMALL, tmp_path / "waiting"), "parquet")
    assert optuna.load_study(study_name="small", storage=shelf.storage).ask().number == 0
    running = load(shelved(shelf, SMALL, tmp_path / "running"), "parquet")
    study.tell(0, state=TrialState.FAIL)
    failed = load(shelved(shelf, SMALL, tmp_path / "failed"), "parquet")
    shelf.trial(SMALL, artifact("none", "2020-05-01"))
    one = load(shelved(shelf, SMALL, tmp_path / "one"), "parquet")
    for name in TABLES:
        assert str(full[name].dtypes) == str(failed[name].dtypes) == str(waiting[name].dtypes)
        assert str(full[name].dtypes) == str(running[name].dtypes) == str(one[name].dtypes)
    assert [frames["trials"]["state"].tolist() for frames in (waiting, running, failed)] == [
        ["WAITING"],
        ["RUNNING"],
        ["FAIL"],
    ]
    assert [len(failed[name]) for name in TABLES] == [1, 0, 0, 0, 0, 0, 0]
    assert [len(one[name]) for name in TABLES] == [2, 0, 1, 1, 2, 0, 0]
    assert str(full["predictions"]["date"].dtype) == "datetime64[ms]"
    assert str(full["trials"]["params_hidden_size"].dtype) == str(full["seeds"]["best_epoch"].dtype) == "Int64"


def test_empty_csv_tables_have_their_columns(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    shelf.failed(definition, "no luck")
    parquet = load(shelved(shelf, definition, tmp_path / "out"), "parquet")
    csv = load(shelved(shelf, definition, tmp_path / "out", "csv"), "csv")
    assert [list(csv[name]) for name in TABLES] == [list(parquet[name]) for name in TABLES]


@pytest.mark.parametrize("format", sorted(WRITERS))
def test_extreme_numbers_and_odd_words_come_back_as_they_were(shelf: Shelf, tmp_path: Path, format: str) -> None:
    definition = shelf.study("small")
    study, _ = studies.find(shelf.storage, "small")
    reasons = ['=1+1, "quoted"', "two\r\nlines, and\rmore", "'; ünïcode — 日本", "-3"]
    values = [5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1e22]
    for reason in reasons:
        shelf.failed(definition, reason)
    for value in values:
        trial = study.ask()
        trial.set_user_attr("valid_mse", value)
        study.tell(trial, state=TrialState.FAIL)
    trials = load(shelved(shelf, definition, tmp_path, format), format)["trials"]
    assert trials["reason"].tolist()[:4] == reasons
    assert trials["valid_mse"].tolist()[4:] == values


def test_baselines_stand_once_on_each_set_of_days_and_share_its_number_with_the_trials(
    shelf: Shelf, tmp_path: Path
) -> None:
    definition = shelf.study("small")
    sets = {"short": ("2020-01-01",), "long": ("2020-01-01", "2020-01-02")}
    for key, days in sets.items():
        arrays = {f"{name}.{split}": np.full(len(days), float(len(days))) for name in BASELINES for split in SCORED}
        array_store.baselines(shelf.artifacts.directory).put(key, arrays, {})
    for key in ("long", "short", "long"):
        shelf.trial(definition, artifact(key, *sets[key]))
    done = shelved(shelf, definition, tmp_path)
    predictions = load(done, "parquet")["predictions"]
    trials = predictions[predictions["model"] == "trial"]
    assert trials.groupby("trial")["day_set"].unique().explode().tolist() == [1, 2, 1]
    har = predictions[(predictions["model"] == "har") & (predictions["split"] == "test")]
    assert har[["day_set", "forecast"]].values.tolist() == [[1, 2.0], [1, 2.0], [2, 1.0]]
    assert len(predictions) - len(trials) == len(BASELINES) * len(SCORED) * 3
    assert done.missing.day_sets == []


def test_a_missing_or_broken_artifact_is_named_and_the_others_are_written(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    shelf.trial(definition, None)
    shelf.trial(definition, artifact("gone", "2020-01-01"))
    shelf.trial(definition, {"baselines": "gone", "days": {}, "seeds": [{"seed": 0}]})
    shelf.trial(definition, artifact("gone", "2020-01-01"))
    study, _ = studies.find(shelf.storage, "small")
    shelf.failed(definition, "it leaves no artifact")
    study.ask()
    done = shelved(shelf, definition, tmp_path)
    assert done.missing == ([0, 2], [1])
    tables = load(done, "parquet")
    assert tables["trials"]["state"].tolist() == ["COMPLETE"] * 4 + ["FAIL", "RUNNING"]
    assert set(tables["curves"]["trial"]) == set(tables["predictions"]["trial"]) == {1, 3}


def test_a_study_without_trials_is_refused_and_nothing_is_written(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    with pytest.raises(StudyError, match='the study "small" has no trials yet'):
        shelved(shelf, definition, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_there_is_replaced_only_by_force(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    shelf.trial(definition, artifact("none", "2020-01-01"))
    out = tmp_path / "out"
    out.mkdir()
    (out / "curves.csv").write_text("mine")
    (out / "other.csv").write_text("mine too")
    with pytest.raises(UsageError, match=r"curves\.csv exists already") as caught:
        shelved(shelf, definition, out, "csv")
    assert "--force" in caught.value.hint
    assert sorted(path.name for path in out.iterdir()) == ["curves.csv", "other.csv"]
    assert (out / "curves.csv").read_text() == "mine"
    shelved(shelf, definition, out, "parquet")  # another file
    done = shelved(shelf, definition, out, "csv", force=True)
    assert load(done, "csv")["curves"]["train_mse"].tolist() == [0.5]
    assert (out / "other.csv").read_text() == "mine too"
    assert len(list(out.iterdir())) == 2 * len(TABLES) + 1


class Interrupted(Artifacts):
    """Artifacts of which the second cannot be read before the user's patience ends."""

    def read(self, study: optuna.Study, trial: FrozenTrial, name: str) -> dict[str, Any] | None:
        if trial.number == 1:
            raise KeyboardInterrupt
        return super().read(study, trial, name)


def test_an_interrupted_export_leaves_every_file_as_it_was(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    shelf.trial(definition, artifact("none", "2020-01-01"))
    out = tmp_path / "out"
    shelved(shelf, definition, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    shelf.trial(definition, artifact("none", "2020-01-01"))
    study, _ = studies.find(shelf.storage, "small")
    with pytest.raises(KeyboardInterrupt):
        export(study, definition, Interrupted(shelf.artifacts.directory), out, "parquet", force=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_directory_that_cannot_be_written_to_is_reported(shelf: Shelf, tmp_path: Path) -> None:
    definition = shelf.study("small")
    shelf.failed(definition, "no luck")
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match=rf"cannot write in {out}") as caught:
            shelved(shelf, definition, out)
        assert "--out" in caught.value.hint
