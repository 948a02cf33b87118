"""Test the claims on stored studies, and say which commands complete the evidence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.lookup import Matches, StoredStudy, choose_studies
from volopt.claims.verdict import ClaimOutcome, Verdict
from volopt.comparison import statistics
from volopt.comparison.statistics import MIN_SEEDS
from volopt.comparison.trial_results import DamagedFileError, NotFoundError
from volopt.errors import StudyError
from volopt.studies.attributes import finite

SEEDS = 10  # of the studies that the commands run
PHASES = {"grid": " --phase width --phase depth"}  # the claims need no phase that proposes its own points


@dataclass(frozen=True)
class Finding:
    """Hold the test of a claim on one set of studies."""

    claim: Claim
    wanted: tuple[str, ...]  # the shipped studies
    studies: Sequence[StoredStudy]  # that match them; none if one is missing
    outcome: ClaimOutcome | None  # None if a study, a trial or its file is missing
    commands: tuple[str, ...] = ()  # that complete the evidence
    broken: StudyError | None = None  # the error of a file that the claim needs
    p: float | None = None  # Holm-corrected within the claim's topic and studies

    @property
    def study(self) -> str:
        """Return the names of the stored studies, or of the shipped ones if one is missing."""
        return " + ".join([study.name for study in self.studies] or self.wanted)

    @property
    def verdict(self) -> Verdict:
        """Return the verdict by the corrected p."""
        return "not run" if self.outcome is None or self.p is None else self.outcome.verdict(self.p)

    @property
    def synthetic(self) -> bool:
        """Return whether some of the data are generated."""
        return any(study.synthetic for study in self.studies)

    def facts(self) -> dict[str, Any]:
        """Return what ``findings --json`` prints."""
        outcome = self.outcome
        facts = {
            "id": self.claim.id,
            "claim": self.claim.text,
            "topic": self.claim.topic,
            "study": self.study,
            "verdict": self.verdict,
            "measure": self.claim.effect,
            "effect": outcome.effect if outcome else None,
            "interval": [outcome.low, outcome.high] if outcome else None,
            "p": self.p,
            "n_seeds": outcome.n if outcome else 0,
            "details": outcome.details if outcome else {},
            "commands": list(self.commands),
            "synthetic": self.synthetic,
            "broken": self.broken.message if self.broken else None,
        }
        finite_facts: dict[str, Any] = finite(facts)
        return finite_facts


def evaluate_claims(matches: Matches, claims: Iterable[Claim] = CLAIMS) -> list[Finding]:
    """Return a finding for each claim and each set of studies that can show it.

    Args:
        matches: from ``lookup.find_studies``.
        claims: all claims of the paper by default.
    """
    findings = [_evaluate(claim, wanted, matches) for claim in claims for wanted in claim.studies]
    families: defaultdict[tuple[object, ...], list[float]] = defaultdict(list)
    for finding in findings:
        if finding.outcome is not None:
            families[finding.claim.topic, finding.wanted].append(finding.outcome.p)
    corrected = {family: iter(statistics.holm(ps)) for family, ps in families.items()}  # in the order of the findings
    return [
        finding if finding.outcome is None else replace(finding, p=next(corrected[finding.claim.topic, finding.wanted]))
        for finding in findings
    ]


def _evaluate(claim: Claim, wanted: tuple[str, ...], matches: Matches) -> Finding:
    studies = choose_studies(matches, wanted)
    try:
        outcome = claim.test(*studies) if studies else None
    except DamagedFileError as error:  # it has its own hint
        return Finding(claim, wanted, studies, None, broken=error)
    except NotFoundError:
        outcome = None
    complete = outcome is not None and (outcome.n >= MIN_SEEDS or outcome.n == 0)  # 0: more seeds would not help
    commands = () if complete else _commands(wanted, matches, lacks_trials=bool(studies) and outcome is None)
    return Finding(claim, wanted, studies, outcome, tuple(commands))


def _commands(wanted: Sequence[str], matches: Matches, *, lacks_trials: bool) -> Iterator[str]:
    """Yield the commands that run the missing evidence.

    The number of seeds of a study cannot change, so more seeds need a new study, under another name.
    """
    for name in wanted:
        seeds = matches[name][0].definition.training.seeds if matches[name] else 0
        if not matches[name]:
            yield _command(name, SEEDS, name)
        elif seeds < MIN_SEEDS:
            yield _command(name, SEEDS, f"{name}{SEEDS}")
        elif lacks_trials:
            yield _command(name, seeds, matches[name][0].name)


def _command(study_file: str, seeds: int, name: str) -> str:
    command = f"volopt run {study_file}{PHASES.get(study_file, '')} --seeds {seeds}"
    return command if name == study_file else f"{command} --name {name}"
