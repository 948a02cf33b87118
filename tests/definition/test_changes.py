from typing import Any

import pytest

from volopt.definition.changes import changes, digest
from volopt.definition.load import dump, load, override, restore

MORE = '\n[[phase]]\nname = "more"\nsampler = "random"\nvary = ["window"]\ntrials = 4\n'


@pytest.mark.parametrize(
    ("pairs", "tail"),
    [
        ([], ""),
        ([("a small study", "another title")], ""),
        ([('cell = ["RNN", "LSTM"]\n', 'cell = ["LSTM", "RNN"]\n'), ("[250, 5, 25]", "[5, 25, 250]")], ""),
        ([('"window", "cell"', '"cell", "window"')], ""),
        ([("hidden_size = [25, 5]", "hidden_size = [5, 250, 25]")], ""),
        ([("trials = 4", "trials = 5")], ""),
        ([], MORE),
        ([("[model]", "[training]\nretries = 9\n[model]")], ""),
        ([], '\n[forecast]\nafter_suspension = "har"\n'),
    ],
    ids=[
        "same",
        "title",
        "reordered",
        "vary reordered",
        "grid gained",
        "trials raised",
        "phase added",
        "retries",
        "forecast",
    ],
)
def test_a_study_goes_on_after_a_harmless_change(changed: Any, pairs: list[Any], tail: str) -> None:
    assert changes(changed(), changed(*pairs, tail=tail)) == []


@pytest.mark.parametrize(
    ("pair", "path"),
    [
        (('name = "small"', 'name = "big"'), "name"),
        (('target = "$volume"', 'target = "$close"'), "data.target"),
        (('"2018-12-31"', '"2018-11-30"'), "data.test"),
        (("[model]", "[training]\nepochs = 3\n[model]"), "training.epochs"),
        (("[model]", "[training]\nseeds = 5\n[model]"), "training.seeds"),
        (("[model]", "[training]\nretries = 1\n[model]"), "training.retries"),
        (("[250, 5, 25]", "[250, 5, 25, 7]"), "space.hidden_size"),
        (("low = 5, high = 100", "low = 4, high = 100"), "space.window.low"),
        (('name = "extend"', 'name = "renamed"'), 'phase "extend"'),
        (("hidden_size = [25, 5]", "hidden_size = [25]"), 'phase "width" grid.hidden_size'),
        (("hidden_size = [25, 5], ", ""), 'phase "width" grid.hidden_size'),
        (
            ("hidden_size = [25, 5], ", "hidden_size = [25, 5], batch_norm = [false], "),
            'phase "width" grid.batch_norm',
        ),
        (("{ window = 40 }", "{ window = 41 }"), 'phase "width" fix.window'),
        (("trials = 4", "trials = 3"), 'phase "extend" trials'),
        (('sampler = "tpe"', 'sampler = "gp"'), 'phase "extend" sampler'),
        (("trials = 4", 'trials = 4\npruner = "median"'), 'phase "extend" pruner'),
        (("trials = 4", "trials = 4\nbatch = 2"), 'phase "extend" batch'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_other_change_is_listed_by_its_key(changed: Any, pair: tuple[str, str], path: str) -> None:
    assert changes(changed(), changed(pair)) == [path]


def test_a_removed_phase_is_listed(changed: Any) -> None:
    assert changes(changed(tail=MORE), changed()) == ['phase "more"']


def test_phases_in_another_order_are_listed() -> None:
    stored = load("grid")
    raw = dump(stored)
    raw["phase"][0], raw["phase"][1] = raw["phase"][1], raw["phase"][0]
    assert changes(stored, restore(raw)) == ["phase order"]


def test_a_range_in_place_of_a_list_is_listed(changed: Any) -> None:
    other = changed(("[250, 5, 25]", "{ low = 5, high = 250 }"))
    assert changes(changed(), other) == ["space.hidden_size"]


def test_the_digest_is_that_of_everything_but_the_title(changed: Any) -> None:
    assert digest(changed()) == digest(changed(("a small study", "another")))
    assert digest(changed()) == digest(changed(("[250, 5, 25]", "[5, 25, 250]")))
    assert digest(changed()) != digest(changed(("trials = 4", "trials = 5")))
    assert len(digest(changed())) == 64


def test_a_batch_of_one_is_that_of_earlier_versions_which_have_no_such_key(changed: Any) -> None:
    one = changed(("trials = 4", "trials = 4\nbatch = 1"))
    assert dump(one) == dump(changed())
    assert "batch" not in dump(one)["phase"][1]
    assert restore(dump(changed())).phases[1].batch == 1
    assert dump(changed(("trials = 4", "trials = 4\nbatch = 2")))["phase"][1]["batch"] == 2


def test_fewer_trials_than_a_batch_on_the_command_line_are_one_smaller_batch() -> None:
    found = override(load("search"), trials=2)
    assert (found.phases[0].trials, found.phases[0].batch) == (2, 4)
