"""``volopt findings`` as a plain function: every claim with its verdict."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from volopt.findings import statistics
from volopt.findings.claims import CLAIMS, Claim
from volopt.findings.judgement import Outcome, Verdict
from volopt.findings.statistics import FEWEST_SEEDS
from volopt.findings.stored import AbsentError, StoredStudy

SEEDS = 10  # that a claim should be looked up with
PHASES = {"grid": " --phase width --phase depth"}  # a claim needs no phase that proposes its own points

Places = Callable[[Sequence[str]], Sequence[StoredStudy] | None]


@dataclass(frozen=True)
class Finding:
    """A claim, looked up in one set of studies."""

    claim: Claim
    study: str  # the stored studies looked in, else the shipped ones that are missing
    verdict: Verdict
    outcome: Outcome | None  # None where nothing was run
    p: float | None  # Holm-corrected within the claim's topic and studies
    commands: tuple[str, ...]  # that would give the evidence that is missing
    synthetic: bool

    def facts(self) -> dict[str, Any]:
        """Return what ``findings --json`` prints."""
        found = self.outcome
        return {
            "id": self.claim.id,
            "claim": self.claim.text,
            "topic": self.claim.topic,
            "study": self.study,
            "verdict": self.verdict,
            "measure": self.claim.effect,
            "effect": _finite(found.effect) if found else None,
            "interval": [_finite(found.low), _finite(found.high)] if found else None,
            "p": self.p,
            "n_seeds": found.n if found else 0,
            "details": {name: _finite(value) for name, value in found.details.items()} if found else {},
            "commands": list(self.commands),
            "synthetic": self.synthetic,
        }


def findings(places: Places, claims: Iterable[Claim] = CLAIMS) -> list[Finding]:
    """Return a finding for each claim and each set of studies it can be looked up in.

    Args:
        places: gives the stored studies that stand for shipped ones, or None.
        claims: the paper's, unless others are given.
    """
    looked_up = [(claim, wanted, *_look_up(claim, wanted, places)) for claim in claims for wanted in claim.studies]
    families: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, (claim, wanted, _, outcome) in enumerate(looked_up):
        if outcome is not None:
            families[claim.topic, wanted].append(number)
    corrected: dict[int, float] = {}
    for family in families.values():
        outcomes = [outcome for number in family if (outcome := looked_up[number][3]) is not None]
        corrected.update(zip(family, statistics.holm([outcome.p for outcome in outcomes]), strict=True))
    return [
        _finding(claim, wanted, studies, outcome, corrected.get(number), _commands(wanted, places, studies, outcome))
        for number, (claim, wanted, studies, outcome) in enumerate(looked_up)
    ]


def _look_up(claim: Claim, wanted: Sequence[str], places: Places) -> tuple[Sequence[StoredStudy], Outcome | None]:
    studies = places(wanted)
    if studies is None:
        return (), None
    try:
        return studies, claim.test(*studies)
    except AbsentError:
        return studies, None


def _finding(
    claim: Claim,
    wanted: Sequence[str],
    studies: Sequence[StoredStudy],
    outcome: Outcome | None,
    p: float | None,
    commands: tuple[str, ...],
) -> Finding:
    return Finding(
        claim=claim,
        study=" + ".join([study.name for study in studies] or wanted),
        verdict="not run" if outcome is None or p is None else outcome.verdict(p),
        outcome=outcome,
        p=p,
        commands=commands,
        synthetic=any(study.synthetic for study in studies),
    )


def _commands(
    wanted: Sequence[str], places: Places, studies: Sequence[StoredStudy], outcome: Outcome | None
) -> tuple[str, ...]:
    """Return the commands that fetch the evidence an outcome lacks.

    A study keeps its number of seeds: more of them make a new study, under another name.
    """
    if outcome is not None and (outcome.n >= FEWEST_SEEDS or outcome.n == 0):
        return ()
    commands = []
    for name in wanted:
        found = places((name,))
        seeds = found[0].definition.training.seeds if found else 0
        if not found:
            commands.append(_command(name, SEEDS, name))
        elif seeds < FEWEST_SEEDS:
            commands.append(_command(name, SEEDS, f"{name}{SEEDS}"))
        elif studies and outcome is None:  # it lacks trials
            commands.append(_command(name, seeds, found[0].name))
    return tuple(commands)


def _command(study_file: str, seeds: int, name: str) -> str:
    command = f"volopt run {study_file}{PHASES.get(study_file, '')} --seeds {seeds}"
    return command if name == study_file else f"{command} --name {name}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
