"""Definitions written as study files and read again."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import definition
from volopt.definition import load
from volopt.report.toml import study_file


def test_every_shipped_study_is_the_same_after_writing_and_reading() -> None:
    for path in load.shipped():
        found = load.load(path.stem)
        assert load.read(study_file(found), "test") == found


@settings(max_examples=30)
@example("é \" \\ '", 1e-7, 1)
@given(
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=300),
    st.floats(1e-300, 10),
    st.integers(1, 10**6),
)
def test_any_title_and_number_is_the_same_after_writing_and_reading(title: str, decay: float, epochs: int) -> None:
    found = definition(training={"optimizer": "adamw", "weight_decay": decay, "epochs": epochs}).model_copy(
        update={"title": title}
    )
    assert load.read(study_file(found), "test") == found


def test_what_is_empty_or_not_said_is_left_out() -> None:
    text = study_file(definition())
    assert "[[phase]]" in text
    assert "{  }" not in text
    assert "[]" not in text
    assert "published" not in text
