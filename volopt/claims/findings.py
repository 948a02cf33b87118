"""``volopt findings`` as a plain function: every claim with its verdict."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.lookup import StoredStudy
from volopt.claims.verdict import ClaimOutcome, Verdict
from volopt.comparison import statistics
from volopt.comparison.evidence import DamagedFileError, NotFoundError
from volopt.comparison.statistics import FEWEST_SEEDS
from volopt.errors import StudyError

SEEDS = 10  # that a claim should be looked up with
PHASES = {"grid": " --phase width --phase depth"}  # a claim needs no phase that proposes its own points

Places = Callable[[Sequence[str]], Sequence[StoredStudy] | None]


@dataclass(frozen=True)
class Finding:
    """A claim, looked up in one set of studies."""

    claim: Claim
    study: str  # the stored studies looked in, else the shipped ones that are missing
    verdict: Verdict
    outcome: ClaimOutcome | None  # None where nothing was run
    p: float | None  # Holm-corrected within the claim's topic and studies
    commands: tuple[str, ...]  # that would give the evidence that is missing
    synthetic: bool
    broken: StudyError | None = None  # what was wrong with a file that the claim needs

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
            "broken": self.broken.message if self.broken else None,
        }


def findings(places: Places, claims: Iterable[Claim] = CLAIMS) -> list[Finding]:
    """Return a finding for each claim and each set of studies it can be looked up in.

    Args:
        places: gives the stored studies that stand for shipped ones, or None.
        claims: the paper's, unless others are given.
    """
    looks = [_look_up(claim, wanted, places) for claim in claims for wanted in claim.studies]
    families: defaultdict[tuple[object, ...], list[float]] = defaultdict(list)
    for look in looks:
        if look.outcome is not None:
            families[look.family].append(look.outcome.p)
    corrected = {family: iter(statistics.holm(ps)) for family, ps in families.items()}  # in the order of the looks
    return [_finding(look, None if look.outcome is None else next(corrected[look.family]), places) for look in looks]


class _Lookup(NamedTuple):
    claim: Claim
    wanted: Sequence[str]  # shipped studies
    studies: Sequence[StoredStudy]  # that stand for them; none where one is missing
    outcome: ClaimOutcome | None  # None where a study, a trial or its file is missing
    broken: StudyError | None = None

    @property
    def family(self) -> tuple[object, ...]:
        return self.claim.topic, self.wanted


def _look_up(claim: Claim, wanted: Sequence[str], places: Places) -> _Lookup:
    studies = places(wanted) or ()
    try:
        return _Lookup(claim, wanted, studies, claim.test(*studies) if studies else None)
    except DamagedFileError as error:
        return _Lookup(claim, wanted, studies, None, error)
    except NotFoundError:
        return _Lookup(claim, wanted, studies, None)


def _finding(look: _Lookup, p: float | None, places: Places) -> Finding:
    return Finding(
        claim=look.claim,
        study=" + ".join([study.name for study in look.studies] or look.wanted),
        verdict="not run" if look.outcome is None or p is None else look.outcome.verdict(p),
        outcome=look.outcome,
        p=p,
        commands=_commands(look, places),
        synthetic=any(study.synthetic for study in look.studies),
        broken=look.broken,
    )


def _commands(look: _Lookup, places: Places) -> tuple[str, ...]:
    """Return the commands that fetch the evidence an outcome lacks.

    A study keeps its number of seeds: more of them make a new study, under another name.
    """
    if look.broken is not None:  # it says itself what to do
        return ()
    if look.outcome is not None and (look.outcome.n >= FEWEST_SEEDS or look.outcome.n == 0):
        return ()
    commands = []
    for name in look.wanted:
        found = places((name,))
        seeds = found[0].definition.training.seeds if found else 0
        if not found:
            commands.append(_command(name, SEEDS, name))
        elif seeds < FEWEST_SEEDS:
            commands.append(_command(name, SEEDS, f"{name}{SEEDS}"))
        elif look.studies and look.outcome is None:  # it lacks trials
            commands.append(_command(name, seeds, found[0].name))
    return tuple(commands)


def _command(study_file: str, seeds: int, name: str) -> str:
    command = f"volopt run {study_file}{PHASES.get(study_file, '')} --seeds {seeds}"
    return command if name == study_file else f"{command} --name {name}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
