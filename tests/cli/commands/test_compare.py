"""``volopt compare`` as a person or a program types it, on a small study that was really run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from builders import Volopt
from small_runs import TWO_TRIALS


@pytest.fixture
def listed(volopt: Volopt, sample: Path, tmp_path: Path) -> dict[int, dict[str, Any]]:
    """The two trials of a finished run as ``trials --json`` prints them, by hidden_size."""
    (tmp_path / "small.toml").write_text(TWO_TRIALS)
    assert volopt("run", "small.toml", "--data", sample, "--workers", 1)[0] == 0
    _, out, _ = volopt("trials", "small", "--json")
    return {trial["params"]["hidden_size"]: trial for trial in json.loads(out)}


def test_compare_prints_the_agreed_keys(volopt: Volopt, listed: dict[int, dict[str, Any]]) -> None:
    code, out, _ = volopt("compare", "small", listed[5]["number"], "hidden_size=7", "--json")
    facts = json.loads(out)
    assert code == 0
    assert list(facts) == [
        "study",
        "a",
        "b",
        "metric",
        "seeds",
        "difference",
        "daily",
        "better",
        "verdict",
        "chosen_on_valid",
    ]
    assert facts["study"] == "small"
    assert facts["a"] == {"trial": listed[5]["number"], "baseline": None, "params": listed[5]["params"]}
    assert facts["b"] == {"trial": listed[7]["number"], "baseline": None, "params": listed[7]["params"]}
    assert facts["metric"] == "valid_mse"
    a, b = ([seed["valid_mse"] for seed in listed[size]["seeds"]] for size in (5, 7))
    assert facts["seeds"] == [
        {"seed": seed, "a": a[seed], "b": b[seed], "difference": a[seed] - b[seed]} for seed in (0, 1)
    ]
    assert facts["difference"].keys() == {"effect", "interval", "p", "n"}
    assert facts["difference"]["effect"] == pytest.approx(sum(a) / 2 - sum(b) / 2)
    assert facts["daily"].keys() == {"valid", "test"}
    for split, daily in facts["daily"].items():
        assert list(daily) == ["effect", "interval", "p", "n", "loss_a", "loss_b"]
        assert daily["effect"] == pytest.approx(daily["loss_a"] - daily["loss_b"])
        assert daily["interval"][0] <= daily["effect"] <= daily["interval"][1]
        assert daily["loss_a"] == pytest.approx(listed[5]["metrics"][f"ensemble_{split}_log_mse"])
    assert facts["verdict"].startswith(f"Trial {facts['a']['trial']}'s mean squared log error on the valid days is ")


def test_compare_with_a_baseline_has_no_seeds(volopt: Volopt, listed: dict[int, dict[str, Any]]) -> None:
    code, out, _ = volopt("compare", "small", "har", "best", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["a"] == {"trial": None, "baseline": "har", "params": {}}
    assert (facts["seeds"], facts["difference"]) == ([], None)
    best = min(listed.values(), key=lambda trial: float(trial["value"]))
    assert facts["b"]["trial"] == facts["chosen_on_valid"] == best["number"]
    skill = 1 - facts["daily"]["test"]["loss_b"] / facts["daily"]["test"]["loss_a"]
    assert skill < 0  # two epochs learn little
    assert (facts["better"], facts["verdict"].split(": ")[-1]) == ("a", "baseline har is better.")


def test_compare_for_people_says_the_same(volopt: Volopt, listed: dict[int, dict[str, Any]]) -> None:
    a, b = listed[5]["number"], listed[7]["number"]
    facts = json.loads(volopt("compare", "small", a, b, "--json")[1])
    code, out, _ = volopt("compare", "small", a, b)
    assert code == 0
    assert "SYNTHETIC SAMPLE" in out
    assert f"A: trial {a} (cell=LSTM hidden_size=5)\nB: trial {b} (cell=LSTM hidden_size=7)" in out
    for pair in facts["seeds"]:
        row = rf"^ *{pair['seed']} +{pair['a']:.4g} +{pair['b']:.4g} +{pair['difference']:.4g}$"
        assert re.search(row, out, re.MULTILINE)
    low, high = facts["difference"]["interval"]
    assert f"Mean A - B: {facts['difference']['effect']:.4g}, 95 % interval {low:.4g} to {high:.4g}" in out
    assert re.search(r"^valid +\d", out, re.MULTILINE)
    assert re.search(r"^test \(not for selection\) +\d", out, re.MULTILINE)
    *_, verdict, note = out.splitlines()
    assert verdict == facts["verdict"]
    assert note.startswith(f"Trial {facts['chosen_on_valid']} was selected on the valid split")
    _, out, _ = volopt("compare", "small", "ma5", a)
    assert "A: baseline ma5\n" in out
    assert "by seed" not in out


def test_wrong_input_is_told_in_a_sentence_with_a_hint(
    volopt: Volopt, listed: dict[int, dict[str, Any]], tmp_path: Path
) -> None:
    for code, a, message in [
        (1, "9", "small has no trial 9"),
        (2, "hra", 'did you mean "har"'),
        (2, "hiden_size=5", 'did you mean "hidden_size"'),
        (2, "hidden_size=6", "hidden_size=6 is not in [space]"),
        (1, "cell=RNN", "no COMPLETE trial has cell=RNN, hidden_size=5"),
        (2, "ma5", "A and B are both baseline ma5"),
    ]:
        said = volopt("compare", "small", a, "ma5")
        assert said[0] == code, said
        assert message in said[2]
        assert "Hint: " in said[2]
    assert 'did you mean "small"' in volopt("compare", "smal", "0", "1")[2]
    for path in (tmp_path / "storage" / "artifacts").iterdir():
        if path.is_file():
            path.write_text("")
    code, out, err = volopt("compare", "small", "0", "1", "--json")
    assert code == 1
    assert "forecasts of trial 0 of small are missing" in err
    assert "another --name" in json.loads(out)["hint"]
    assert "Traceback" not in err


def test_a_study_that_has_finished_nothing_is_told(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TWO_TRIALS)
    assert volopt("run", "small.toml", "--data", sample, "--timeout", 0)[0] == 1
    code, _, err = volopt("compare", "small", "best", "har")
    assert code == 1
    assert "no trial of small is COMPLETE yet" in err
