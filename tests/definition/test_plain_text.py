import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.definition.plain_text import MAX_SHOWN, is_plain, plain, shortened, show, show_all, show_key


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 成交量\u3000— ok", "Grüße, 成交量\u3000— ok"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("one\ntwo\rthree\ttab", "one\\ntwo\\rthree\\ttab"),
        ("\u202eturned\u2069", "\\u202eturned\\u2069"),
        ("half\ud800", "half\\ud800"),
        ("\u2028\x7f\x00", "\\u2028\\x7f\\x00"),
    ],
)
def test_what_would_steer_a_terminal_becomes_an_escape_and_all_else_stays(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert is_plain(text) == (text == shown)


@given(st.text(st.characters(), max_size=200))
def test_whatever_an_error_shows_is_plain_and_short(text: str) -> None:
    for shown in (plain(text[:50]), shortened(text), show(text), show_key(text), show_all([text] * 20)):
        assert is_plain(shown)
        shown.encode("utf-8")  # no half of a character is left
    assert len(show_key("\x1b" * 1000)) <= 6 * MAX_SHOWN


def test_a_bare_key_is_shown_bare_and_any_other_in_quotes() -> None:
    assert show_key("hidden_size") == "hidden_size"
    assert show_key("two words") == '"two words"'
    assert show_key("a" * 200) == f'"{"a" * (MAX_SHOWN - 4)}...'


def test_of_many_values_the_first_ten_are_shown() -> None:
    assert show_all([1, "x", True]) == '1, "x", true'
    assert show_all(list(range(11))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."
