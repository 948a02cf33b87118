"""The grid sampler: each point once, whatever happened before."""

from collections.abc import Callable, Mapping, Sequence

from optuna import Study
from optuna.samplers import GridSampler
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Scalar
from volopt.search.space import Params


class PointSampler(GridSampler):
    """Optuna's grid sampler, taking the first point that is still open.

    Optuna's own counts a FAILed point as visited, repeats the points of a changed or overlapping grid, rereads every
    trial at each ask, and stops the study after the last point.

    Args:
        grid: the values of each parameter; a parameter that stays has a list of one.
        is_open: whether a point is still to be taken.
        cost: points are taken in falling order of it, the longest first, so that no worker idles at the end.
    """

    def __init__(
        self,
        grid: Mapping[str, Sequence[Scalar]],
        is_open: Callable[[Params], bool],
        cost: Callable[[Params], float],
    ) -> None:
        super().__init__(grid)
        self._is_open = is_open
        self._all_grids.sort(key=repr)  # undo the shuffle
        self._all_grids.sort(key=lambda values: cost(self._params(values)), reverse=True)

    def next_point(self) -> int | None:
        """Return the id of the next open point, or None when none is left."""
        return next((i for i, values in enumerate(self._all_grids) if self._is_open(self._params(values))), None)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Give the trial the next open point."""
        target = self.next_point()
        if target is not None:
            study._storage.set_trial_system_attr(trial._trial_id, "search_space", self._search_space)
            study._storage.set_trial_system_attr(trial._trial_id, "grid_id", target)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Leave the study running: other phases follow."""

    def _params(self, values: Sequence[Scalar | None]) -> Params:
        return {name: value for name, value in zip(self._param_names, values, strict=True) if value is not None}
