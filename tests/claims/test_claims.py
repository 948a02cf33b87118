"""Every claim of the paper, on hand-made trials that support it and on others that contradict it."""

from collections import defaultdict
from typing import Any

import pytest

from hand_made import World, constant
from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.effects import PRINTED
from volopt.claims.findings import Finding, evaluate_claims
from volopt.definition import load

Worlds = tuple[dict[str, Any], ...]  # the arguments of World, for each study that a claim needs


def sizes(**losses: float) -> dict[str, Any]:
    """Return a world whose loss depends on cell and hidden_size, as in RNN_5=0.03."""
    return {"loss": lambda v: losses.get(f"{v['cell']}_{v['hidden_size']}", 0.01)}


def flat(**counts: int) -> dict[str, Any]:
    """Return a world whose number of flat seeds depends on cell and depth, as in RNN_5=3."""
    return {"flat": lambda v: counts.get(f"{v['cell']}_{v['num_layers']}", 0)}


def normed(without: int, with_norm: int) -> dict[str, Any]:
    """Return a world whose number of flat seeds depends on batch norm."""
    return {"flat": lambda v: with_norm if v["batch_norm"] else without}


def by_cell(quantity: str, rnn: float, lstm: float) -> dict[str, Any]:
    return {quantity: lambda v: rnn if v["cell"] == "RNN" else lstm}


def gradient(value: float) -> dict[str, Any]:
    return {"gradient": constant(value)}


def wide(at_250: float, at_125: float = 0) -> dict[str, Any]:
    """Return a world whose RNNs forecast these numbers of days late."""
    return {"timing": lambda v: at_250 if v["hidden_size"] == 250 else at_125}


def printed(factor: float) -> dict[str, Any]:
    """Return a world whose losses are a multiple of a printed train loss."""
    return {"loss": lambda v: factor * PRINTED[v["cell"], v["num_layers"]][0]}


# by claim id: a world that supports the claim, and one that contradicts it
CASES: dict[str, tuple[Worlds, Worlds]] = {
    "width-rnn-5-25": ((sizes(RNN_5=0.02),), (sizes(RNN_5=0.005),)),
    "width-rnn-25-125": ((sizes(RNN_25=0.02),), (sizes(RNN_25=0.005),)),
    "width-rnn-125-250": ((sizes(RNN_250=0.02),), (sizes(RNN_250=0.005),)),
    "width-lstm-5-25": ((sizes(LSTM_5=0.02),), (sizes(LSTM_5=0.005),)),
    "width-lstm-25-125": ((sizes(LSTM_25=0.011),), (sizes(LSTM_25=0.02),)),
    "width-lstm-125-250": ((sizes(LSTM_250=0.011),), (sizes(LSTM_250=0.005),)),
    "wide-rnn-chance": ((wide(0),), (wide(-1),)),
    "wide-rnn-125": ((wide(0),), (wide(-1),)),
    "wide-cells": ((sizes(RNN_250=0.02),), (sizes(LSTM_250=0.02),)),
    "depth-rnn": ((flat(RNN_15=8, RNN_25=10),), (flat(RNN_1=10, RNN_5=8),)),
    "depth-lstm": ((flat(LSTM_15=8, LSTM_25=10),), (flat(LSTM_1=10, LSTM_5=8),)),
    "depth-lstm-15": ((flat(LSTM_15=10),), (flat(LSTM_15=0),)),
    "depth-rnn-25": ((flat(RNN_25=10),), (flat(RNN_25=0),)),
    "depth-cells": ((flat(LSTM_5=10, LSTM_15=10),), (flat(RNN_5=10, RNN_15=10),)),
    "depth-mean": (
        ({**flat(RNN_25=10), "level": constant(0.02)},),
        ({**flat(RNN_25=10), "level": constant(0.5)},),
    ),
    "batchnorm-15": ((normed(9, 2),), (normed(2, 9),)),
    "batchnorm-25": ((normed(10, 10),), (normed(10, 0),)),
    "curves": ((by_cell("steep", 0.03, 0.01),), (by_cell("steep", 0.01, 0.03),)),
    "price-mse": (
        ({"loss": constant(0.02)}, {"loss": constant(0.01)}),
        ({"loss": constant(0.01)}, {"loss": constant(0.02)}),
    ),
    "price-skill": (
        ({"skill": constant(-2.0)}, {"skill": constant(0.1)}),
        ({"skill": constant(0.1)}, {"skill": constant(-2.0)}),
    ),
    "published-target": ((printed(1.1), printed(4.0)), (printed(4.0), printed(1.1))),
    **{
        f"gradient-{cell}-{layers}-{when}": ((gradient(-3.0),), (gradient(-0.2),))
        for cell in ("rnn", "lstm")
        for layers in (5, 15, 25)
        for when in ("start", "training")
    },
}

each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)


def evaluated(claim: Claim, worlds: Worlds, seeds: int = 10) -> list[Finding]:
    """Return the finding of one claim for each set of studies that can show it."""
    pairs = [pair for wanted in claim.studies for pair in zip(wanted, worlds, strict=True)]
    matches: Any = {name: [World(name, seeds, **world)] for name, world in pairs}
    return evaluate_claims(matches, [claim])


@each_claim
def test_a_claim_is_supported_if_its_effect_is_present(claim: Claim) -> None:
    findings = evaluated(claim, CASES[claim.id][0])
    assert [finding.verdict for finding in findings] == ["supported"] * len(claim.studies)


@each_claim
def test_a_claim_is_contradicted_if_the_opposite_effect_is_present(claim: Claim) -> None:
    findings = evaluated(claim, CASES[claim.id][1])
    assert [finding.verdict for finding in findings] == ["contradicted"] * len(claim.studies)


@each_claim
@pytest.mark.parametrize("case", [0, 1])
def test_five_seeds_are_inconclusive_and_the_finding_has_the_commands_for_more(claim: Claim, case: int) -> None:
    for finding in evaluated(claim, CASES[claim.id][case], seeds=5):
        assert finding.verdict == "inconclusive"
        assert finding.outcome is not None
        assert finding.outcome.n == 5
        assert finding.commands
        assert all(f"--seeds 10 --name {name}10" in " ".join(finding.commands) for name in finding.study.split(" + "))


@each_claim
def test_eight_seeds_that_agree_are_enough_for_each_claim_alone(claim: Claim) -> None:
    if claim.id != "batchnorm-15":  # unpaired proportions, here 2 of 8 and 8 of 8, need more seeds
        assert {finding.verdict for finding in evaluated(claim, CASES[claim.id][0], seeds=8)} == {"supported"}


@each_claim
def test_without_its_studies_a_claim_is_not_run_and_the_finding_has_the_commands(claim: Claim) -> None:
    findings = evaluate_claims(defaultdict(list), [claim])
    assert [finding.verdict for finding in findings] == ["not run"] * len(claim.studies)
    for finding, wanted in zip(findings, claim.studies, strict=True):
        assert [command.split()[:3] for command in finding.commands] == [["volopt", "run", name] for name in wanted]
        assert finding.facts()["effect"] is None


def test_every_claim_has_its_case_and_its_own_id() -> None:
    assert sorted(claim.id for claim in CLAIMS) == sorted(CASES)


def test_the_studies_that_claims_name_ship() -> None:
    shipped = {path.stem for path in load.shipped()}
    assert {name for claim in CLAIMS for wanted in claim.studies for name in wanted} <= shipped


@pytest.mark.parametrize(
    ("claim_id", "world", "effect"),
    [
        ("width-rnn-5-25", sizes(RNN_5=0.02), 0.5),  # the error halves
        ("width-rnn-125-250", sizes(RNN_250=0.02), -1.0),  # it doubles
        ("wide-cells", sizes(RNN_250=0.02), 2.0),
        ("depth-rnn", flat(RNN_15=5, RNN_25=10), (0.5 * 2 + 1 * 2 + 0.5) / 6),  # over the six pairs of depths
        ("depth-cells", flat(LSTM_5=6, LSTM_15=10, RNN_15=1), (0.6 + 0.9) / 3),
        ("depth-mean", {**flat(RNN_25=10), "level": constant(0.5)}, 0.5),
        ("batchnorm-15", normed(8, 2), 0.6),
        ("curves", by_cell("steep", 0.03, 0.01), 3.0),
        ("gradient-rnn-25-start", gradient(-3.0), -3.0),
        ("wide-rnn-125", wide(-1), -1.0),
    ],
)
def test_the_effect_is_that_of_the_world(claim_id: str, world: dict[str, Any], effect: float) -> None:
    (claim,) = (claim for claim in CLAIMS if claim.id == claim_id)
    outcome = evaluated(claim, (world,))[0].outcome
    assert outcome is not None
    assert outcome.effect == pytest.approx(effect, abs=0.1 if "wide-rnn" in claim_id else 0.02)
    assert outcome.low <= outcome.effect <= outcome.high


def test_flat_lines_at_the_mean_and_elsewhere_are_counted() -> None:
    (claim,) = (claim for claim in CLAIMS if claim.id == "depth-mean")
    elsewhere = {"level": lambda values: 0.5 if values["cell"] == "LSTM" else 0.0}
    finding = evaluated(claim, ({**flat(RNN_25=10, LSTM_5=3), **elsewhere},))[0]
    assert finding.facts()["details"] == {"flat_lines": 13.0, "at_the_mean": 10.0}


def test_without_a_flat_line_their_level_is_undefined() -> None:
    (claim,) = (claim for claim in CLAIMS if claim.id == "depth-mean")
    finding = evaluated(claim, ({},))[0]
    assert finding.verdict == "inconclusive"
    assert finding.facts()["effect"] is None
    assert finding.commands == ()  # more seeds would not help
