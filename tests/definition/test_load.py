import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import definition
from volopt.definition import load as module
from volopt.definition.load import dump, find, load, override, read, read_text, restore, shipped, study_file
from volopt.definition.values import validator
from volopt.errors import DefinitionError, UsageError

NAMES = ["grid", "batchnorm", "loss_curves", "panel", "price", "published", "published_volume", "search", "window"]


def test_the_shipped_study_files_are_listed_with_the_grid_first() -> None:
    assert [path.stem for path in shipped()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_file_loads_and_opens_with_its_question(name: str) -> None:
    definition = load(name)
    assert definition.name == name
    assert definition.title
    comment = [line for line in find(name).read_text(encoding="utf-8").split("format =")[0].splitlines() if line]
    assert 2 <= len(comment) <= 3
    assert all(line.startswith("# ") for line in comment)
    assert any("?" in line for line in comment[:2])


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_definition_comes_back_equal_through_json(name: str) -> None:
    definition = load(name)
    assert restore(json.loads(json.dumps(dump(definition)))) == definition


def test_the_published_study_has_the_notebooks_protocol() -> None:
    published = load("published")
    assert published.data.target == "$high-$low"
    assert published.data.features == ("$close", "$volume", "Ref($close,1)", "Mean($close,3)", "$high-$low")
    assert published.data.train is None
    assert [len(phase.points(published)) for phase in published.phases] == [8, 8, 8, 4]
    assert published.max_window() == 99
    assert published.published is not None
    assert published.published.head_outputs == 5


def test_an_installed_wheel_finds_its_files_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "volopt" / "study").mkdir(parents=True)
    (tmp_path / "study").mkdir()
    (tmp_path / "volopt" / "study" / "grid.toml").write_text("")
    (tmp_path / "study" / "other.toml").write_text("")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "volopt" / "definition" / "load.py"))
    assert shipped() == [tmp_path / "volopt" / "study" / "grid.toml"]


def test_a_path_is_found_and_a_shipped_name_goes_before_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grid").write_text("")
    (tmp_path / "mine.toml").write_text("")
    assert find("mine.toml") == Path("mine.toml")
    assert find("grid") == shipped()[0]
    assert find("./grid") == Path("grid")


def test_an_unknown_study_names_the_nearest_and_the_command_that_lists_them() -> None:
    with pytest.raises(UsageError, match='no study file "gird", did you mean "grid"') as caught:
        find("gird")
    assert "volopt studies" in caught.value.hint


def test_a_file_in_another_encoding_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'format = 1\nname = "x"\ntitle = "Gr\xf6\xdfe"\n')
    with pytest.raises(DefinitionError, match="not UTF-8 text: line 3"):
        load(str(path))


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbfformat = 1")
    assert read_text(path) == "format = 1"


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read: No such file"):
        read_text(tmp_path / "gone.toml")


def test_a_dump_has_the_keys_of_the_study_file() -> None:
    raw = tomllib.loads(find("grid").read_text(encoding="utf-8"))
    stored = dump(load("grid"))
    assert raw.keys() <= stored.keys()
    assert stored["phase"][0]["grid"] == {"cell": ["LSTM", "RNN"], "hidden_size": [5, 25, 125, 250]}
    assert stored["data"]["train"] == ["2010-01-01", "2015-08-31"]


def test_options_take_the_place_of_the_files_values(changed: Any) -> None:
    new = override(changed(), name="other", epochs=7, seeds=2, trials=9)
    assert (new.name, new.training.epochs, new.training.seeds) == ("other", 7, 2)
    assert [phase.trials for phase in new.phases] == [None, 9]


def test_epochs_of_the_command_line_are_those_of_every_trial_of_a_search_over_epochs(changed: Any) -> None:
    searched = changed(
        ("[space]\n", "[space]\nepochs = [4, 100]\n"),
        ("grid = {", "grid = { epochs = [4, 100],"),
        ('vary = ["window", "cell"]', 'vary = ["window", "cell", "epochs"]'),
    )
    new = override(searched, epochs=7)
    assert (new.training.epochs, new.space["epochs"], new.phases[0].grid["epochs"]) == (7, (7,), (7,))
    assert new.phases[1].vary == searched.phases[1].vary
    fixed = changed(("[space]\n", "[space]\nepochs = [4, 100]\n"), ("fix = {", "fix = { epochs = 4,"))
    assert override(fixed, epochs=7).phases[0].fix == {"epochs": 7, "window": 40}


def test_no_option_changes_nothing(changed: Any) -> None:
    assert override(changed()) == changed()


def test_options_are_checked_like_a_file(changed: Any) -> None:
    with pytest.raises(DefinitionError, match='study "small" with these options has 3 mistakes') as caught:
        override(changed(), name="no name", epochs=0, trials=0)
    assert caught.value.mistakes == (
        'name: found "no name", write letters, digits and "._-", a letter or digit first',
        "training.epochs: found 0, write a whole number from 1 to 1000000",
        'phase "extend" trials: found 0, write a whole number from 1 to 1000000',
    )


def test_every_shipped_study_file_is_the_same_after_writing_and_reading() -> None:
    for path in shipped():
        loaded = load(path.stem)
        assert read(study_file(loaded), "test") == loaded


@settings(max_examples=30)
@example("é \" \\ '", 1e-7, 1)
@given(
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=300),
    st.floats(1e-300, 10),
    st.integers(1, 10**6),
)
def test_any_title_and_number_is_the_same_after_writing_and_reading(title: str, decay: float, epochs: int) -> None:
    original = definition(training={"optimizer": "adamw", "weight_decay": decay, "epochs": epochs}).model_copy(
        update={"title": title}
    )
    assert read(study_file(original), "test") == original


def test_a_written_study_file_leaves_out_empty_and_missing_values() -> None:
    text = study_file(definition())
    assert "[[phase]]" in text
    assert "{  }" not in text
    assert "[]" not in text
    assert "published" not in text


def test_a_study_file_that_is_read_again_builds_no_validators() -> None:
    for name in NAMES:
        load(name)
    built = validator.cache_info().currsize
    for name in NAMES:
        load(name)
    assert validator.cache_info().currsize == built
