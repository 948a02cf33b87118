"""What has become of every point: read from the storage once, then kept in memory, so that asking is fast."""

from collections import Counter, defaultdict

from volopt.search.space import Params, Point, point

REASON = "reason"  # the user attribute of a trial that says why it FAILed
INTERRUPTED = "interrupted"  # begins the reason of a trial that did not fail by itself
GIVEN_UP = "given up"  # begins the reason of a trial that is not worth a retry


class Ledger:
    """Counts the trials of a study by phase and by point.

    A trial that FAILs leaves its point *lost* until another trial takes it. Failures by itself are counted: a point
    that failed more than ``retries`` times is given up, and stays lost even if it is proposed again.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._taken: Counter[Point] = Counter()  # by trials RUNNING or COMPLETE
        self._failures: Counter[Point] = Counter()
        self._lost: defaultdict[str, list[Params]] = defaultdict(list)  # one for each trial not made up for
        self._running: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()  # COMPLETE and PRUNED trials of each phase
        self.complete: set[Point] = set()

    def start(self, phase: str, params: Params) -> None:
        """Note that a trial runs."""
        self._taken[point(params)] += 1
        self._running[phase] += 1
        if params in self._lost[phase] and not self._given_up(params):
            self._lost[phase].remove(params)

    def finish(self, phase: str, params: Params, *, complete: bool) -> None:
        """Note that a running trial is COMPLETE or PRUNED."""
        self._running[phase] -= 1
        self.finished[phase] += 1
        if complete:
            self.complete.add(point(params))
        else:
            self._taken[point(params)] -= 1

    def fail(self, phase: str, params: Params, reason: str) -> None:
        """Note that a running trial is FAIL."""
        self._running[phase] -= 1
        self._taken[point(params)] -= 1
        self._failures[point(params)] += self._weight(reason)
        self._lost[phase].append(params)

    def is_open(self, params: Params) -> bool:
        """Return whether a grid should still take this point."""
        return not self._taken[point(params)] and not self._given_up(params)

    def to_retry(self, phase: str) -> Params | None:
        """Return a lost point of the phase that may be tried again."""
        return next((params for params in self._lost[phase] if not self._given_up(params)), None)

    def proposed(self, phase: str) -> int:
        """Return how many points a phase has had proposed so far, lost ones included."""
        return self.finished[phase] + self._running[phase] + len(self._lost[phase])

    def _weight(self, reason: str) -> int:
        if reason.startswith(INTERRUPTED):
            return 0
        return self._retries + 1 if reason.startswith(GIVEN_UP) else 1

    def _given_up(self, params: Params) -> bool:
        return self._failures[point(params)] > self._retries
