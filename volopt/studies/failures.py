"""Why trials of a study failed: counted by reason, whatever epoch or size each of them names."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import optuna
from optuna.trial import TrialState

from volopt.definition.plain import plain
from volopt.studies.attributes import INTERRUPTED, REASON

MOST = 5  # reasons in one sentence
ENDED = "the run was ended"  # the reason of those that bear none but that they were interrupted
_EPOCH = re.compile(r" in epoch \d+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


class Failures(NamedTuple):
    """The reasons of FAILed trials and how often each stands, the most frequent first."""

    own: list[tuple[str, int]]  # of trials that failed by themselves
    interrupted: list[tuple[str, int]]

    def sentences(self) -> list[str]:
        """Return them in plain words; nothing where nothing failed."""
        told = (
            (self.own, "failed by itself", "failed by themselves"),
            (self.interrupted, "was interrupted", "were interrupted"),
        )
        totals = [(sum(count for _, count in found), found, one, more) for found, one, more in told if found]
        return [f"{total} {one if total == 1 else more}: {_listed(found)}." for total, found, one, more in totals]


def failures(study: optuna.Study) -> Failures:
    """Return why trials of the study failed."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
    reasons = [str(trial.user_attrs.get(REASON, INTERRUPTED)) for trial in trials]
    interrupted = [reason for reason in reasons if reason.startswith(INTERRUPTED)]
    return Failures(
        _counted(reason for reason in reasons if not reason.startswith(INTERRUPTED)),
        _counted(reason.removeprefix(INTERRUPTED).removeprefix(": ") or ENDED for reason in interrupted),
    )


def _counted(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Return each reason with its count; those that differ in numbers alone are one, with … for these numbers."""
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for reason in reasons:
        text = _EPOCH.sub("", plain(reason.partition("\n")[0]))
        groups[_NUMBER.sub("…", text)][text] += 1
    found = [(next(iter(texts)) if len(texts) == 1 else masked, texts.total()) for masked, texts in groups.items()]
    return sorted(found, key=lambda each: (-each[1], each[0]))


def _listed(found: list[tuple[str, int]]) -> str:
    parts = [f"{reason} ({count})" for reason, count in found[:MOST]]
    if found[MOST:]:
        parts.append(f"other reasons ({sum(count for _, count in found[MOST:])})")
    return ", ".join(parts)
