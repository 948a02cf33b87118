import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.definition.expressions import MAX_LENGTH, MAX_NESTING, MAX_WINDOW, OPERATORS, PLAIN, ExpressionError, parse
from volopt.definition.nodes import COMPARISONS, WINDOWED, Binary, Call, Expression, Field, MarketNode, Number

WORDS = ["$close", "$volume", "$x_1", "Ref", "Mean", "Std", "Log", "Abs", "(", ")", ",", "+", "-", "*", "/"]
WORDS += ["0", "1", "3", "2.5", "-1", " ", "Maen", "__import__", "'", ".", "[", "lambda", "\n", "é", "$"]
WORDS += [*OPERATORS, *COMPARISONS, "Of(SH000300,", "Of(^GSPC,", "If($close>1,", "="]


def expressions() -> st.SearchStrategy[Expression]:
    """Return expressions of the whole grammar; some hold market nodes."""
    plain = _expressions(st.sampled_from(["$close", "$volume", "$high", "$low"]).map(Field))
    names = st.sampled_from(["SH000300", "^GSPC", "510300.SH", "S&P 500", "A(B)", "$x/y"])
    comparisons = st.builds(Binary, st.sampled_from(COMPARISONS), plain, plain)
    markets = st.one_of(
        st.builds(MarketNode, st.sampled_from(["CSMean", "CSStd"]), plain),
        st.builds(MarketNode, st.just("CSShare"), comparisons),
        st.builds(MarketNode, st.just("Of"), plain, names),
    )
    return st.one_of(plain, _expressions(st.one_of(plain, markets)))


def _expressions(series: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    numbers, windows = st.integers(-999, 999).map(Number), st.integers(1, 30).map(Number)

    def deeper(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        either, signs = st.one_of(inner, numbers), st.sampled_from(["+", "-", "*", "/", *COMPARISONS])
        comparisons = st.builds(Binary, st.sampled_from(COMPARISONS), inner, either)
        return st.one_of(
            st.builds(Binary, signs, inner, either),
            st.builds(Binary, signs, numbers, inner),
            st.builds(Call, st.sampled_from(WINDOWED), st.tuples(inner, windows)),
            st.builds(Call, st.sampled_from(PLAIN), st.tuples(inner)),
            st.builds(Call, st.sampled_from(["Greater", "Less"]), st.tuples(either, inner)),
            st.builds(Call, st.just("If"), st.tuples(comparisons, either, either)),
            st.builds(Call, st.just("Decay"), st.tuples(inner, st.sampled_from([0.5, 2, 6]).map(Number))),
            st.builds(
                Call, st.just("Clip"), st.tuples(inner, st.just(Number(-0.25)), st.sampled_from([0, 5]).map(Number))
            ),
        )

    return st.recursive(series, deeper, max_leaves=6)


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
    rest = re.sub(rf"\$[a-z_][a-z0-9_]*|\b({'|'.join(OPERATORS)})\(", "", expression.text)
    if "Of(" not in expression.text:  # it names an instrument, and never reaches qlib
        assert re.fullmatch(r"[-+*/(),.0-9<>=]*", rest)
    assert len(expression.text) <= len(text)
    assert all(re.fullmatch(r"\$[a-z_][a-z0-9_]*", field) for field in expression.fields)
    assert expression.fields or expression.markets
    assert all(market.content.fields and not market.content.markets for market in expression.markets)
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
        ("EMA($a, 30)", "EMA($a,30)", {"$a"}, 29),
        ("Clip( $a , -0.25, 5)/Sign($b)", "Clip($a,-0.25,5)/Sign($b)", {"$a", "$b"}, 0),
        ("$a+1 >= ($b*2)", "$a+1>=$b*2", {"$a", "$b"}, 0),
        ("($a>$b)>($c<$a)", "($a>$b)>($c<$a)", {"$a", "$b", "$c"}, 0),
        ("2*($a>1)", "2*($a>1)", {"$a"}, 0),
        ("If($a>Ref($b,2), Mean($c,5), 0)", "If($a>Ref($b,2),Mean($c,5),0)", {"$a", "$b", "$c"}, 4),
        ("Greater(0, Less($a,$b))", "Greater(0,Less($a,$b))", {"$a", "$b"}, 0),
        ("Decay(Ref($a,3), 2.50)", "Decay(Ref($a,3),2.5)", {"$a"}, 3),
        ("$a-CSMean(Mean($b,20))", "$a-CSMean(Mean($b,20))", {"$a"}, 0),
        ("Mean(Of( S&P 500 , $b ),5)", "Mean(Of(S&P 500,$b),5)", set(), 4),
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
        ("$a $b", r'found "\$b", expected an operator.*\(character 4 '),
        ("Ref($close", 'found the end, expected ","'),
        ("Ref($close)", r'found "\)", expected ","'),
        ("Ref", r'found the end, expected "\('),
        ("Log($close,3)", r'found ",", expected "\)"'),
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
        ("csmean($close)", "unknown operator csmean, did you mean CSMean"),
        ("EMA($close,0)", "looks into the future"),
        ("EMA($close,-3)", "looks into the future"),
        ("$a>$b>$c", r"a second comparison, write If.*\(character 6 "),
        ("1>2", "two numbers around >"),
        ("$a==$b", r"no expression has, the comparisons are > < >= <= \(character 3 "),
        ("If($a!=$b,1,0)", "no expression has, the comparisons are"),
        ("If($a,1,0)", r"If needs a comparison.*\(character 4 "),
        ("If($a>1,1)", r'found "\)", expected ","'),
        ("Greater(1,2)", "Greater needs a field"),
        ("Clip($a,$b,1)", r'found "\$b", expected a number'),
        ("Clip($a,1,-1)", "Clip needs the lower number first"),
        ("Decay($a,0)", "Decay needs a number above 0"),
        ("Decay(3,2)", "Decay needs a field"),
        ("CSMean(3)", "CSMean needs a field"),
        ("CSShare($a)", "CSShare needs a comparison"),
        ("CSShare(CSMean($a)>$b)", "CSShare cannot contain CSMean"),
        ("Of(SH000300,Mean(CSStd($a),5))", "Of cannot contain CSStd"),
        ("Of(SH000300)", r'found "\)", expected ","'),
        ("Of('SH000300',$a)", r"Of needs an instrument without quotes.*\(character 4 "),
        ("Of(,$a)", "Of needs an instrument"),
        ("Of(\x1b,$a)", "Of needs an instrument"),
        ("1234567890.123456*$a", "a number of more than 15 digits"),
        ("$Close", "a character that no expression has .character 1 "),
        ("$$close", "a character that no expression has"),
        ("$close**2", r'found "\*", expected'),
        ("Ref($close,((__import__)('os').system)('true'))", "that no expression has"),
        ("$close if $close else $open", 'found "if", expected'),
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


def test_market_nodes_keep_their_own_fields_and_history_apart() -> None:
    expression = parse(
        "$volume/Mean($volume,20)-CSMean($close/Ref($close,9))+Of(SH000300,$close)+CSMean($close/Ref($close,9))"
    )
    assert expression.fields == {"$volume"}
    assert expression.lookback == 19
    index = MarketNode("Of", Field("$close"), "SH000300")
    assert expression.markets == {MarketNode("CSMean", parse("$close/Ref($close,9)")), index}
