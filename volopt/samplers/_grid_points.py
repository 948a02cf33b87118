"""Take each point of a grid once, whatever happened before."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from volopt.optuna_internals import OrderedGridSampler

Params = dict[str, Any]


class GridPointSampler(OrderedGridSampler):
    """Take the first open point of a grid.

    Optuna's own grid sampler counts a FAILed point as visited, repeats points of a changed or overlapping grid, reads
    all trials again for each ask, and stops the study after the last point.

    Args:
        grid: the values of each parameter; a fixed parameter has a list of one.
        is_open: whether a point is still to be taken.
        is_settled: whether a point can never be open again.
        cost: of a point; it decides their order.
    """

    def __init__(
        self,
        grid: Mapping[str, Sequence[Any]],
        is_open: Callable[[Params], bool],
        is_settled: Callable[[Params], bool],
        cost: Callable[[Params], float],
    ) -> None:
        super().__init__(grid, cost)
        self._is_open, self._is_settled = is_open, is_settled
        self._next = 0  # no point before this one is open, except those in the next list
        self._unsettled: list[int] = []  # earlier points that may become open again: the running ones, in order
        self.next_point()  # passes the settled points now, so that the first ask is as quick as the others

    def next_point(self) -> int | None:
        """Return the index of the first open point, or None when no point is open."""
        self._unsettled = [index for index in self._unsettled if not self._is_settled(self.point(index))]
        for index in self._unsettled:
            if self._is_open(self.point(index)):
                return index
        while self._next < len(self):
            params = self.point(self._next)
            if self._is_open(params):
                return self._next
            if not self._is_settled(params):
                self._unsettled.append(self._next)
            self._next += 1
        return None

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Give the next open point to the trial."""
        index = self.next_point()
        if index is not None:
            self.assign(study, trial, index)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Leave the study running, because other phases follow."""
