"""The table of what each kind of input gives, on synthetic stocks, and the groups of inputs that it leaves out."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from volopt.definition import load

SCRIPT = Path(__file__).with_name("panel_skill.py")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    return importlib.import_module("panel_skill")


def test_the_short_table_has_a_number_in_each_cell() -> None:
    said = subprocess.run([sys.executable, SCRIPT, "--short"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in said.stdout.splitlines())
    assert len(header) == 6
    assert [inputs for _, inputs, *_ in rows] == ["42", "110", "", "", ""]
    for _, _, skill, above, least, seconds in rows:
        assert float(least) <= float(skill) < 1
        assert (above == "6 of 6") == (float(least) > 0)
        assert float(seconds) >= 0


@pytest.mark.parametrize(
    ("group", "inside", "outside"),
    [
        ("is_of_market", ["CSShare($close>Ref($close,1))", "Abs(CSMean($volume))"], ["Mean($volume,60)"]),
        ("is_of_prices", ["Log($open/Ref($close,1))", "CSMean($high)"], ["$volume", "Log($days_to_next)"]),
        ("is_long_mean", ["Mean(Log($volume),60)", "CSMean(EMA($volume,90)-$volume)"], ["Max($volume,60)"]),
    ],
)
def test_a_group_consists_of_what_reads_its_kind(
    script: ModuleType, group: str, inside: list[str], outside: list[str]
) -> None:
    assert all(map(getattr(script, group), inside))
    assert not any(map(getattr(script, group), outside))


def test_each_part_of_the_shipped_study_lacks_some_of_its_inputs(script: ModuleType) -> None:
    everything, *parts = (script.definition_of(row).data for row in script.ROWS if row.study == script.STUDY)
    assert [len(part.static) for part in parts] == [38, 34, 39, 20, 42, 42]
    assert all(set(part.static) <= set(everything.static) and "$volume" in part.features for part in parts)


def test_the_whole_set_has_the_shipped_inputs_and_is_else_the_shipped_study(script: ModuleType) -> None:
    whole, shipped = (load.read(path.read_text(), str(path)) for path in (script.WHOLE, script.STUDY))
    assert set(whole.data.static) > set(shipped.data.static)
    changed = {"name": shipped.name, "title": shipped.title, "data": shipped.data}
    assert whole.model_copy(update=changed) == shipped
    assert whole.data.model_copy(update={"static": shipped.data.static}) == shipped.data
