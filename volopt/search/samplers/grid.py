"""The grid sampler: each point once, whatever happened before."""

from collections.abc import Callable, Mapping, Sequence

from optuna import Study
from optuna.samplers import GridSampler
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Scalar
from volopt.studies.space import Params


class GridPointSampler(GridSampler):
    """Optuna's grid sampler, taking the first point that is still open.

    Optuna's own counts a FAILed point as visited, repeats the points of a changed or overlapping grid, rereads every
    trial at each ask, and stops the study after the last point.

    Args:
        grid: the values of each parameter; a parameter that stays has a list of one.
        is_open: whether a point is still to be taken.
        is_settled: whether a point can never be open again.
        cost: points are taken in falling order of it, the longest first, so that no worker idles at the end.
    """

    def __init__(
        self,
        grid: Mapping[str, Sequence[Scalar]],
        is_open: Callable[[Params], bool],
        is_settled: Callable[[Params], bool],
        cost: Callable[[Params], float],
    ) -> None:
        super().__init__(grid)
        self._is_open, self._is_settled = is_open, is_settled
        self._next = 0  # no point before this one is open, but for
        self._unsettled: list[int] = []  # those among them that may be so again: the running ones, in order
        self._all_grids.sort(key=repr)  # undo the shuffle
        self._all_grids.sort(key=lambda values: cost(self._params(values)), reverse=True)
        self.next_point()  # passes what is settled: the first ask is as quick as the others

    def next_point(self) -> int | None:
        """Return the id of the first open point, or None when none is left."""
        self._unsettled = [i for i in self._unsettled if not self._is_settled(self._point(i))]
        for i in self._unsettled:
            if self._is_open(self._point(i)):
                return i
        while self._next < len(self._all_grids):
            params = self._point(self._next)
            if self._is_open(params):
                return self._next
            if not self._is_settled(params):
                self._unsettled.append(self._next)
            self._next += 1
        return None

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Give the trial the next open point."""
        target = self.next_point()
        if target is not None:
            study._storage.set_trial_system_attr(trial._trial_id, "search_space", self._search_space)
            study._storage.set_trial_system_attr(trial._trial_id, "grid_id", target)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Leave the study running: other phases follow."""

    def _point(self, number: int) -> Params:
        return self._params(self._all_grids[number])

    def _params(self, values: Sequence[Scalar | None]) -> Params:
        return {name: value for name, value in zip(self._param_names, values, strict=True) if value is not None}
