"""What has become of every point: read from the storage once, then kept in memory, so that asking is fast."""

from collections import Counter, OrderedDict, defaultdict
from itertools import count

from volopt.studies.attributes import GIVEN_UP, INTERRUPTED
from volopt.studies.space import Params, Point, point


class Ledger:
    """Counts the trials of a study by phase and by point.

    A trial that FAILs leaves its point *lost* until another trial takes it. Failures by itself are counted: a point
    that failed more than ``retries`` times is given up, and stays lost even if it is proposed again.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._taken: Counter[Point] = Counter()  # by trials RUNNING or COMPLETE
        self._failures: Counter[Point] = Counter()
        self._trials = count()
        # By phase, and there by a number that grows: one for each trial not made up for, if its point is not given up.
        self._lost: defaultdict[str, OrderedDict[int, Params]] = defaultdict(OrderedDict)
        self._numbers: defaultdict[tuple[str, Point], list[int]] = defaultdict(list)  # of these, by phase and point
        self._hopeless: Counter[str] = Counter()  # trials not made up for whose point is given up
        self._running: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()  # COMPLETE and PRUNED trials of each phase
        self.complete: set[Point] = set()

    def start(self, phase: str, params: Params) -> None:
        """Note that a trial runs."""
        self._taken[point(params)] += 1
        self._running[phase] += 1
        numbers = self._numbers.get((phase, point(params)))
        if numbers:
            del self._lost[phase][numbers.pop(0)]

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
        number = next(self._trials)
        self._lost[phase][number] = params
        self._numbers[phase, point(params)].append(number)
        if self._given_up(params):
            self._give_up(point(params))

    def is_open(self, params: Params) -> bool:
        """Return whether a grid should still take this point."""
        return not self._taken[point(params)] and not self._given_up(params)

    def is_settled(self, params: Params) -> bool:
        """Return whether a point is COMPLETE or given up, as it then stays."""
        return point(params) in self.complete or self._given_up(params)

    def to_retry(self, phase: str) -> Params | None:
        """Return a lost point of the phase that may be tried again."""
        return next(iter(self._lost[phase].values()), None)

    def proposed(self, phase: str) -> int:
        """Return how many points a phase has had proposed so far, lost ones included."""
        return self.finished[phase] + self._running[phase] + len(self._lost[phase]) + self._hopeless[phase]

    def _give_up(self, given_up: Point) -> None:
        """Try a point no more, in whichever phases it was lost."""
        for phase, lost in self._lost.items():
            for number in self._numbers.pop((phase, given_up), ()):
                del lost[number]
                self._hopeless[phase] += 1

    def _weight(self, reason: str) -> int:
        if reason.startswith(INTERRUPTED):
            return 0
        return self._retries + 1 if reason.startswith(GIVEN_UP) else 1

    def _given_up(self, params: Params) -> bool:
        return self._failures[point(params)] > self._retries
