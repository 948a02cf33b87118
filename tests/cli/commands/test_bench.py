"""``volopt bench``, really run, with fits of an epoch."""

import json
from pathlib import Path

import pytest

from builders import Volopt
from volopt.bench import machine

SMALL = ("--epochs", "1", "--repeats", "1")
NETWORKS = ["RNN 5", "RNN 125", "LSTM 5", "LSTM 25", "LSTM 125", "GRU 25"]


def test_bench_prints_the_agreed_keys_and_the_same_as_tables_and_leaves_nothing(
    volopt: Volopt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, measured = machine.figures, []
    monkeypatch.setattr(machine, "figures", lambda *arguments: measured.append(measure(*arguments)) or measured[0])
    code, out, err = volopt("bench", "--json", *SMALL)
    assert code == 0
    facts = json.loads(out)
    assert list(facts) == ["machine", "networks", "fit", "trial", "help", "worker", "targets"]
    assert {"processor", "cores", "instructions", "bfloat16", "torch", "versions", "load"} <= facts["machine"].keys()
    assert [f"{each['cell']} {each['hidden_size']}" for each in facts["networks"]] == NETWORKS
    for each in facts["networks"]:
        assert min(each["bare_ms"], each["highest_ms"], each["medium_ms"]) > 0
        assert each["ratio"] == each["highest_ms"] / each["bare_ms"]
        assert each["gain"] == each["highest_ms"] / each["medium_ms"]
    assert facts["fit"]["epochs"] == 1
    assert list(facts["help"]) == ["seconds", "click_seconds", "ratio"]
    assert facts["help"]["ratio"] == facts["help"]["seconds"] / facts["help"]["click_seconds"]
    assert 100 < facts["worker"]["memory_mb"] < 10_000
    assert len(facts["targets"]) == 4 + measured[0].has_bfloat16
    assert all(each["met"] == _keeps_to_its_bound(each) for each in facts["targets"])
    assert "Measuring networks" in err
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(machine, "figures", lambda *arguments: measured[0])
    code, out, _ = volopt("bench", *SMALL)
    assert code == 0
    assert "CPU ms an epoch" in out
    assert all(network in out for network in NETWORKS)
    assert "volopt --help" in out
    assert "at most 1200 MB" in out
    for able in (True, False):
        seen = measured[0]._replace(machine=measured[0].machine | {"bfloat16": able})
        monkeypatch.setattr(machine, "figures", lambda *arguments, seen=seen: seen)
        _, out, _ = volopt("bench", *SMALL)
        assert ("bare loop / volopt at medium" in out) == able
        assert ("--precision medium gains nothing here" in out) == (not able)


def _keeps_to_its_bound(target: dict[str, float]) -> bool:
    return target["value"] >= target["bound"] if target["at_least"] else target["value"] <= target["bound"]
