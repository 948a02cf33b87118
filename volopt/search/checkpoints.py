"""Fits and states on disk: what a trial finds there as it begins, and what an interruption leaves there.

A state is written at a rung when the last one is some seconds old, at the first rung after going on, and of every fit
on its way when a run is interrupted in good order; so a killed run loses at most these seconds and a rung of each fit.
It is dropped when the fit is finished or not wanted any more. A kept file that is not what it should be is as good as
none.
"""

import logging
import time

from volopt.search.trial_run import SeedRun
from volopt.storage.array_store import ArrayStore
from volopt.training.task import Fit, State

SECONDS = 5.0  # of training that a killed run may lose in a fit, beside a rung

log = logging.getLogger(__name__)


class Checkpoints:
    """Keeps fits, finished and on their way."""

    def __init__(self, fits: ArrayStore, states: ArrayStore, seconds: float = SECONDS) -> None:
        self._fits, self._states, self._seconds = fits, states, seconds
        self._written: dict[str, float] = {}  # when, for each fit on its way

    def find(self, member: SeedRun) -> None:
        """Give a member its finished fit, or the state from which it goes on."""
        self._written[member.key] = time.monotonic()
        try:
            if fit := self._fits.get(member.key):
                member.take(Fit.unpack(*fit))
            elif state := self._states.get(member.key):
                member.resume(State.unpack(*state))
                self._written.pop(member.key)  # due at the next rung: who is interrupted again and again gets on
                log.info("seed %d goes on from epoch %d", member.task.seed, member.epoch)
        except (KeyError, TypeError, ValueError):
            log.info("the kept file of seed %d is broken; it is trained anew", member.task.seed)

    def keep(self, member: SeedRun, *, now: bool = False) -> None:
        """Keep a finished fit, or a state that is due; ``now`` whatever the time."""
        if member.fit is not None:
            self._fits.put(member.key, *member.fit.pack())
            self.drop(member)
        elif member.state is not None and (now or self._is_due(member)):
            self._states.put(member.key, *member.state.pack())
            self._written[member.key], member.kept = time.monotonic(), True

    def drop(self, member: SeedRun) -> None:
        """Keep the state of a fit no longer."""
        self._written.pop(member.key, None)
        if member.kept:
            self._states.drop(member.key)

    def _is_due(self, member: SeedRun) -> bool:
        return time.monotonic() - self._written.get(member.key, 0.0) >= self._seconds
