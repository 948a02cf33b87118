import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.definition.expressions import (
    MAX_LENGTH,
    MAX_NESTING,
    MAX_WINDOW,
    PLAIN,
    WINDOWED,
    Binary,
    Call,
    Expression,
    ExpressionError,
    Field,
    Number,
    parse,
)

WORDS = ["$close", "$volume", "$x_1", "Ref", "Mean", "Std", "Log", "Abs", "(", ")", ",", "+", "-", "*", "/"]
WORDS += ["0", "1", "3", "2.5", "-1", " ", "Maen", "__import__", "'", ".", "[", "lambda", "\n", "é", "$"]


def expressions() -> st.SearchStrategy[Expression]:
    fields = st.sampled_from(["$close", "$volume", "$high", "$low"]).map(Field)
    numbers = st.integers(-999, 999).map(Number)

    def deeper(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        signs, windows = st.sampled_from("+-*/"), st.integers(1, 30)
        return st.one_of(
            st.builds(Binary, signs, inner, inner),
            st.builds(Binary, signs, inner, numbers),
            st.builds(Binary, signs, numbers, inner),
            st.builds(Call, st.sampled_from(WINDOWED), inner, windows),
            st.builds(Call, st.sampled_from(PLAIN), inner),
        )

    return st.recursive(fields, deeper, max_leaves=6)


@given(expressions())
def test_the_canonical_text_reads_back_as_the_same_expression(expression: Expression) -> None:
    assert parse(expression.text) == expression


ANY = st.text(st.characters())  # surrogates too
GRAMMARS = st.text("$abcMeanRefLog_(),+-*/.019 \t", max_size=60)


@settings(max_examples=500)
@given(st.one_of(ANY, GRAMMARS, st.lists(st.sampled_from(WORDS), max_size=30).map("".join)))
def test_any_text_is_read_or_refused_and_what_is_read_holds_nothing_but_the_grammar(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert parse(expression.text) == expression
    rest = re.sub(r"\$[a-z_][a-z0-9_]*|\b(Ref|Mean|Std|Sum|Max|Min|Log|Abs)\(", "", expression.text)
    assert re.fullmatch(r"[-+*/(),.0-9]*", rest)
    assert len(expression.text) <= len(text)
    assert all(re.fullmatch(r"\$[a-z_][a-z0-9_]*", field) for field in expression.fields)
    assert expression.fields
    assert 0 <= expression.lookback <= MAX_WINDOW * MAX_NESTING


@pytest.mark.parametrize(
    ("text", "canonical", "fields", "lookback"),
    [
        ("$close", "$close", {"$close"}, 0),
        (" $high -\t$low ", "$high-$low", {"$high", "$low"}, 0),
        ("Mean($close, 3)", "Mean($close,3)", {"$close"}, 2),
        ("Ref( $close , 1 )", "Ref($close,1)", {"$close"}, 1),
        ("Log($close/Ref($close, 1))", "Log($close/Ref($close,1))", {"$close"}, 1),
        ("Std(Ref($close,5),10)/Mean($volume,2)", "Std(Ref($close,5),10)/Mean($volume,2)", None, 14),
        ("(($a+$b))*$c", "($a+$b)*$c", {"$a", "$b", "$c"}, 0),
        ("($a*$b)+$c", "$a*$b+$c", {"$a", "$b", "$c"}, 0),
        ("$a-($b-$c)", "$a-($b-$c)", {"$a", "$b", "$c"}, 0),
        ("$a-$b-$c", "$a-$b-$c", {"$a", "$b", "$c"}, 0),
        ("$a/($b/$c)", "$a/($b/$c)", {"$a", "$b", "$c"}, 0),
        ("$a - -003.50", "$a--3.5", {"$a"}, 0),
        ("0.00001*$a+000000000000001", "0.00001*$a+1", {"$a"}, 0),
        ("-0*$a", "0*$a", {"$a"}, 0),
    ],
)
def test_an_expression_knows_its_canonical_text_fields_and_history(
    text: str, canonical: str, fields: set[str] | None, lookback: int
) -> None:
    expression = parse(text)
    assert expression.text == canonical
    assert fields is None or expression.fields == fields
    assert expression.lookback == lookback


def test_operations_of_one_strength_lean_left() -> None:
    a, b, c = Field("$a"), Field("$b"), Field("$c")
    assert parse("$a-$b+$c") == Binary("+", Binary("-", a, b), c)
    assert parse("$a+$b*$c") == Binary("+", a, Binary("*", b, c))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found the end, expected a field"),
        ("$close+", "found the end, expected a field"),
        ("1+2", r"two numbers around \+.*\(character 2 "),
        ("7", "there is no field"),
        ("$a $b", r"found \$b, expected an operator.*\(character 4 "),
        ("Ref($close", "found the end, expected ,"),
        ("Ref($close)", r"found \), expected ,"),
        ("Ref", r"found the end, expected \("),
        ("Log($close,3)", r"found ,, expected \)"),
        ("-$close", "a minus can precede only a number"),
        ("--1*$close", "a minus can precede only a number"),
        ("Mean(3,5)", "Mean needs a field"),
        ("Ref($close,-1)", r"looks into the future.*\(character 12 "),
        ("Ref($close,0)", "looks into the future"),
        ("Mean($close,00)", "a window is a whole number from 1 to 2000"),
        ("Mean($close,2.5)", "a window is a whole number from 1 to 2000"),
        ("Mean($close,2001)", "a window is a whole number from 1 to 2000"),
        ("Mean($close,)", "a window is a whole number from 1 to 2000"),
        ("Maen($close,3)", "unknown operator Maen, did you mean Mean"),
        ("mean($close,3)", "unknown operator mean, did you mean Mean"),
        ("Quantile($close,3)", "unknown operator Quantile, known are Ref"),
        ("1234567890.123456*$a", "a number of more than 15 digits"),
        ("$Close", "a character that no expression has .character 1 "),
        ("$$close", "a character that no expression has"),
        ("$close**2", r"found \*, expected"),
        ("Ref($close,((__import__)('os').system)('true'))", "that no expression has"),
        ("$close if $close else $open", "found if, expected"),
        ("__import__($close)", "unknown operator __import__"),
        ("(" * (MAX_NESTING + 1) + "$a" + ")" * (MAX_NESTING + 1), "nested parentheses"),
        ("Abs(" * (MAX_NESTING + 1) + "$a" + ")" * (MAX_NESTING + 1), "nested parentheses"),
        ("$a" + " " * MAX_LENGTH, "an expression of 502 characters, at most 500"),
    ],
)
def test_a_text_outside_the_grammar_is_refused_with_reason_and_place(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        parse(text)


def test_the_bounds_themselves_are_allowed() -> None:
    assert parse("(" * MAX_NESTING + "$a" + ")" * MAX_NESTING) == Field("$a")
    assert parse("+".join(["$a"] * 167)).fields == {"$a"}
    assert parse("Sum($a,2000)").lookback == 1999
