"""Which phases a trial counts in, and how far each phase is."""

from collections.abc import Mapping

from volopt.definition.schema import Definition, Phase, Scalar
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params, point


def stationary(phase: Phase, definition: Definition, best: Params) -> Params:
    """Return the parameters of ``[space]`` that stay where they are throughout a phase, with their values."""
    moving = phase.grid if phase.sampler == "grid" else phase.vary
    start = definition.baseline() | best | phase.fix
    return {key: start[key] for key in definition.space if key not in moving}


class PhaseMembership:
    """Which phases a trial counts in."""

    def __init__(self, definition: Definition) -> None:
        self._grids = {phase.name: _values(phase, definition) for phase in definition.phases if phase.sampler == "grid"}
        self._names = [phase.name for phase in definition.phases]

    def phases(self, params: Params, asked_by: str | None) -> list[str]:
        """Return the grids that hold the point, and the phase that asked for it."""
        return [name for name in self._names if name == asked_by or _holds(self._grids.get(name), params)]


def _values(phase: Phase, definition: Definition) -> dict[str, frozenset[Scalar]]:
    """Return the values that each key of ``[space]`` has in a grid."""
    stays = {key: frozenset([value]) for key, value in stationary(phase, definition, {}).items()}
    return stays | {key: frozenset(values) for key, values in phase.grid.items()}


def _holds(grid: Mapping[str, frozenset[Scalar]] | None, params: Params) -> bool:
    return grid is not None and params.keys() == grid.keys() and all(params[key] in grid[key] for key in grid)


def progress(phase: Phase, definition: Definition, ledger: Ledger) -> tuple[int, int]:
    """Return how many trials of a phase are done, and how many it has in all.

    Done are the COMPLETE points of a grid, and the COMPLETE and PRUNED trials of any other phase.
    """
    if phase.sampler == "grid":
        points = [point(params) for params in phase.points(definition)]
        return sum(each in ledger.complete for each in points), len(points)
    return ledger.finished[phase.name], phase.trials or 0
