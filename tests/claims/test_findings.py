"""Claims evaluated together: correction for multiple testing, and missing evidence."""

from typing import Any

import pytest

from hand_made import World
from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.findings import Finding, evaluate_claims
from volopt.claims.verdict import NO_SEEDS, ClaimOutcome
from volopt.comparison.trial_results import DamagedFileError, NotFoundError

FILES = ("grid", "published", "published_volume", "price", "batchnorm", "loss_curves")
NONE: Any = {name: [] for name in FILES}
ALL: Any = {name: [World(name)] for name in FILES}


def claim(id: str, p: float, topic: str = "topic", studies: tuple[tuple[str, ...], ...] = (("grid",),)) -> Claim:
    """Return a claim whose test has this p on any studies."""
    return Claim(id, topic, "text", "unit", lambda *studies: ClaimOutcome(1.0, 0.5, 1.5, p, 10, True), studies)


def by_id(findings: list[Finding]) -> dict[tuple[str, str], Finding]:
    return {(finding.claim.id, finding.study): finding for finding in findings}


def test_claims_of_one_topic_and_study_are_corrected_together_by_holm() -> None:
    findings = evaluate_claims(ALL, [claim("a", 0.01), claim("b", 0.04), claim("c", 0.03)])
    assert [finding.p for finding in findings] == pytest.approx([0.03, 0.06, 0.06])
    assert [finding.verdict for finding in findings] == ["supported", "inconclusive", "inconclusive"]


def test_other_topics_and_other_studies_have_their_own_correction() -> None:
    both = (("grid",), ("published",))
    findings = evaluate_claims(ALL, [claim("a", 0.04, studies=both), claim("b", 0.04, topic="other")])
    assert [finding.p for finding in findings] == [0.04, 0.04, 0.04]
    assert {finding.verdict for finding in findings} == {"supported"}


def test_a_claim_that_is_not_run_does_not_count_in_the_correction() -> None:
    only_grid = NONE | {"grid": ALL["grid"]}
    findings = by_id(evaluate_claims(only_grid, [claim("a", 0.04), claim("b", 0.01, studies=(("price",),))]))
    assert findings["a", "grid"].p == 0.04
    assert findings["b", "price"].verdict == "not run"


def test_a_claim_whose_trials_are_missing_is_not_run_and_its_command_resumes_the_study() -> None:
    def missing(study: World) -> ClaimOutcome:
        raise NotFoundError(study.name)

    (finding,) = evaluate_claims(ALL, [claim("a", 0.01)._replace(test=missing)])
    assert finding.verdict == "not run"
    assert finding.commands == ("volopt run grid --phase width --phase depth --seeds 10",)


def test_a_claim_whose_file_is_broken_is_not_run_and_says_why_and_the_others_are_run() -> None:
    def broken(study: World) -> ClaimOutcome:
        raise DamagedFileError("the file of trial 3 is missing", "run it again")

    lost, other = evaluate_claims(ALL, [claim("a", 0.01)._replace(test=broken), claim("b", 0.01)])
    assert (lost.verdict, lost.commands, lost.facts()["broken"]) == ("not run", (), "the file of trial 3 is missing")
    assert (other.verdict, other.facts()["broken"]) == ("supported", None)


def test_the_command_for_a_study_of_another_name_resumes_it_under_its_name() -> None:
    def missing(study: World) -> ClaimOutcome:
        raise NotFoundError(study.name)

    mine: Any = {"grid": [World("mine", 8)]}
    (finding,) = evaluate_claims(mine, [claim("a", 0.01)._replace(test=missing)])
    assert finding.commands == ("volopt run grid --phase width --phase depth --seeds 8 --name mine",)


def test_the_commands_run_only_the_missing_study() -> None:
    (finding,) = evaluate_claims(ALL | {"price": []}, [claim("a", 0.01, studies=(("grid", "price"),))])
    assert finding.study == "grid + price"
    assert finding.commands == ("volopt run price --seeds 10",)


def test_facts_have_the_keys_of_the_json() -> None:
    (finding,) = evaluate_claims(ALL, [claim("a", 0.01)])
    assert finding.facts() == {
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


def test_an_undefined_outcome_has_no_figures() -> None:
    (finding,) = evaluate_claims(ALL, [claim("a", 0.01)._replace(test=lambda study: NO_SEEDS)])
    facts = finding.facts()
    assert (finding.verdict, facts["effect"], facts["interval"]) == ("inconclusive", None, [None, None])


def test_all_claims_run_on_studies_without_any_effect() -> None:
    """With equal losses, only the claims that LSTM stays level are supported among those about width."""
    findings = evaluate_claims(ALL)
    assert len(findings) == sum(len(claim.studies) for claim in CLAIMS)
    supported = {finding.claim.id for finding in findings if finding.verdict == "supported"}
    assert {"width-lstm-25-125", "width-lstm-125-250"} <= supported
    assert not supported & {"width-rnn-5-25", "width-rnn-125-250", "depth-rnn", "depth-lstm-15", "batchnorm-15"}
    contradicted = {finding.claim.id for finding in findings if finding.verdict == "contradicted"}
    assert {"depth-lstm-15", "depth-rnn-25"} <= contradicted
