"""Claims looked up together: correction for being several, and what is missing."""

from collections.abc import Sequence
from typing import Any

import pytest

from hand_made import World
from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.findings import Finding, findings
from volopt.claims.verdict import NOTHING, ClaimOutcome
from volopt.comparison.evidence import DamagedFileError, NotFoundError


def claim(id: str, p: float, topic: str = "topic", studies: tuple[tuple[str, ...], ...] = (("grid",),)) -> Claim:
    """Return a claim whose test finds this p, whatever it is given."""
    return Claim(id, topic, "text", "unit", studies, lambda *places: ClaimOutcome(1.0, 0.5, 1.5, p, 10, True))


def everywhere(wanted: Sequence[str]) -> list[Any]:
    return [World(name) for name in wanted]


def by_id(found: list[Finding]) -> dict[tuple[str, str], Finding]:
    return {(each.claim.id, each.study): each for each in found}


def test_claims_of_one_topic_and_study_are_corrected_together_by_holm() -> None:
    found = findings(everywhere, [claim("a", 0.01), claim("b", 0.04), claim("c", 0.03)])
    assert [each.p for each in found] == pytest.approx([0.03, 0.06, 0.06])
    assert [each.verdict for each in found] == ["supported", "inconclusive", "inconclusive"]


def test_other_topics_and_other_studies_do_not_count() -> None:
    both = (("grid",), ("published",))
    found = findings(everywhere, [claim("a", 0.04, studies=both), claim("b", 0.04, topic="other")])
    assert [each.p for each in found] == [0.04, 0.04, 0.04]
    assert {each.verdict for each in found} == {"supported"}


def test_a_claim_that_is_not_run_does_not_count_either() -> None:
    def grid_only(wanted: Sequence[str]) -> list[Any] | None:
        return everywhere(wanted) if wanted == ("grid",) else None

    found = by_id(findings(grid_only, [claim("a", 0.04), claim("b", 0.01, studies=(("price",),))]))
    assert found["a", "grid"].p == 0.04
    assert found["b", "price"].verdict == "not run"


def test_a_study_without_the_trials_is_not_run_and_is_to_be_gone_on_with() -> None:
    def absent(place: World) -> ClaimOutcome:
        raise NotFoundError(place.name)

    (found,) = findings(everywhere, [claim("a", 0.01)._replace(test=absent)])
    assert found.verdict == "not run"
    assert found.commands == ("volopt run grid --phase width --phase depth --seeds 10",)


def test_a_claim_that_needs_a_broken_file_is_not_run_and_says_why_and_the_others_are() -> None:
    def broken(place: World) -> ClaimOutcome:
        raise DamagedFileError("the file of trial 3 is gone", "run it again")

    lost, other = findings(everywhere, [claim("a", 0.01)._replace(test=broken), claim("b", 0.01)])
    assert (lost.verdict, lost.commands, lost.facts()["broken"]) == ("not run", (), "the file of trial 3 is gone")
    assert (other.verdict, other.facts()["broken"]) == ("supported", None)


def test_a_study_of_another_name_is_gone_on_with_under_its_name() -> None:
    def absent(place: World) -> ClaimOutcome:
        raise NotFoundError(place.name)

    mine: list[Any] = [World("mine", 8)]
    (found,) = findings(lambda wanted: mine, [claim("a", 0.01)._replace(test=absent)])
    assert found.commands == ("volopt run grid --phase width --phase depth --seeds 8 --name mine",)


def test_only_the_study_that_is_missing_is_to_be_run() -> None:
    def no_price(wanted: Sequence[str]) -> list[Any] | None:
        return None if "price" in wanted else everywhere(wanted)

    (found,) = findings(no_price, [claim("a", 0.01, studies=(("grid", "price"),))])
    assert found.study == "grid + price"
    assert found.commands == ("volopt run price --seeds 10",)


def test_facts_have_the_keys_that_json_prints() -> None:
    (found,) = findings(everywhere, [claim("a", 0.01)])
    assert found.facts() == {
        "id": "a",
        "claim": "text",
        "topic": "topic",
        "study": "grid",
        "verdict": "supported",
        "measure": "unit",
        "effect": 1.0,
        "interval": [0.5, 1.5],
        "p": 0.01,
        "n_seeds": 10,
        "details": {},
        "commands": [],
        "synthetic": False,
        "broken": None,
    }


def test_what_no_seed_shows_has_no_figures() -> None:
    (found,) = findings(everywhere, [claim("a", 0.01)._replace(test=lambda place: NOTHING)])
    assert (found.verdict, found.facts()["effect"], found.facts()["interval"]) == ("inconclusive", None, [None, None])


def test_the_whole_table_runs_on_studies_without_any_effect() -> None:
    """Same losses everywhere: nothing about width may be supported but that LSTM stays level."""
    found = findings(everywhere)
    assert len(found) == sum(len(each.studies) for each in CLAIMS)
    supported = {each.claim.id for each in found if each.verdict == "supported"}
    assert {"width-lstm-25-125", "width-lstm-125-250"} <= supported
    assert not supported & {"width-rnn-5-25", "width-rnn-125-250", "depth-rnn", "depth-lstm-15", "batchnorm-15"}
    assert {"depth-lstm-15", "depth-rnn-25"} <= {each.claim.id for each in found if each.verdict == "contradicted"}
