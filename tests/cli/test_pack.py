"""``volopt run --pack``: a packed study agrees with one that is trained one by one, within tolerance."""

import json
from pathlib import Path
from typing import Any

import pytest

from builders import SAMPLE_DATA, Volopt

STUDY = f"""
format = 1
name = "packs"
{SAMPLE_DATA}[model]
cell = "GRU"
hidden_size = 4
window = 5
[training]
epochs = 10
seeds = 2
batch_size = 256
early_stopping = 8
[space]
cell = ["GRU", "LSTM", "RNN"]
hidden_size = [3, 4]
window = {{ low = 2, high = 8 }}
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
[[phase]]
name = "grid"
sampler = "grid"
grid = {{ cell = ["RNN", "LSTM", "GRU"], hidden_size = [3, 4] }}
[[phase]]
name = "search"
sampler = "random"
vary = ["window", "learning_rate"]
trials = 14
pruner = "median"
"""


def run(volopt: Volopt, sample: Path, *options: object) -> dict[str, Any]:
    code, out, err = volopt("run", "packs.toml", "--data", sample, "--pictures", "none", "--json", *options)
    assert code == 0, err
    return dict(json.loads(out.splitlines()[-1]))


def values(volopt: Volopt, name: str) -> dict[str, tuple[float, ...]]:
    """Return value and test loss of each complete trial, by its parameters."""
    return {
        json.dumps(trial["params"], sort_keys=True): (trial["value"], trial["metrics"]["test_mse"])
        for trial in json.loads(volopt("trials", name, "--json")[1])
        if trial["state"] == "COMPLETE"
    }


def test_a_pruned_search_in_packs_has_the_values_of_one_by_one(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "packs.toml").write_text(STUDY)
    packed = run(volopt, sample, "--pack", "4")
    alone = run(volopt, sample, "--workers", "1", "--name", "alone")
    for facts in (packed, alone):
        assert facts["complete"] + facts["pruned"] == facts["new_trials"] == 20
        assert facts["failed"] == 0
        assert facts["pruned"] > 0
    packed_values, alone_values = values(volopt, "packs"), values(volopt, "alone")
    both = packed_values.keys() & alone_values.keys()
    assert len(both) > 6  # the grid and more
    for params in both:
        assert packed_values[params] == pytest.approx(alone_values[params], rel=2e-3)
    assert any(packed_values[params] != alone_values[params] for params in both)  # rounding shows that it was packed
    assert run(volopt, sample, "--pack", "4")["new_trials"] == 0


def test_a_verbose_run_reports_which_groups_are_packed(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "packs.toml").write_text(STUDY)
    code, _, err = volopt(
        "run", "packs.toml", "--data", sample, "--pictures", "none", "--phase", "grid", "--epochs", "2", "--pack",
        "auto", "-v",
    )  # fmt: skip
    assert code == 0
    assert err.count("s each one by one;") >= 1


@pytest.mark.parametrize("option", ["schedule = 'onecycle'", "gradient_clip = 1.0"])
def test_a_run_says_that_packs_do_not_take_its_networks(
    volopt: Volopt, sample: Path, tmp_path: Path, option: str
) -> None:
    arguments = ("run", "packs.toml", "--data", sample, "--dry-run", "--phase", "grid")
    text = STUDY.replace("early_stopping = 8", option)
    for content, packs, told in ((STUDY, "4", False), (text, "4", True), (text, "1", False)):
        (tmp_path / "packs.toml").write_text(content)
        code, out, _ = volopt(*arguments, "--pack", packs)
        assert code == 0
        assert ("Packs take no static branch" in out) == told
