"""The commands as a person or a program types them; the table of wrong input is in test_wrong_input.py."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from builders import Volopt
from hand_made import Shelf, World, content
from volopt.cli.commands.data import command as data
from volopt.cli.main import cli
from volopt.definition import load

CONTEXT = click.Context(cli)
BASELINES = ["persistence", "ma5", "ewma", "har", "ridge", "lightgbm"]
SHORT = ("--epochs", "2", "--seeds", "1", "--trials", "2", "--workers", "1")


@pytest.fixture
def study(volopt: Volopt, sample: Path) -> dict[str, Any]:
    """A finished short run of loss_curves, and what ``run --json`` printed."""
    code, out, _ = volopt("run", "loss_curves", "--data", sample, "--json", "--pictures", "none", *SHORT)
    assert code == 0
    return dict(json.loads(out.splitlines()[-1]))


def test_run_prints_the_agreed_keys_on_its_last_line(study: dict[str, Any]) -> None:
    keys = "study complete pruned failed new_trials known exhausted seconds cpu_seconds epochs_trained best choice"
    assert list(study) == keys.split()
    assert list(study["best"]) == ["number", "value", "params"]
    assert (study["complete"], study["new_trials"], study["epochs_trained"]) == (2, 2, 4)


def test_run_without_data_says_synthetic_sample_and_names_what_to_do_next(volopt: Volopt, tmp_path: Path) -> None:
    code, out, err = volopt("run", "loss_curves", *SHORT)
    assert code == 0
    assert out.count("SYNTHETIC SAMPLE") == 2
    assert "loss_curves  grid     2/2" in out
    assert "Next: volopt trials loss_curves" in out
    assert "volopt plot loss_curves importance" in out
    assert "volopt findings" not in out  # fits of another length than the paper's show no claim
    assert "2 fits to train, about 5 s with" in err
    assert "Ctrl-C is safe" in err
    assert "trial 0 COMPLETE" in err
    assert (tmp_path / "storage" / "sample_cn" / "synthetic.json").is_file()


def test_a_quick_look_says_that_it_proves_nothing_and_how_the_whole_study_runs(volopt: Volopt, sample: Path) -> None:
    code, out, _ = volopt("run", "loss_curves", "--quick", "--epochs", "1", "--workers", "1", "--data", sample)
    assert code == 0
    assert "proves nothing yet" in out
    (whole,) = re.findall(r"^  (volopt run loss_curves .*)$", out, re.MULTILINE)
    assert "--quick" not in whole
    assert "Next: volopt trials loss_curves-quick" in out
    assert [each["seeds"][0]["epochs"] for each in json.loads(volopt("trials", "loss_curves-quick", "--json")[1])] == [
        1,
        1,
    ]


def test_status_prints_the_agreed_keys(volopt: Volopt, study: dict[str, Any]) -> None:
    code, out, _ = volopt("status", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["storage"] == "sqlite:///storage/volopt.db"
    (found,) = facts["studies"]
    assert found["name"] == "loss_curves"
    assert found["data"].keys() == {"provider", "synthetic", "fingerprint"}
    assert found["data"]["synthetic"] is True
    assert found["trials"] == {"complete": 2, "pruned": 0, "failed": 0, "running": 0, "waiting": 0}
    assert found["phases"] == [{"name": "loss_curves", "sampler": "grid", "done": 2, "total": 2, "known": 0}]
    assert list(found["baselines"]) == BASELINES
    assert found["baselines"]["har"].keys() >= {"valid_log_r2", "test_log_r2", "test_mase", "test_mse"}
    assert found["best"] == study["best"]


def test_status_for_people_says_the_same(volopt: Volopt, study: dict[str, Any]) -> None:
    code, out, _ = volopt("status", "loss_curves")
    assert code == 0
    assert "SYNTHETIC SAMPLE" in out
    assert "2 complete" in out
    assert f"Best: trial {study['best']['number']}" in out
    assert "does not beat" in out


def test_trials_prints_the_agreed_keys(volopt: Volopt, study: dict[str, Any]) -> None:
    code, out, _ = volopt("trials", "loss_curves", "--json")
    listed = json.loads(out)
    assert code == 0
    keys = "number state phases params value metrics seeds seconds reason"
    assert list(listed[0]) == keys.split()
    best = listed[study["best"]["number"]]
    assert best["value"] == study["best"]["value"] == best["seeds"][0]["valid_mse"] == best["metrics"]["valid_mse"]
    assert best["seeds"][0].keys() >= {"seed", "train_mse", "valid_mse", "test_mse", "test_log_r2", "flatness"}
    assert best["reason"] is None


def test_trials_for_people_has_a_row_a_trial(volopt: Volopt, study: dict[str, Any]) -> None:
    code, out, _ = volopt("trials", "loss_curves")
    assert code == 0
    assert out.count("COMPLETE") == 2


def test_trials_for_people_has_a_row_a_baseline(volopt: Volopt, study: dict[str, Any]) -> None:
    _, out, _ = volopt("trials", "loss_curves")
    header, *rows = out.splitlines()
    metrics = {"valid_mse", "train_mse", "test_mse", "valid_log_r2", "test_log_r2", "test_mase", "flatness"}
    assert metrics | {"ensemble_valid_log_r2", "test_direction"} <= set(header.split())
    assert any(f"test_skill_{name}" in header for name in BASELINES)
    assert [row.split()[0] for row in rows[2:]] == BASELINES


def test_one_trial_has_every_metric_of_every_seed_beside_the_baselines(volopt: Volopt, study: dict[str, Any]) -> None:
    code, out, _ = volopt("trials", "loss_curves", 1)
    title, header, *rows = out.splitlines()
    assert code == 0
    assert "Trial 1 COMPLETE" in title
    assert header.split() == ["metric", "mean", "ensemble", *BASELINES]
    metrics = [row.split()[0] for row in rows if row.strip()]
    of_seeds = metrics.index("metric")
    assert rows[-1].split() == ["best_epoch", "2"]
    assert {*metrics[:of_seeds]} >= {"train_mse", "valid_log_mse", "test_direction"}
    assert {*metrics[:of_seeds]} >= {f"{split}_skill_{name}" for split in ("valid", "test") for name in BASELINES}
    assert {*metrics[of_seeds:]} == {"metric", *metrics[:of_seeds], "epochs", "best_epoch"} - {"skill"}
    _, out, _ = volopt("trials", "loss_curves", 1, "--json")
    (one,) = json.loads(out)
    assert one["number"] == 1
    assert one["metrics"].keys() >= {"ensemble_valid_log_r2", "ensemble_test_log_r2", "test_skill_har"}
    assert one["seeds"][0].keys() >= {"valid_skill_lightgbm", "test_skill_persistence"}


def test_a_trial_that_failed_is_told_with_its_reason(volopt: Volopt, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    shelf = Shelf(tmp_path / "storage")
    definition = shelf.study("small", of="loss_curves")
    shelf.failed(definition, "the training loss is nan in epoch 3")
    code, out, _ = volopt("trials", "small", 0)
    assert code == 0
    assert out == "Trial 0 FAIL: the training loss is nan in epoch 3\n"


def test_run_ends_by_saying_how_the_best_trial_stands_against_the_best_baseline(volopt: Volopt, sample: Path) -> None:
    code, out, _ = volopt("run", "loss_curves", "--data", sample, *SHORT)
    assert code == 0
    assert "does not beat" in out  # two epochs are no training
    assert ", the best baseline: its squared log error is" in out
    assert "On the test split (not used for selection)" in out
    command = next(line.split() for line in out.splitlines() if "volopt compare" in line)
    assert volopt(*command[1:])[0] == 0


def test_findings_says_what_holds_and_what_to_run(volopt: Volopt, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    shelf = Shelf(tmp_path / "storage")
    definition = shelf.study("curves10", of="loss_curves", seeds=8)
    world = World(seeds=8, steep=lambda point: 0.03 if point["cell"] == "RNN" else 0.01)
    for cell in ("RNN", "LSTM"):
        shelf.trial(definition, content(world.trial(cell=cell, hidden_size=50)), cell=cell)
    code, out, _ = volopt("findings", "--json")
    found = {(row["id"], row["study"]): row for row in json.loads(out)}
    assert code == 0
    steeper = found["curves", "curves10"]
    assert steeper.keys() >= {"id", "claim", "study", "verdict", "effect", "interval", "p", "n_seeds"}
    assert (steeper["verdict"], steeper["n_seeds"]) == ("supported", 8)
    assert steeper["interval"][0] <= steeper["effect"] == pytest.approx(3, abs=0.1)
    assert {row["verdict"] for key, row in found.items() if key[0] != "curves"} == {"not run"}
    code, out, _ = volopt("findings", "curves10")
    assert code == 0
    assert "supported" in out
    assert "SYNTHETIC SAMPLE" in out
    assert "volopt run published --seeds 10" in out
    assert "volopt run loss_curves" not in out


def test_a_run_of_other_epochs_is_no_evidence(volopt: Volopt, study: dict[str, Any]) -> None:
    _, out, _ = volopt("findings", "--json")
    assert {row["verdict"] for row in json.loads(out)} == {"not run"}


def test_the_same_run_again_adds_nothing(volopt: Volopt, study: dict[str, Any], sample: Path) -> None:
    _, out, _ = volopt("run", "loss_curves", "--data", sample, "--json", *SHORT)
    again = json.loads(out.splitlines()[-1])
    assert (again["new_trials"], again["complete"]) == (0, 2)


def test_delete_asks_and_then_takes_the_artifacts_along(
    volopt: Volopt, study: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = tmp_path / "storage" / "artifacts"
    before = sum(path.is_file() for path in artifacts.iterdir())
    assert volopt("delete", "loss_curves")[0] == 130  # nobody there to say yes
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, out, _ = volopt("delete", "loss_curves")
    assert code == 1
    assert "Nothing was deleted" in out
    assert volopt("status", "loss_curves")[0] == 0
    code, out, _ = volopt("delete", "loss_curves", "--yes")
    assert code == 0
    assert "2 artifacts" in out
    assert before - sum(path.is_file() for path in artifacts.iterdir()) == 2
    assert volopt("status", "loss_curves")[0] == 1
    assert any((artifacts / "fits").rglob("*.safetensors"))


def test_a_dry_run_shows_the_plan_and_trains_nothing(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    code, out, _ = volopt("run", "grid", "--data", sample, "--dry-run")
    assert code == 0
    assert "width   grid     0/8" in out
    assert "Nothing was trained" in out
    _, out, _ = volopt("run", "grid", "--data", sample, "--dry-run", "--json")
    assert [p["fits"] for p in json.loads(out)["phases"]] == [24, 18, 120]
    assert not (tmp_path / "storage" / "volopt.db").exists()


def test_studies_lists_what_ships(volopt: Volopt) -> None:
    code, out, _ = volopt("studies", "--json")
    names = {each["name"] for each in json.loads(out)}
    assert code == 0
    assert names == {
        "grid", "published", "published_volume", "window", "batchnorm", "price", "loss_curves", "search", "panel",
    }  # fmt: skip
    assert "Next: volopt run grid" in volopt("studies")[1]


def test_new_writes_a_study_file_that_checks(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    assert volopt("new", "mine")[0] == 0
    code, out, _ = volopt("check", "mine.toml", "--data", sample)
    assert code == 0
    assert "mine.toml is valid" in out
    assert "SYNTHETIC SAMPLE" in out
    text = (tmp_path / "mine.toml").read_text()
    code, _, err = volopt("new", "mine")
    assert code == 2
    assert "exists already" in err
    assert (tmp_path / "mine.toml").read_text() == text


def test_check_counts_the_days_to_forecast(volopt: Volopt, sample: Path) -> None:
    code, out, _ = volopt("check", "grid", "--data", sample, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["days"].keys() == {"train", "valid", "test"}
    assert facts["days_without_log"] == {"train": 0, "valid": 0, "test": 0}
    assert facts["warnings"]
    assert (facts["trials"], facts["fits"]) == (56, 162)  # a point of two grids is trained once
    said = volopt("check", "grid", "--data", sample)[1]
    assert "at most 56 trials, with 162 fits to train: about" in said
    assert said.splitlines()[-1] == f"Next: volopt run grid --data {sample}"


def test_check_counts_the_days_of_each_valid_period(volopt: Volopt, sample: Path) -> None:
    facts = json.loads(volopt("check", "search", "--data", sample, "--json")[1])
    periods = facts["periods"]
    assert [period["first"][:4] for period in periods] == ["2015", "2016", "2017"]
    assert facts["days"]["valid"] == sum(period["valid"] for period in periods)
    assert facts["days"]["train"] == periods[0]["train"] < periods[1]["train"] < periods[2]["train"]
    assert "2016-01-01  2016-12-31" in volopt("check", "search", "--data", sample)[1]


def test_check_counts_the_days_that_log_scores_leave_out(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    text = load.find("grid").read_text().replace('target = "$volume"', 'target = "$close-$open"')
    (tmp_path / "change.toml").write_text(text)
    code, out, _ = volopt("check", "change.toml", "--data", sample)
    assert code == 0
    assert "Log scores leave out the days whose target is 0 or less: train" in out


def test_every_shipped_study_of_a_provider_checks_on_the_sample(volopt: Volopt, sample: Path) -> None:
    for name in ("grid", "window", "batchnorm", "price", "loss_curves", "search"):
        assert volopt("check", name, "--data", sample)[0] == 0


def test_data_sample_and_data_check(volopt: Volopt, tmp_path: Path) -> None:
    assert volopt("data", "sample", "made")[0] == 0
    code, out, _ = volopt("data", "check", "made")
    assert code == 0
    assert "SYNTHETIC SAMPLE" in out
    assert "SH600000" in out
    assert "SH000300" in out
    code, out, _ = volopt("data", "check", "made", "SH600000", "--json")
    assert json.loads(out)["readable"] is True
    code, _, err = volopt("data", "sample", "made")
    assert code == 2
    assert "already exists" in err


def test_data_check_prints_doubts_and_exits_0_and_1_only_if_unreadable(volopt: Volopt, tmp_path: Path) -> None:
    volopt("data", "sample", "made")
    (tmp_path / "made" / "features" / "sh600000" / "high.day.bin").write_bytes(b"abc")
    code, out, _ = volopt("data", "check", "made", "SH600000")
    assert code == 0
    assert "Problem:" in out
    assert "no trade from" in out
    code, out, _ = volopt("data", "check", "nowhere")
    assert code == 1
    assert "Problem:" in out


def test_environment_variables_give_defaults(
    volopt: Volopt, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLOPT_DATA", str(sample))
    monkeypatch.setenv("VOLOPT_STORAGE", "sqlite:///elsewhere/my.db")
    monkeypatch.setenv("VOLOPT_WORKERS", "1")
    monkeypatch.setenv("VOLOPT_DEVICE", "cpu")
    code, out, _ = volopt("run", "loss_curves", "--epochs", "1", "--seeds", "1")
    assert code == 0
    assert (tmp_path / "elsewhere" / "my.db").is_file()
    assert not (tmp_path / "storage").exists()
    assert "Next: volopt trials loss_curves\n" in out  # which finds the storage in the environment


COMMANDS = [[each] for each in cli.list_commands(CONTEXT)]
COMMANDS += [["data", each] for each in data.list_commands(CONTEXT)]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help(volopt: Volopt, words: list[str]) -> None:
    code, out, _ = volopt(*words, "--help")
    assert code == 0
    assert "Example" in out or words == ["data"]


def test_help_imports_neither_torch_nor_optuna_nor_pandas() -> None:
    script = "import sys; from volopt.cli.main import cli; cli.main(['--help'], standalone_mode=False); "
    script += "sys.exit(bool({'torch', 'optuna', 'pandas', 'pydantic', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0


def test_python_m_volopt_is_the_command() -> None:
    said = subprocess.run([sys.executable, "-m", "volopt", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("volopt, version ")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    said = subprocess.run([sys.executable, "-m", "volopt", "studies"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert "Traceback" not in said.stderr
    assert said.stderr == ""


def test_optuna_dashboard_opens_the_database(volopt: Volopt, study: dict[str, Any], tmp_path: Path) -> None:
    from optuna_dashboard import wsgi

    answers: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/studies", "SERVER_NAME": "x", "SERVER_PORT": "80"}
    environ |= {"wsgi.input": None, "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http"}
    app = wsgi(f"sqlite:///{tmp_path}/storage/volopt.db")
    body = b"".join(app(environ, lambda status, headers, info=None: answers.append(status)))
    assert answers == ["200 OK"]
    assert [each["study_name"] for each in json.loads(body)["study_summaries"]] == ["loss_curves"]
