"""On the real market data and the paper's published files, where they are at hand."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.published import inside, seeds_of
from volopt.definition import load
from volopt.search import run as runs
from volopt.search.job import RunOptions, prepare_job
from volopt.storage.database.connect import connect
from volopt.studies.listing import trials
from volopt.studies.study import find
from volopt.training.fit import advance
from volopt.training.task import Fit, tasks


@pytest.fixture
def published(real_data: Path, tmp_path: Path) -> RunOptions:
    """The study `published` on the paper's own files."""
    return RunOptions(f"sqlite:///{tmp_path}/volopt.db", data=real_data / "published", device="cpu", workers=2)


def _run(study: str, options: RunOptions) -> list[dict[str, Any]]:
    runs.run(prepare_job(study, options))
    return trials(*find(connect(options.storage), Path(study).stem))


def test_the_splits_of_the_grid_have_the_paper_s_trade_days(real_data: Path, tmp_path: Path) -> None:
    options = RunOptions(f"sqlite:///{tmp_path}/volopt.db", data=real_data / "qlib_cn", device="cpu")
    dataset = prepare_job("grid", options).dataset
    assert [dataset.days(split, 20) for split in ("train", "valid", "test")] == [1353 - 100, 544, 243]


def test_the_notebooks_losses_lie_within_the_seeds_range(
    published: RunOptions, real_data: Path, tmp_path: Path
) -> None:
    """The rows of the smallest networks with windows of 4 and 19 days; tests/bench/published.py shows all 21."""
    text = load.read_text(load.find("published")).replace("window = [4, 19, 39, 99] }", "window = [4, 19] }")
    (tmp_path / "published.toml").write_text(text)
    listed = _run(str(tmp_path / "published.toml"), replace(published, phases=("window",)))
    rows = [
        row
        for row in csv.DictReader((real_data / "published" / "notebooks.csv").read_text().splitlines())
        if (row["hidden_size"], row["num_layers"], row["batch_norm"]) == ("5", "1", "no") and int(row["seq_len"]) <= 20
    ]
    assert len(rows) == 4
    for row in rows:
        for name in ("train_mse", "valid_mse"):
            assert inside(float(row[name]), [seed[name] for seed in seeds_of(listed, row)]), (row, name)


@pytest.mark.parametrize(
    ("params", "train_mse", "valid_mse"),
    [
        ({"cell": "LSTM", "num_layers": 15}, 0.0120, 0.0193),  # a flat line
        ({"cell": "RNN", "hidden_size": 125}, 0.0041, 0.0126),
    ],
)
def test_one_seed_gives_what_an_independent_run_of_the_protocol_gave(
    published: RunOptions, params: dict[str, Any], train_mse: float, valid_mse: float
) -> None:
    job = prepare_job("published", published)
    task = tasks(job.definition, params, "cpu", "highest")[0]
    fit = advance(job.dataset, task, None, task.epochs)
    assert isinstance(fit, Fit)
    assert fit.metrics["train_mse"] == pytest.approx(train_mse, abs=1e-4)
    assert fit.metrics["valid_mse"] == pytest.approx(valid_mse, abs=1e-4)


def test_a_grid_on_real_data_is_complete_and_shared_points_count_twice(real_data: Path, tmp_path: Path) -> None:
    options = RunOptions(
        f"sqlite:///{tmp_path}/volopt.db",
        data=real_data / "qlib_cn",
        phases=("width", "depth"),
        epochs=2,
        seeds=1,
        workers=2,
        device="cpu",
    )
    listed = _run("grid", options)
    assert len(listed) == 14
    assert sum("width" in t["phases"] for t in listed) == sum("depth" in t["phases"] for t in listed) == 8
