"""The paper's claims, looked up in this study alone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from volopt.claims.claims import CLAIMS, Claim
from volopt.claims.findings import Finding, findings
from volopt.claims.lookup import StoredStudy, stored, together
from volopt.comparison.statistics import FEWEST_SEEDS
from volopt.figures import words
from volopt.figures.study_view import StudyView
from volopt.report.blocks import Block, SourceBlock, TableBlock, TextBlock, told

COLUMNS = ("claim", "verdict", "effect", "95 % interval", "p", "seeds", "the effect is")


def claims(subject: StudyView) -> Iterator[Block]:
    """Return the verdicts on the claims that this study can be asked about, and what the others take."""
    if subject.is_panel:
        yield TextBlock("The study is of a panel of instruments: the paper's claims are about networks for one stock.")
        return
    places = stored(subject.study._storage, [subject.name], subject.artifacts)
    asked = [each for each in (_of_these(claim, places) for claim in CLAIMS) if each.studies]
    if not asked:
        yield TextBlock(
            "The study trains other networks, or on another quantity, than the study files that ship with volopt: it "
            "is no evidence for or against the paper's claims."
        )
        return
    found = findings(partial(together, places), asked)
    for topic, group in groupby((each for each in found if each.outcome is not None), lambda each: each.claim.topic):
        yield TableBlock(f"{topic[0].upper()}{topic[1:]}", COLUMNS, [_row(each) for each in group])
    if any(each.outcome is not None for each in found):
        yield TextBlock(
            f"A verdict takes {FEWEST_SEEDS} seeds; with fewer, claims are inconclusive. Each p is corrected for the "
            "claims of its table (Holm)."
        )
    broken = dict.fromkeys(told(each.broken) for each in found if each.broken)
    yield from (TextBlock(each, warning=True) for each in broken)
    yield from _missing(found)


def _of_these(claim: Claim, places: dict[str, list[StoredStudy]]) -> Claim:
    """Return the claim with those sets of studies that this one belongs to."""
    return claim._replace(studies=tuple(names for names in claim.studies if any(places[name] for name in names)))


def _row(finding: Finding) -> tuple[object, ...]:
    found, claim = finding.outcome, finding.claim
    assert found is not None
    interval = f"{words.number(found.low)} … {words.number(found.high)}"
    return claim.text, finding.verdict, found.effect, interval, finding.p, found.n, claim.effect


def _missing(found: Sequence[Finding]) -> Iterator[Block]:
    not_run = Counter(each.study for each in found if each.outcome is None)
    commands = dict.fromkeys(command for each in found for command in each.commands)
    if not commands:
        return
    places = ", ".join(f"{study} ({count})" for study, count in not_run.items())
    told = f"Not run: claims on {places}. " if not_run else ""
    yield TextBlock(f"{told}What is not run, or has under {FEWEST_SEEDS} seeds, takes")
    yield SourceBlock("\n".join(commands))
    yield TextBlock("with --data DIR where the data are not volopt's default.")
