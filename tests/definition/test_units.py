"""What the structure tells of a scale, against numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from volopt.data.bins import write_provider
from volopt.data.provider import Provider, open_provider
from volopt.data.readers import read_on_trade_days
from volopt.definition.expressions import PLAIN, parse
from volopt.definition.nodes import COMPARISONS, WINDOWED, Binary, Call, Expression, Field, Number
from volopt.definition.units import is_difference, target_kind

VOLUME = Field("$volume")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$volume", "target"),
        ("2*$volume", "target"),
        ("Mean($volume,60)", "target"),
        ("Max(Ref(EMA($volume,8),1),20)-Std($volume,5)", "target"),
        ("$volume*$close/Ref($close,1)", "target"),
        ("Greater($volume,Mean($volume,5))", "target"),
        ("Greater($volume,0)", "target"),
        ("If($close>$open,$volume,Ref($volume,1))", "target"),
        ("If($volume>Mean($volume,5),$volume,0)", "target"),
        ("Abs(0-$volume)", "target"),
        ("$volume*Of(SH000300,$close/Ref($close,1))", "target"),
        ("$volume/Mean($volume,5)*$volume", "target"),
        ("Decay(Log($volume),1)*$volume*$volume", "target"),
        ("Log($volume)", "log target"),
        ("Mean(Log($volume),60)", "log target"),
        ("Max(Log($volume),20)", "log target"),
        ("Log($volume*$close)", "log target"),
        ("Log($volume*$volume)/2", "log target"),
        ("0.5*Log($volume)+0.5*Log(Mean($volume,5))", "log target"),
        ("Mean(Log($volume),5)-Mean(Log($volume),20)+Log($volume)", "log target"),
        ("Log($volume)-Mean(Log($volume),20)", "other"),
        ("Std(Log($volume),20)", "other"),
        ("Log($volume/Mean($volume,20))", "other"),
        ("Log($volume)-CSMean(Log($volume))", "other"),
        ("CSMean($volume)", "other"),
        ("Of(SH000300,$volume)", "other"),
        ("$close", "other"),
        ("$volume+$close", "other"),
        ("$volume+1", "other"),
        ("$volume*$volume", "other"),
        ("1/$volume", "other"),
        ("Log($volume)*$volume", "other"),
        ("Abs(Log($volume))", "other"),
        ("Sum(Log($volume),5)", "other"),
        ("Log(Log($volume))", "other"),
        ("Sign($volume)", "other"),
        ("Clip($volume,1,2)", "other"),
        ("If($volume>1,$volume,Ref($volume,1))", "other"),
        ("If($close>$open,$volume,1)", "other"),
        ("Greater(Log($volume),0)", "other"),
        ("$volume/0", "other"),
    ],
)
def test_the_structure_tells_the_kind(text: str, kind: str) -> None:
    assert target_kind(parse(text), VOLUME) == kind


def test_a_long_sum_of_the_target_is_told_in_time() -> None:
    assert target_kind(parse("+".join(["$volume"] * 60)), VOLUME) == "target"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$volume-Mean($volume,5)", True),
        ("Mean(Ref($volume-Ref($volume,1),1),5)", True),
        ("Abs($volume-Ref($volume,1))", False),
        ("Std($volume-Ref($volume,1),5)", False),
        ("$volume*(2-$close)", False),
        ("$volume", False),
    ],
)
def test_a_difference_is_told_from_what_keeps_a_sign(text: str, expected: bool) -> None:
    assert is_difference(parse(text)) == expected


def test_the_target_may_be_an_expression() -> None:
    target = parse("$volume*$close")
    assert target_kind(parse("Mean($volume*$close,5)"), target) == "target"
    assert target_kind(parse("Log($volume*$close)*1"), target) == "log target"
    assert target_kind(parse("$volume"), target) == "other"  # which of the two fields grows is not known
    assert target_kind(parse("$volume*$close/$open"), target) == "target"


def expressions() -> st.SearchStrategy[Expression]:
    """Return expressions that are often of a kind; comparisons of equal values, which rounding decides, are rare."""
    fields = st.sampled_from([VOLUME, VOLUME, Call("Log", (VOLUME,)), Field("$close")])
    numbers, days = st.sampled_from([0, 1, 0.37, -1.7]).map(Number), st.sampled_from([1, 2, 5]).map(Number)

    def deeper(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        either = st.one_of(inner, inner, numbers)
        odd = st.builds(Binary, st.just("*"), inner, st.just(Number(1.2345)))
        comparisons = st.builds(Binary, st.sampled_from(COMPARISONS), inner, st.one_of(odd, st.just(Number(0.123))))
        return st.one_of(
            st.builds(Binary, st.sampled_from("+-*/"), inner, either),
            st.builds(Binary, st.sampled_from("+-*/"), numbers, inner),
            st.builds(Call, st.sampled_from(WINDOWED), st.tuples(inner, days)),
            st.builds(Call, st.sampled_from(PLAIN), st.tuples(inner)),
            st.builds(Call, st.sampled_from(["Greater", "Less"]), st.tuples(inner, either)),
            st.builds(Call, st.just("If"), st.tuples(comparisons, either, either)),
            st.builds(Call, st.just("Decay"), st.tuples(inner, days)),
            st.builds(Call, st.just("Clip"), st.tuples(inner, st.just(Number(0.1)), st.just(Number(2)))),
        )

    return st.recursive(fields, deeper, max_leaves=5)


SCALE = 4  # a power of two: floats scale without rounding


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> list[Provider]:
    """Return two providers that differ in the scale of the volume."""
    days, random = pd.bdate_range("2020-01-01", periods=40), np.random.default_rng(0)
    close, volume = random.lognormal(size=40), random.lognormal(size=40)
    providers = []
    for scale in (1, SCALE):
        directory = tmp_path_factory.mktemp("scaled") / "provider"
        write_provider(directory, days, {"A": pd.DataFrame({"close": close, "volume": scale * volume}, index=days)})
        providers.append(open_provider(directory))
    return providers


@settings(max_examples=300)
@example(parse("Log($volume*$volume)/2"))
@example(parse("If($volume>Mean($volume,5),$volume,0)"))
@example(parse("Decay(Log($volume),1)*$volume*$volume"))
@given(expressions())
def test_a_kind_is_what_the_numbers_do(scaled: list[Provider], expression: Expression) -> None:
    kind = target_kind(expression, VOLUME)
    before, after = (read_on_trade_days(provider, "A", [expression]).to_numpy() for provider in scaled)
    if kind == "target":
        np.testing.assert_allclose(after, SCALE * before, rtol=1e-9, atol=1e-9)
    elif kind == "log target":
        np.testing.assert_allclose(after, before + np.log(SCALE), rtol=1e-9, atol=1e-9)
