"""Fits and states on disk: a trial reads them when it begins, and an interrupted run leaves them.

A state is written at a rung if the last state is some seconds old, at the first rung after a resume, and for each
unfinished fit when a run is interrupted. A killed run therefore loses at most these seconds and one rung of each fit. A
state is deleted when its fit is finished or no longer needed. A damaged file counts as missing.
"""

import logging
import time

from volopt.search.trial_run import SeedRun
from volopt.storage.array_store import ArrayStore
from volopt.training.task import Fit, State

SECONDS = 5.0  # of training between two states of a fit

log = logging.getLogger(__name__)


class Checkpoints:
    """Store finished fits, and the states of unfinished ones."""

    def __init__(self, fits: ArrayStore, states: ArrayStore, seconds: float = SECONDS) -> None:
        self._fits, self._states, self._seconds = fits, states, seconds
        self._written: dict[str, float] = {}  # when the last state of each unfinished fit was written

    def load(self, seed: SeedRun) -> None:
        """Give a seed its finished fit, or the state from which it resumes."""
        self._written[seed.key] = time.monotonic()
        try:
            if fit := self._fits.get(seed.key):
                seed.finish(Fit.unpack(*fit))
            elif state := self._states.get(seed.key):
                seed.resume(State.unpack(*state))
                self._written.pop(seed.key)  # write at the next rung, so that a run that is interrupted often advances
                log.info("seed %d resumes at epoch %d", seed.task.seed, seed.epoch)
        except (KeyError, TypeError, ValueError):
            log.info("the stored file of seed %d is damaged; it is trained again", seed.task.seed)

    def save(self, seed: SeedRun, *, now: bool = False) -> None:
        """Store a finished fit, or a state that is due; with ``now``, a state at any time."""
        if seed.fit is not None:
            self._fits.put(seed.key, *seed.fit.pack())
            self.drop(seed)
        elif seed.state is not None and (now or self._is_due(seed)):
            self._states.put(seed.key, *seed.state.pack())
            self._written[seed.key], seed.has_state_file = time.monotonic(), True

    def drop(self, seed: SeedRun) -> None:
        """Delete the state of a fit."""
        self._written.pop(seed.key, None)
        if seed.has_state_file:
            self._states.drop(seed.key)

    def _is_due(self, seed: SeedRun) -> bool:
        return time.monotonic() - self._written.get(seed.key, 0.0) >= self._seconds
