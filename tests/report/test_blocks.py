"""How values and columns are shown."""

from volopt.errors import VoloptError
from volopt.report.blocks import FactsBlock, TableBlock, error_sentences


def test_numbers_have_four_digits_and_what_is_not_known_has_a_dash() -> None:
    table = TableBlock("", ("a", "b", "c"), [(0.123456, None, 12), (1e-9, "text", 7)])
    assert table.cells() == [["0.1235", "–", "12"], ["1e-09", "text", "7"]]


def test_a_column_that_begins_with_numbers_is_set_as_one_and_long_words_get_room() -> None:
    rows = [(-1.5, "2 of 3", "LSTM", "a claim that takes more than one line"), (None, "0.1 … 0.2", "5", "short")]
    assert TableBlock("", ("a", "b", "c", "d"), rows).classes() == ["number", "number", "", "words"]
    assert TableBlock("", ("a", "b"), []).classes() == ["", ""]


def test_facts_that_are_not_known_are_left_out() -> None:
    assert FactsBlock({"a": None, "b": 0.5, "c": "text"}).pairs() == [("b", "0.5"), ("c", "text")]


def test_messages_and_hints_become_sentences() -> None:
    assert error_sentences(VoloptError("nothing is here", "run it first")) == "Nothing is here. Run it first."
    assert error_sentences(VoloptError("is it?")) == "Is it?"
