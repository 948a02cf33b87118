"""``volopt run --scheduler`` on a real cluster: the results of local runs, also if a worker is killed."""

import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from builders import SAMPLE_DATA, Volopt
from cli.long_run import POINTS, long_run
from clusters import Cluster, cluster, free_address
from volopt.storage.database.connect import connect
from volopt.studies.listing import seeds
from volopt.studies.study import runs

STUDY = f"""
format = 1
name = "small"
{SAMPLE_DATA}[training]
epochs = 20
seeds = 2
[space]
cell = ["LSTM"]
hidden_size = [4, 5, 6]
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
[[phase]]
name = "width"
sampler = "grid"
grid = {{ hidden_size = [4, 5, 6] }}
[[phase]]
name = "extend"
sampler = "tpe"
vary = ["learning_rate"]
trials = 14
pruner = "median"
batch = 3
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("two"), workers=2) as started:
        yield started


def trials(url: str) -> list[tuple[object, ...]]:
    """Return everything of a study's trials that is equal in another run."""
    with closing(connect(url)) as storage:
        study = optuna.load_study(study_name="small", storage=storage)
        return [
            (trial.params, trial.state, trial.value, trial.intermediate_values, dict(trial.user_attrs), seeds(trial))
            for trial in study.trials
        ]


def test_a_run_with_a_killed_worker_equals_local_runs_with_one_and_two_workers(
    two: Cluster, volopt: Volopt, sample: Path, tmp_path: Path
) -> None:
    two.fill(2)
    with long_run(
        tmp_path, sample, "-v", "--pictures", "none", study=STUDY, workers=("--scheduler", two.address)
    ) as run:
        run.read_until("epoch 12 of 20")
        two.kill_one_in_a_task()
        run.read_until("left the cluster")
        assert run.ended() == 0, run.said
        assert "Traceback" not in run.said
        assert "distributed" not in run.said
        with closing(connect(f"sqlite:///{tmp_path}/storage/volopt.db")) as storage:
            (record,) = runs(optuna.load_study(study_name="small", storage=storage))
        assert (record.scheduler, record.workers, record.device) == (two.address, 2, "cpu")
    cluster_trials = trials(f"sqlite:///{tmp_path}/storage/volopt.db")
    assert [state for _, state, *_ in cluster_trials].count(TrialState.PRUNED) >= 1
    for workers in (1, 2):
        shutil.rmtree(tmp_path / "storage")
        assert volopt("run", "small.toml", "--data", sample, "--workers", workers, "--pictures", "none")[0] == 0
        assert trials(f"sqlite:///{tmp_path}/storage/volopt.db") == cluster_trials


def test_ctrl_c_ends_a_run_but_not_the_cluster_and_the_printed_command_resumes_it(
    two: Cluster, volopt: Volopt, sample: Path, tmp_path: Path
) -> None:
    two.fill(2)
    with long_run(tmp_path, sample, "-v", workers=("--scheduler", two.address)) as run:
        run.read_until("COMPLETE")
        run.process.send_signal(signal.SIGINT)
        assert run.ended() == 130
        assert "Interrupted at once" not in run.said
        assert "Traceback" not in run.said
        assert f"--scheduler={two.address}" in run.said
        assert TrialState.RUNNING not in run.states()
        assert two.scheduler is not None
        assert two.scheduler.poll() is None
        assert sum(worker.poll() is None for worker in two.workers) == 2
        again = run.again()
        assert again.returncode == 0, again.stderr
        assert "distributed" not in again.stderr
        assert run.states().count(TrialState.COMPLETE) == POINTS


def test_a_dry_run_counts_the_workers_of_the_cluster(
    two: Cluster, volopt: Volopt, sample: Path, tmp_path: Path
) -> None:
    two.fill(2)
    (tmp_path / "small.toml").write_text(STUDY)
    code, out, _ = volopt("run", "small.toml", "--data", sample, "--dry-run", "--scheduler", two.address)
    assert code == 0
    assert re.search(r"It takes about \d+ (s|min) with 2 workers\. Nothing was trained\.", out)


def test_a_missing_scheduler_is_reported_and_no_study_is_made(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(STUDY)
    address = free_address()
    code, _, err = volopt("run", "small.toml", "--data", sample, "--scheduler", address)
    assert code == 1
    assert f"Error: there is no Dask scheduler at {address}" in err
    assert "Hint: start one with: dask scheduler" in err
    assert not (tmp_path / "storage" / "volopt.db").exists()
