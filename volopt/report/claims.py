"""Show the verdicts on the paper's claims that this study gives."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.findings import Finding, evaluate_claims
from volopt.claims.lookup import Matches, find_studies
from volopt.comparison.statistics import MIN_SEEDS
from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.optuna_internals import storage_of
from volopt.report.blocks import Block, SourceBlock, TableBlock, TextBlock, error_sentences

COLUMNS = ("claim", "verdict", "effect", "95 % interval", "p", "seeds", "the effect is")


def claims(view: StudyView) -> Iterator[Block]:
    """Return the verdicts on the claims that this study can show, and the commands that complete the others."""
    if view.is_panel:
        yield TextBlock("The paper's claims are about networks for one stock; this study has a panel of instruments.")
        return
    matches = find_studies(storage_of(view.study), [view.name], view.artifacts)
    relevant = [claim for claim in (_matching(claim, matches) for claim in CLAIMS) if claim.studies]
    if not relevant:
        yield TextBlock(
            "The study is no evidence for or against the paper's claims: its networks, training or quantities differ "
            "from those of the study files that ship with volopt."
        )
        return
    findings = evaluate_claims(matches, relevant)
    tested = [finding for finding in findings if finding.outcome is not None]
    for topic, group in groupby(tested, lambda finding: finding.claim.topic):
        yield TableBlock(f"{topic[0].upper()}{topic[1:]}", COLUMNS, [_row(finding) for finding in group])
    if tested:
        yield TextBlock(
            f"A verdict takes {MIN_SEEDS} seeds; with fewer, claims are inconclusive. Each p is corrected for the "
            "claims of its table (Holm)."
        )
    broken = dict.fromkeys(error_sentences(finding.broken) for finding in findings if finding.broken)
    yield from (TextBlock(message, warning=True) for message in broken)
    yield from _missing(findings)


def _matching(claim: Claim, matches: Matches) -> Claim:
    """Return the claim with only the sets of studies that this study belongs to."""
    return claim._replace(studies=tuple(names for names in claim.studies if any(matches[name] for name in names)))


def _row(finding: Finding) -> tuple[object, ...]:
    outcome, claim = finding.outcome, finding.claim
    assert outcome is not None
    interval = f"{words.number(outcome.low)} … {words.number(outcome.high)}"
    return claim.text, finding.verdict, outcome.effect, interval, finding.p, outcome.n, claim.effect


def _missing(findings: Sequence[Finding]) -> Iterator[Block]:
    """Return the commands that complete the claims which are not run or have too few seeds."""
    commands = dict.fromkeys(command for finding in findings for command in finding.commands)
    if not commands:
        return
    counts = Counter(finding.study for finding in findings if finding.outcome is None)
    not_run = ", ".join(f"{study} ({count})" for study, count in counts.items())
    yield TextBlock(f"{f'Not run: claims on {not_run}. ' if not_run else ''}To complete these claims, run")
    yield SourceBlock("\n".join(commands))
    yield TextBlock("with --data DIR if the data are not volopt's default.")
