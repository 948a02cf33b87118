"""What goes wrong while training ends in trials that FAIL with their reason, or before training in one sentence."""

import json
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest

from builders import SAMPLE_DATA, Volopt
from volopt.data.bins import write_provider

CELLS = ("RNN", "LSTM", "GRU")
RUN = ("--workers", "1", "--pictures", "none")


GRID = 'sampler = "grid"\ngrid = { cell = CELLS, weight_decay = DECAYS }'


def exploding(
    *,
    cells: Sequence[str] = CELLS,
    decays: Sequence[float] = (0.0, 10.0),
    epochs: int = 12,
    retries: int = 1,
    phase: str = GRID,
) -> str:
    """A study in which a weight decay of 10, times the learning rate, multiplies each weight by -99 in every step."""
    text = f"""
format = 1
name = "faults"
{SAMPLE_DATA}[model]
cell = "RNN"
window = 5
[training]
epochs = {epochs}
seeds = 1
retries = {retries}
learning_rate = 10
optimizer = "adamw"
weight_decay = {decays[0]}
[space]
cell = CELLS
weight_decay = DECAYS
[[phase]]
name = "explode"
{phase}
"""
    return text.replace("CELLS", json.dumps(cells)).replace("DECAYS", json.dumps(decays))


def facts(out: str) -> dict[str, Any]:
    return dict(json.loads(out.splitlines()[-1]))


def trials(volopt: Volopt) -> list[dict[str, Any]]:
    return list(json.loads(volopt("trials", "faults", "--json")[1]))


def states(listed: list[dict[str, Any]], key: str) -> Counter[tuple[Any, str]]:
    return Counter((each["params"][key], each["state"]) for each in listed)


def test_trials_whose_loss_is_not_finite_fail_with_their_reason_and_the_study_goes_on(
    volopt: Volopt, sample: Path, tmp_path: Path
) -> None:
    """A learning rate of 10 alone is survived by every cell."""
    study = tmp_path / "faults.toml"
    study.write_text(exploding())
    code, out, err = volopt("run", study, "--data", sample, *RUN, "--json")
    assert code == 0, err
    assert "Traceback" not in out + err
    assert (facts(out)["complete"], facts(out)["failed"], facts(out)["new_trials"]) == (3, 6, 9)
    listed = trials(volopt)
    assert states(listed, "weight_decay") == {(0.0, "COMPLETE"): 3, (10.0, "FAIL"): 6}  # each of these tried twice
    for each in listed:
        if each["state"] == "FAIL":
            assert re.fullmatch(r"the (training|validation) loss is (inf|nan) in epoch [0-9]+", each["reason"])
    code, out, _ = volopt("run", study, "--data", sample, *RUN)
    assert code == 0
    assert "3 complete, 0 pruned, 6 failed; 0 new in" in out
    told = re.search("6 trials failed: (.*)\\.", out)
    assert told is not None
    assert sum(map(int, re.findall(r"loss is inf \(([0-9])\)", told[1]))) == 6


def test_more_retries_have_failed_trials_tried_again(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    found = []
    for retries in (1, 2):
        (tmp_path / "faults.toml").write_text(exploding(cells=["RNN", "LSTM"], retries=retries))
        said = facts(volopt("run", "faults.toml", "--data", sample, *RUN, "--json")[1])
        found.append((said["new_trials"], said["complete"], said["failed"]))
    assert found == [(6, 2, 4), (2, 2, 6)]


def test_trials_that_a_dead_process_left_are_told_apart_from_those_that_failed_by_themselves(
    volopt: Volopt, sample: Path, tmp_path: Path
) -> None:
    (tmp_path / "faults.toml").write_text(exploding(cells=["RNN"]))
    assert volopt("run", "faults.toml", "--data", sample, *RUN)[0] == 0
    optuna.load_study(study_name="faults", storage=f"sqlite:///{tmp_path}/storage/volopt.db").ask()
    code, out, _ = volopt("run", "faults.toml", "--data", sample, *RUN)
    assert code == 0
    assert "1 complete, 0 pruned, 3 failed; 0 new in" in out
    assert re.search(
        r"\n2 trials failed: .* loss is inf \(2\)\.\n1 trial was interrupted: the process .* gone \(1\)\.\n", out
    )


@pytest.mark.parametrize("phase", [GRID, 'sampler = "random"\nvary = ["cell"]\ntrials = 1'], ids=["grid", "random"])
def test_a_run_without_a_complete_trial_says_what_to_do(
    volopt: Volopt, sample: Path, tmp_path: Path, phase: str
) -> None:
    (tmp_path / "faults.toml").write_text(exploding(cells=["RNN"], decays=[10.0], phase=phase))
    code, out, err = volopt("run", "faults.toml", "--data", sample, *RUN)
    assert code == 1, err
    assert "0 complete, 0 pruned, 2 failed; 2 new in" in out
    assert re.search(r"2 trials failed: the (training|validation) loss is inf \(2\)\.", out)
    assert "No trial is COMPLETE." in out
    assert "retries" in out
    assert out.endswith("Next: volopt trials faults\n")


def test_a_run_that_had_no_time_says_that_it_goes_on(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "faults.toml").write_text(exploding())
    code, out, _ = volopt("run", "faults.toml", "--data", sample, *RUN, "--timeout", "0")
    assert code == 1
    assert "No trial is COMPLETE yet. The same command resumes the study" in out
    assert "failed:" not in out


def strict(text: str) -> Any:
    def refuse(name: str) -> float:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("transform", ["none", "log"])
def test_weights_on_their_way_to_infinity_leave_finite_numbers_strict_json_and_pictures(
    volopt: Volopt, sample: Path, tmp_path: Path, transform: str
) -> None:
    text = exploding(cells=["RNN", "LSTM"], epochs=8)
    (tmp_path / "faults.toml").write_text(text.replace("train =", f'transform = "{transform}"\ntrain ='))
    code, out, err = volopt("run", "faults.toml", "--data", sample, "--workers", "1", "--pictures", "all", "--json")
    assert code == 0, err
    assert strict(out)["complete"] == 4
    listed = strict(volopt("trials", "faults", "--json")[1])
    huge = [each for each in listed if each["value"] > 1e20]
    assert {each["params"]["weight_decay"] for each in huge} == {10.0}
    assert all(math.isfinite(each["value"]) for each in listed)
    contents = [path.read_bytes() for path in (tmp_path / "storage" / "artifacts").iterdir() if path.is_file()]
    artifacts = [content for content in contents if content.startswith(b"{")]
    assert (len(artifacts), sum(content.startswith(b"\x89PNG") for content in contents)) == (4, 4)
    for content in artifacts:
        assert strict(content.decode())["metrics"].keys() >= {"test_mse", "flatness"}
    assert volopt("report", "faults", "--out", "faults.html")[0] == 0


# Memory that runs out, for real: the process may have 1 GiB more than it has when it starts to work.

LIMITED = """
import resource, sys, lightgbm, optuna, scipy.optimize, sklearn.linear_model, torch, volopt.search.run
from volopt.cli.main import main
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 2**30, resource.RLIM_INFINITY))
main()
"""
HUGE = f"""
format = 1
name = "faults"
{SAMPLE_DATA}[training]
epochs = 1
seeds = 1
retries = 1
[space]
cell = ["RNN", "LSTM"]
hidden_size = [5, 4096]
num_layers = [1, 2, 100]
[[phase]]
name = "huge"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM"] }}
fix = {{ hidden_size = 4096, num_layers = 100 }}
[[phase]]
name = "small"
sampler = "grid"
grid = {{ num_layers = [1, 2] }}
fix = {{ cell = "RNN" }}
"""
# The small networks are RNNs: the limit is one of addresses, and what the C library keeps of the large network leaves
# oneDNN, which computes an LSTM, none for its code. A machine's memory has no such limit.


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from what /proc says")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_network_too_large_for_the_memory_fails_and_the_others_complete(
    volopt: Volopt, sample: Path, tmp_path: Path, workers: int
) -> None:
    (tmp_path / "faults.toml").write_text(HUGE)
    command = [sys.executable, "-c", LIMITED, "run", "faults.toml", "--data", str(sample), "--pictures", "none"]
    said = subprocess.run([*command, "--workers", str(workers)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert "memory ran out while training (4)" in said.stdout, said.stdout + said.stderr
    listed = trials(volopt)
    counts = states(listed, "hidden_size")
    assert (counts[5, "COMPLETE"], counts[4096, "FAIL"]) == (2, 4)


# Targets that do not move, or move in a way that leaves nothing to scale or to score.

CALENDAR = pd.bdate_range("2020-01-01", "2021-12-31")
SPLITS = {
    "train": ("2020-01-01", "2021-02-28"),
    "valid": ("2021-03-01", "2021-07-30"),
    "test": ("2021-08-02", "2021-12-31"),
}
STILL = """
format = 1
name = "faults"
[data]
instrument = "SH600000"
features = ["$close", "$volume"]
target = "TARGET"
transform = "TRANSFORM"
anchor = "ANCHOR"
scaling = "SCALING"
train = ["2020-01-01", "2021-02-28"]
valid = ["2021-03-01", "2021-07-30"]
test = ["2021-08-02", "2021-12-31"]
[model]
cell = "RNN"
window = 5
[training]
epochs = 1
seeds = 1
retries = 0
[space]
cell = ["RNN"]
window = [3, 5]
[[phase]]
name = "windows"
sampler = "grid"
grid = { window = [3, 5] }
"""
KINDS = [
    (scaling, transform, anchor)
    for scaling in ("minmax", "standard")
    for transform in ("none", "log")
    for anchor in ("none", "window_mean")
]

Volume = Callable[[pd.Series], pd.Series]


def during(*splits: str, keep: int = 0) -> Volume:
    """Makes the volume constant in the splits, but for their first days."""

    def still(volume: pd.Series) -> pd.Series:
        volume = volume.copy()
        for split in splits:
            days = volume.loc[slice(*SPLITS[split])].index[keep:]
            volume.loc[days] = 700.0
        return volume

    return still


def straight(volume: pd.Series) -> pd.Series:
    """Rises by the same number every day, so that each day lies as far above the mean of those before it."""
    return pd.Series(1000.0 + np.arange(len(volume)), volume.index)


def write(directory: Path, volume: Volume, close: Volume = lambda values: values) -> None:
    """Write a provider of two years of random prices and volumes, changed."""
    random = np.random.default_rng(0)
    walk = 10 + np.exp(random.normal(0, 0.05, (len(CALENDAR), 2)).cumsum(axis=0))
    fields = pd.DataFrame(walk, CALENDAR, ["close", "volume"])
    fields["open"] = fields["close"] * 1.5
    write_provider(
        directory, CALENDAR, {"SH600000": fields.assign(volume=volume(fields["volume"]), close=close(fields["close"]))}
    )


def still(kind: tuple[str, str, str], target: str = "$volume") -> str:
    scaling, transform, anchor = kind
    text = STILL.replace("SCALING", scaling).replace("TRANSFORM", transform).replace("ANCHOR", anchor)
    return text.replace("TARGET", target)


REFUSED: dict[str, tuple[Volume, str]] = {
    "over all days": (lambda volume: volume * 0 + 700, "on every trade day of the range"),
    "in train": (during("train"), r"\$volume of SH600000 is constant \((700|6\.55108)\) over train"),
    "in train but for the days before the first target": (
        during("train", keep=4), "constant \\(.*\\) (over train|on the 298 days of train)",
    ),
    "in valid": (during("valid"), r"the target is constant \(700\) on the 110 days of valid with a window of 5 days"),
    "in test": (during("test"), r"the target is constant \(700\) on the 110 days of test with a window of 5 days"),
    "in valid and test": (during("valid", "test"), "110 days of valid"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@pytest.mark.parametrize("case", REFUSED)
def test_a_target_that_does_not_move_is_refused_before_training(
    volopt: Volopt, tmp_path: Path, case: str, kind: tuple[str, str, str]
) -> None:
    volume, sentence = REFUSED[case]
    write(tmp_path / "data", volume)
    (tmp_path / "faults.toml").write_text(still(kind))
    code, out, err = volopt("run", "faults.toml", "--data", "data", *RUN)
    assert code == 2
    assert re.search(sentence, err), err
    assert "Hint: " in err
    assert "Traceback" not in out + err
    assert not (tmp_path / "storage" / "volopt.db").exists()
    assert volopt("check", "faults.toml", "--data", "data")[0] == 2


@pytest.mark.parametrize("scaling", ["minmax", "standard"])
def test_a_target_that_does_not_move_relative_to_its_windows_is_refused_before_training(
    volopt: Volopt, tmp_path: Path, scaling: str
) -> None:
    write(tmp_path / "data", straight)
    (tmp_path / "faults.toml").write_text(still((scaling, "none", "window_mean")))
    code, _, err = volopt("run", "faults.toml", "--data", "data", *RUN)
    assert code == 2
    assert "minus the mean of the 5 days before is constant (3) over train" in err
    assert 'anchor = "none"' in err
    assert not (tmp_path / "storage" / "volopt.db").exists()


def test_a_price_that_never_moves_after_train_is_no_fault(volopt: Volopt, tmp_path: Path) -> None:
    write(tmp_path / "data", lambda volume: volume, close=during("valid", "test"))
    (tmp_path / "faults.toml").write_text(still(KINDS[0]))
    code, out, err = volopt("run", "faults.toml", "--data", "data", *RUN, "--json")
    assert code == 0, err
    assert facts(out)["complete"] == 2


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_target_that_moves_on_one_day_of_each_split_only_is_forecast(
    volopt: Volopt, tmp_path: Path, kind: tuple[str, str, str]
) -> None:
    def volume(values: pd.Series) -> pd.Series:
        moved = [str(pd.Timestamp(first) + pd.offsets.BDay(20))[:10] for first, _ in SPLITS.values()]
        return pd.Series(np.where(values.index.isin(pd.DatetimeIndex(moved)), 900.0, 700.0), values.index)

    write(tmp_path / "data", volume)
    (tmp_path / "faults.toml").write_text(still(kind))
    code, out, err = volopt("run", "faults.toml", "--data", "data", *RUN, "--json")
    assert code == 0, err
    assert strict(out)["complete"] == 2
    for each in strict(volopt("trials", "faults", "--json")[1]):
        assert math.isfinite(each["metrics"]["flatness"])


def test_metrics_that_have_no_logarithm_are_null_and_the_trial_complete(volopt: Volopt, tmp_path: Path) -> None:
    write(tmp_path / "data", lambda volume: volume)
    (tmp_path / "faults.toml").write_text(still(KINDS[0], "$close-$open"))  # below zero on every day
    code, out, err = volopt("run", "faults.toml", "--data", "data", "--workers", "1", "--pictures", "all", "--json")
    assert code == 0, err
    assert strict(out)["complete"] == 2
    for each in strict(volopt("trials", "faults", "--json")[1]):
        assert each["metrics"]["test_log_r2"] is None
        assert each["metrics"]["test_mase"] > 0


def test_a_trial_whose_value_is_not_a_number_fails(volopt: Volopt, tmp_path: Path) -> None:
    write(tmp_path / "data", lambda volume: volume)
    text = still(KINDS[0], "$close-$open") + '[objective]\nmetric = "valid_log_r2"\n'
    (tmp_path / "faults.toml").write_text(text)
    code, out, err = volopt("run", "faults.toml", "--data", "data", *RUN)
    assert code == 1, err
    assert "2 trials failed: valid_log_r2 is nan (2)." in out
    assert {each["reason"] for each in trials(volopt)} == {"valid_log_r2 is nan"}


@pytest.mark.parametrize("value", [1e38, -1e38])
@pytest.mark.parametrize("split", SPLITS)
def test_a_value_out_of_all_proportion_is_refused_before_training(
    volopt: Volopt, tmp_path: Path, value: float, split: str
) -> None:
    def close(values: pd.Series) -> pd.Series:
        return values.where(values.index != pd.Timestamp(SPLITS[split][0]) + pd.offsets.BDay(9), value)

    write(tmp_path / "data", lambda volume: volume, close=close)
    (tmp_path / "faults.toml").write_text(still(KINDS[0]))
    code, _, err = volopt("run", "faults.toml", "--data", "data", *RUN)
    assert code == 2
    assert re.search(rf"\$close of SH600000 is {value:g}".replace("+", r"\+") + " on 202.-..-.., too large", err), err
