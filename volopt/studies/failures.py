"""Why trials of a study failed: counted by reason, without the epochs and sizes that the reasons name."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import optuna
from optuna.trial import TrialState

from volopt.definition.plain_text import plain
from volopt.studies.attributes import INTERRUPTED, REASON

MAX_REASONS = 5  # in one sentence
RUN_ENDED = "the run was ended"  # the reason of trials that only say that they were interrupted
_EPOCH = re.compile(r" in epoch \d+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
Counts = list[tuple[str, int]]


class Failures(NamedTuple):
    """Count FAILed trials by reason, the most frequent first."""

    training: Counts  # trials whose training failed
    interrupted: Counts

    def sentences(self) -> list[str]:
        """Return the counts in plain words; no sentence where no trial failed."""
        groups = (
            (self.training, "trial failed", "trials failed"),
            (self.interrupted, "trial was interrupted", "trials were interrupted"),
        )
        totals = [(sum(count for _, count in counts), counts, one, more) for counts, one, more in groups if counts]
        return [f"{total} {one if total == 1 else more}: {_listed(counts)}." for total, counts, one, more in totals]


def failures(study: optuna.Study) -> Failures:
    """Return why trials of the study failed."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
    reasons = [str(trial.user_attrs.get(REASON, INTERRUPTED)) for trial in trials]
    interrupted = [reason for reason in reasons if reason.startswith(INTERRUPTED)]
    return Failures(
        _count(reason for reason in reasons if not reason.startswith(INTERRUPTED)),
        _count(reason.removeprefix(INTERRUPTED).removeprefix(": ") or RUN_ENDED for reason in interrupted),
    )


def _count(reasons: Iterable[str]) -> Counts:
    """Return each reason with its count. Reasons that differ only in numbers count as one, with … for these numbers."""
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for reason in reasons:
        text = _EPOCH.sub("", plain(reason.partition("\n")[0]))
        groups[_NUMBER.sub("…", text)][text] += 1
    counts = [(next(iter(texts)) if len(texts) == 1 else masked, texts.total()) for masked, texts in groups.items()]
    return sorted(counts, key=lambda item: (-item[1], item[0]))


def _listed(counts: Counts) -> str:
    parts = [f"{reason} ({count})" for reason, count in counts[:MAX_REASONS]]
    if counts[MAX_REASONS:]:
        parts.append(f"other reasons ({sum(count for _, count in counts[MAX_REASONS:])})")
    return ", ".join(parts)
