"""Find the pairs of parameters that varied together in a phase, and arrange a grid's trials as cells."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from volopt.figures import words
from volopt.figures.axes import ParameterAxis, varying_parameters
from volopt.figures.chart import Axis, Cells, Mark, Subplot
from volopt.figures.scored_trials import ScoredTrial, worst_first
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.listing import PhaseMembership

MAX_PAIRS = 6  # subplots of a figure


class ParameterPair(NamedTuple):
    """Hold two parameters that varied together, and the trials of the phases that varied both, the best one last."""

    x: ParameterAxis
    y: ParameterAxis
    trials: Sequence[ScoredTrial]
    is_grid: bool  # whether these phases are all grids

    @property
    def numeric(self) -> bool:
        """Return whether both are numbers."""
        return self.x.numeric and self.y.numeric

    def subplot(self, marks: Sequence[Mark]) -> Subplot:
        """Return a subplot over the two parameters."""
        return Subplot(self.x.axis, self.y.axis, marks)

    def cells(self, values: Sequence[float], reduce: Callable[[Sequence[float]], float]) -> Subplot:
        """Return a subplot with a cell for each pair of values.

        Args:
            values: of the trials.
            reduce: returns the value of a cell from those of its trials.
        """
        x, y = self._names(self.x), self._names(self.y)
        inside: dict[tuple[str, str], list[float]] = defaultdict(list)
        for trial, value in zip(self.trials, values, strict=True):
            inside[words.number(trial.params[self.x.name]), words.number(trial.params[self.y.name])].append(value)
        rows = [[reduce(inside[left, up]) if (left, up) in inside else None for left in x] for up in y]
        axes = Axis(self.x.axis.title, "category", names=x), Axis(self.y.axis.title, "category", names=y)
        return Subplot(*axes, [Cells(x, y, rows)])

    def _names(self, parameter: ParameterAxis) -> list[str]:
        values = {trial.params[parameter.name] for trial in self.trials}
        ordered = sorted(values, key=float) if parameter.numeric else parameter.axis.names
        return [words.number(value) for value in ordered]


def parameter_pairs(view: StudyView, trials: Sequence[ScoredTrial]) -> list[ParameterPair]:
    """Return the pairs of parameters that varied together in a phase, the most important ones by PED-ANOVA first.

    Values of two parameters that varied in different phases only would compare the phases.

    Raises:
        NothingToPlotError: there is no such pair.
    """
    parameters = varying_parameters(view, trials)
    shares = _ped_anova(view, [parameter.name for parameter in parameters])
    names = [each.name for each in sorted(parameters, key=lambda each: -shares.get(each.name, 0.0))]
    by_phase = _by_phase(view, trials)
    pairs = [pair for two in combinations(names, 2) if (pair := _pair(view, two, by_phase))]
    if not pairs:
        obstacle = f"only {names[0]} varies in" if len(names) == 1 else "no two parameters vary together in a phase of"
        raise NothingToPlotError(
            f"{obstacle} {view.name}, and a pair needs two parameters", "draw the figure slice instead"
        )
    return pairs


def _by_phase(view: StudyView, trials: Sequence[ScoredTrial]) -> dict[str, list[ScoredTrial]]:
    """Return the trials of each phase; a point that grids share belongs to each of them."""
    membership = PhaseMembership(view.definition)
    phases: dict[str, list[ScoredTrial]] = defaultdict(list)
    for trial in trials:
        for name in membership.phases(dict(trial.params), trial.phase) or [trial.phase]:
            phases[name].append(trial)
    return phases


def _pair(
    view: StudyView, names: tuple[str, str], by_phase: Mapping[str, Sequence[ScoredTrial]]
) -> ParameterPair | None:
    """Return a pair with the trials of the phases in which both varied, or None if there is no such phase."""
    phases = [
        phase
        for phase, trials in by_phase.items()
        if all(len({trial.params[name] for trial in trials}) > 1 for name in names)
    ]
    if not phases:
        return None
    chosen = list({trial.number: trial for phase in phases for trial in by_phase[phase]}.values())
    axes = {parameter.name: parameter for parameter in varying_parameters(view, chosen)}
    grids = {phase.name for phase in view.definition.phases if phase.is_grid}
    return ParameterPair(axes[names[0]], axes[names[1]], worst_first(view, chosen), grids.issuperset(phases))


def _ped_anova(view: StudyView, names: Sequence[str]) -> dict[str, float]:
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # loads scikit-learn

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about few trials
        return get_param_importances(view.study, evaluator=PedAnovaImportanceEvaluator(), params=list(names))
