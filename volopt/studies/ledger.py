"""Count the trials of each point. The ledger reads the storage once and stays in memory, so that asking is fast."""

from collections import Counter, defaultdict

from volopt.definition.schema import Definition, Phase
from volopt.studies.attributes import ASKED_ALONE, GIVEN_UP, INTERRUPTED, Proposal
from volopt.studies.space import Params, Point, point


class Ledger:
    """Count the trials of a study by phase and by point.

    A trial that FAILs leaves its point *lost* until another trial takes the point. Failures of the training itself
    count: a point that failed more than ``retries`` times is given up, and stays lost even if a sampler proposes it
    again.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._taken: Counter[Point] = Counter()  # by RUNNING or COMPLETE trials
        self._failures: Counter[Point] = Counter()
        # By phase, oldest first: a lost point for each failed trial without a successor, unless given up.
        # Lost points are tried first, so there are few.
        self._lost: defaultdict[str, list[Params]] = defaultdict(list)
        self._given_up_trials: Counter[str] = Counter()  # by phase: failed trials without a successor, point given up
        self._running: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()  # by phase: COMPLETE and PRUNED trials
        self.complete: set[Point] = set()
        self.points: set[Point] = set()  # of all trials
        self.known: Counter[str] = Counter()  # by phase: proposals of points that the study already had
        self.generations: Counter[str] = Counter()  # by phase

    def start(self, phase: str, params: Params, proposal: Proposal = ASKED_ALONE) -> None:
        """Count a trial that runs."""
        self._taken[point(params)] += 1
        self.points.add(point(params))
        self.known[phase] += proposal.known
        self.generations[phase] = max(self.generations[phase], proposal.generation)
        self._running[phase] += 1
        if params in self._lost[phase]:
            self._lost[phase].remove(params)

    def finish(self, phase: str, params: Params, *, complete: bool) -> None:
        """Count a running trial as COMPLETE or PRUNED."""
        self._running[phase] -= 1
        self.finished[phase] += 1
        if complete:
            self.complete.add(point(params))
        else:
            self._taken[point(params)] -= 1

    def fail(self, phase: str, params: Params, reason: str) -> None:
        """Count a running trial as FAIL."""
        self._running[phase] -= 1
        self._taken[point(params)] -= 1
        self._failures[point(params)] += self._weight(reason)
        self._lost[phase].append(params)
        if self._is_given_up(params):
            self._give_up(params)

    def is_open(self, params: Params) -> bool:
        """Return whether a grid should still take this point."""
        return not self._taken[point(params)] and not self._is_given_up(params)

    def is_settled(self, params: Params) -> bool:
        """Return whether a point is COMPLETE or given up; it then stays so."""
        return point(params) in self.complete or self._is_given_up(params)

    def to_retry(self, phase: str) -> list[Params]:
        """Return the lost points of the phase that may be tried again, in the order in which they were lost."""
        return list(self._lost[phase])

    def proposed(self, phase: str) -> int:
        """Return how many points a phase has proposed so far, lost ones included."""
        return self.finished[phase] + self._running[phase] + len(self._lost[phase]) + self._given_up_trials[phase]

    def progress(self, phase: Phase, definition: Definition) -> tuple[int, int]:
        """Return how many trials of a phase are done, and its total.

        A grid's COMPLETE points are done, and another phase's COMPLETE and PRUNED trials, which may be more than it has
        to ask for: others can queue some.
        """
        if phase.is_grid:
            points = [point(params) for params in phase.points(definition)]
            return sum(each in self.complete for each in points), len(points)
        finished = self.finished[phase.name]
        return finished, max(phase.trials or 0, finished)

    def _give_up(self, given_up: Params) -> None:
        """Try a point no more in any phase."""
        for phase, lost in self._lost.items():
            self._given_up_trials[phase] += lost.count(given_up)
            self._lost[phase] = [params for params in lost if params != given_up]

    def _weight(self, reason: str) -> int:
        if reason.startswith(INTERRUPTED):
            return 0
        return self._retries + 1 if reason.startswith(GIVEN_UP) else 1

    def _is_given_up(self, params: Params) -> bool:
        return self._failures[point(params)] > self._retries
